"""The images."""

from __future__ import annotations

from strates.displays.class_balance import ClassBalanceDisplay
from strates.inspection.image_summary import ImageSummary, Picture
from strates.report.content import ReportContent
from strates.report.section import Section, page_figure
from strates.report.wording import count

_TINY = 40  # pixels a side


def _sizes(images: ImageSummary) -> str:
    taken = f"{images.height} × {images.width} pixels{' in grey' if images.channels == 1 else ''}"
    (low, _, high), (narrow, _, wide) = images.heights, images.widths
    if (low, narrow) == (high, wide) == (images.height, images.width):
        return f"Each is {taken} (height × width)."
    if (low, narrow) == (high, wide):
        given = f"In its file each is {low} × {narrow}"
    else:
        given = f"In their files they are {low} to {high} pixels high and {narrow} to {wide} wide"
    how = "the middle, proportions kept" if images.crop_to_aspect_ratio else "the whole picture, stretched"
    return f"{given}; the network takes {taken} (height × width): {how}."


def _galleries(pictures: tuple[Picture, ...], images: ImageSummary) -> list[dict[str, object]]:
    counts = dict(zip(images.classes, images.counts, strict=True))
    labels = dict.fromkeys(one.label for one in pictures)
    return [
        {
            "label": label,
            "count": count(counts.get(label, 0), "image"),
            "pictures": [one for one in pictures if one.label == label],
        }
        for label in labels
    ]


def images_section(content: ReportContent) -> Section | None:
    """Return how many images there are of each class, of what size, and some of them; None for a table."""
    images = content.images
    if images is None:
        return None
    facts = [
        f"{count(images.n_images, 'image')} of {count(len(images.classes), 'class')}: the network learned from "
        f"{sum(images.counts):,}; {sum(images.test_counts):,} were held out and judge it.",
        _sizes(images),
    ]
    if images.n_skipped:
        facts.append(f"{count(images.n_skipped, 'file')} could not be read and {_was(images.n_skipped)} left out.")
    display = ClassBalanceDisplay(images.classes, images.counts, noun="image")
    galleries = _galleries(content.example_pictures, images)
    return Section(
        "images",
        "The images",
        "images.html.jinja",
        {
            "facts": facts,
            "figure": page_figure(display, "Images of each class to learn from."),
            "galleries": galleries,
            "tiny": all(max(one.height, one.width) <= _TINY for one in content.example_pictures),
            "n_left_out": len(images.classes) - len(galleries) if galleries else 0,
        },
    )


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
