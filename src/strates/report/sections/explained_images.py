"""Where in an image the network finds what it answers by."""

from __future__ import annotations

from strates.report.content import ReportContent
from strates.report.section import Section
from strates.report.wording import count, percent


def explained_images_section(content: ReportContent) -> Section | None:
    """Return some held-out images beside their Grad-CAM maps, the mistakes first; None where there are none."""
    shown = content.explained_pictures
    if not shown:
        return None
    wrong, right = (tuple(one for one in shown if one.is_right is kind) for kind in (False, True))
    said = [count(len(wrong), "mistake")] if wrong else []
    if right:
        said.append(count(len(right), "other image" if wrong else "image") + ", drawn at random")
    facts = [
        f"{' and '.join(said).capitalize()}. Blue is where the last convolution finds features that speak for the "
        "class that the network gives the image (Grad-CAM); the deeper, the more, each image on a scale of its own.",
        "Look whether it is the thing itself or what stands around it. The map is as coarse as that layer, and tells "
        "where, not what.",
    ]
    groups = [("Mistakes", wrong), ("Right", right)]
    return Section(
        "explained",
        "Where it looks",
        "explained_images.html.jinja",
        {
            "facts": facts,
            "groups": [
                {"title": title, "cards": [(one, percent(one.probability)) for one in group]}
                for title, group in groups
                if group
            ],
        },
    )
