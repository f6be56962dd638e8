"""A network while it learns, as a film."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from html import escape
from pathlib import Path
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from strates._atomic_write import atomic_write
from strates.displays.boundary_words import boundary_words
from strates.displays.display import Display
from strates.displays.style import style
from strates.displays.training_film_curves import LossPanel, MovesPanel, WeightsPanel
from strates.displays.training_film_figure import FilmPanels, film_images, film_size, settle
from strates.displays.training_film_files import as_gif, as_mp4, as_png, check_film_path
from strates.displays.training_film_panels import BoundaryPanel, RepresentationPanel, frame_words
from strates.displays.training_film_player import Picture, player_page
from strates.exceptions import ParameterError
from strates.inspection.plane import Plane
from strates.inspection.training_frames import TrainingFrames, training_frames

Progress = Callable[[int, int], None]

_PAGE_DPI, _GIF_DPI, _POSTER_DPI = 120, 100, 200


class TrainingFilm(Display):
    """The decision boundary, the last hidden layer, the loss and the weights through training, in synchrony.

    The plane of the boundary is laid once, and the last hidden layer of all frames is seen in the plane of the last
    frame's first two principal components, so that nothing moves but what the network has learned. Loss and accuracy
    are those of all rows given; of many rows some are drawn. In a notebook the film shows itself as a player.

    Parameters
    ----------
    frames : TrainingFrames
        What :func:`strates.inspection.training_frames` returned.
    fps : float, default=12
        Frames a second.

    Attributes
    ----------
    boundary_ : BoundaryPanel
        With the ``display`` of the boundary.
    representation_ : RepresentationPanel or None
        None for a network without hidden layers.
    loss_ : LossPanel
    weights_ : WeightsPanel or MovesPanel
        The matrix of the first layer, or, where it is too large to be seen, how far each layer's weights have moved.

    See Also
    --------
    strates.Recorder : What keeps the frames during a fit.

    Examples
    --------
    >>> from strates import MLPClassifier, Recorder
    >>> from strates.datasets import moons
    >>> from strates.displays import TrainingFilm
    >>> X, y = moons(100)
    >>> clf = MLPClassifier((4,), learning_rate="cosine", max_iter=30, random_state=0)
    >>> clf = clf.set_callbacks(Recorder(frames=5)).fit(X, y)
    >>> film = TrainingFilm.from_recording(clf, X, y)
    >>> len(film), film.words(0)
    (6, 'step 0, epoch 0: 32.0 % right')
    >>> film.plot(frame=2).loss_.title.get_text()[:5]
    'loss:'
    """

    title = "How the network learned"
    boundary_: BoundaryPanel
    representation_: RepresentationPanel | None
    loss_: LossPanel
    weights_: WeightsPanel | MovesPanel

    def __init__(self, frames: TrainingFrames, *, fps: float = 12) -> None:
        if not 0 < fps <= 100:
            raise ParameterError(f"fps={fps!r} cannot be used; expected frames a second, such as 12, 100 at most.")
        self.frames = frames
        self.fps = fps
        self._frame = len(frames) - 1

    @classmethod
    def from_recording(
        cls,
        recording: Any,
        X: Any,
        y: Any,
        *,
        validation_data: tuple[Any, Any] | None = None,
        plane: str | Plane = "auto",
        features: Sequence[Any] | None = None,
        resolution: int = 160,
        max_rows: int = 400,
        fps: float = 12,
    ) -> Self:
        """Take the frames of a fit.

        Parameters
        ----------
        recording : Recording, or classifier or pipeline fitted with a :class:`strates.Recorder`
        X : DataFrame or array of n_rows rows
            What the classifier or pipeline takes.
        y : array-like of shape (n_rows,)
            Their classes.
        validation_data, plane, features, resolution, max_rows
            As :func:`strates.inspection.training_frames` takes them.
        fps : float, default=12
            Frames a second.

        Returns
        -------
        TrainingFilm
            Not yet drawn.

        Raises
        ------
        ParameterError
            There is no recording, or a choice does not suit the rows.
        DataError
            The rows cannot be drawn.
        """
        found = training_frames(
            recording, X, y, validation_data=validation_data, plane=plane, features=features, resolution=resolution,
            max_rows=max_rows,
        )  # fmt: skip
        return cls(found, fps=fps)

    @classmethod
    def from_estimator(cls, est: Any, X: Any, y: Any, **options: Any) -> Self:
        """Take the frames of a fitted classifier or pipeline; see :meth:`from_recording`."""
        return cls.from_recording(est, X, y, **options)

    def __len__(self) -> int:
        return len(self.frames)

    # -- the drawing ----------------------------------------------------------------------------------

    def figure_size(self) -> tuple[float, float]:
        """Return a size that suits the shape of the plane."""
        return film_size(self.frames)

    def plot(self, ax: Axes | None = None, *, frame: int = -1) -> Self:
        """Draw one frame.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a fresh figure, which belongs to no window, by default.
        frame : int, default=-1
            Which; negative from the end.

        Returns
        -------
        TrainingFilm
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ParameterError
            There is no such frame.
        """
        self._frame = self._number(frame)
        super().plot(ax)
        if ax is None:
            settle(self.figure_)
        return self

    def show(self, frame: int) -> None:
        """Move what :meth:`plot` drew to another frame.

        Parameters
        ----------
        frame : int
            Which; negative from the end.

        Raises
        ------
        ParameterError
            There is no such frame, or nothing is drawn yet.
        """
        if not hasattr(self, "_panels"):
            raise ParameterError("There is no picture to change. Call plot() first.")
        self._frame = self._number(frame)
        with style():
            self._panels.show(self._frame)

    def _number(self, frame: int) -> int:
        if not -len(self) <= frame < len(self):
            raise ParameterError(
                f"frame={frame!r} does not exist; the film has {len(self)}, from 0 to {len(self) - 1}."
            )
        return range(len(self))[frame]

    def _draw(self, ax: Axes) -> None:
        self._panels = FilmPanels(ax, self.frames)
        self.boundary_, self.representation_ = self._panels.boundary, self._panels.representation
        self.loss_, self.weights_ = self._panels.loss, self._panels.weights
        self._panels.show(self._frame)

    # -- the pictures ---------------------------------------------------------------------------------

    def images(self, *, dpi: int = _GIF_DPI) -> Iterator[NDArray[np.uint8]]:
        """Draw frame after frame on one figure, and yield each as a picture.

        Parameters
        ----------
        dpi : int, default=100
            Dots an inch; the figure is 9 inches wide.

        Yields
        ------
        ndarray of shape (height, width, 3), uint8
            Red, green and blue.
        """
        for image, _ in film_images(self.frames, range(len(self)), dpi=dpi):
            yield image

    def words(self, frame: int) -> str:
        """Return what a frame is: step, epoch, and the share of the rows given that it has right."""
        return frame_words(self.frames, self._number(frame))

    def describe(self) -> str:
        """Return how loss and accuracy went, and what the boundary is in the end."""
        frames = self.frames
        verb = "fell" if frames.loss[-1] < frames.loss[0] else "went"
        said = [
            f"{len(self)} frames from step {frames.steps[0]:,} to step {frames.steps[-1]:,} (epoch "
            f"{frames.epochs[-1]:g}). On {frames.n_measured:,} rows the loss {verb} from {frames.loss[0]:.3g} to "
            f"{frames.loss[-1]:.3g}, and the share predicted right from {100 * frames.accuracy[0]:.1f} % to "
            f"{100 * frames.accuracy[-1]:.1f} %."
        ]
        if frames.validation_loss is not None:
            held_out = frames.validation_loss
            said.append(f"On rows held out the loss went from {held_out[0]:.3g} to {held_out[-1]:.3g}.")
        said.append(f"The boundary in the end: {boundary_words(frames.boundary, len(frames.boundary.points))}")
        moving = frames.representation
        if moving is not None and not moving.is_exact:
            said.append(
                f"{moving.name} ({moving.width} units) is seen in all frames in the plane of the last frame's first "
                f"two principal components, {100 * moving.shares[-1]:.0f} % of its variance in the end; the straight "
                "line is where its boundary cuts the parallel plane through each frame's mean."
            )
        return " ".join(said)

    # -- the film -------------------------------------------------------------------------------------

    def to_html(self, *, dpi: int = _PAGE_DPI, progress: Progress | None = None) -> str:
        """Return a page with a player, the frames inside: it needs no other file and no network.

        Parameters
        ----------
        dpi : int, default=120
            Dots an inch of the frames, which are 9 inches wide.
        progress : callable (done, total), default=None
            Told after each frame.

        Returns
        -------
        str
        """
        encoded = []
        with ThreadPoolExecutor(1) as encoder:  # while one frame is encoded the next is drawn
            for number, (image, gap) in enumerate(film_images(self.frames, range(len(self)), dpi=dpi)):
                words = f"{self.words(number)}, loss {self.frames.loss[number]:.3g}"
                encoded.append(encoder.submit(Picture.of, (image[:, :gap], image[:, gap:]), words))
                if progress is not None:
                    progress(number + 1, len(self))
        pictures = [one.result() for one in encoded]
        parts = ("Decision boundary and loss", "Last hidden layer and weights")
        if self.frames.representation is None:
            parts = ("Decision boundary", "Loss and weights")
        return player_page(pictures, parts=parts, fps=self.fps, title=self.title, description=self.describe())

    def save(
        self, path: str | os.PathLike[str], *, dpi: int | None = None, frame: int = -1, progress: Progress | None = None
    ) -> Path:
        """Write the film, whole or not at all, in the format that the name ends with.

        Parameters
        ----------
        path : path
            ".html" is the player, ".gif" and ".mp4" are films (the latter needs the program ffmpeg), ".png" is one
            frame.
        dpi : int, default=None
            Dots an inch of a frame, which is 9 inches wide; by default 120, of a GIF 100, of a PNG 200.
        frame : int, default=-1
            The frame of a PNG.
        progress : callable (done, total), default=None
            Told after each frame.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        ParameterError
            The name ends otherwise, ffmpeg is missing, or there is no such frame.
        OSError
            The folder is missing or cannot be written to; a file that was there stays as it was.
        """
        target = Path(path)
        suffix = check_film_path(target)
        if suffix == ".html":
            data = self.to_html(dpi=dpi or _PAGE_DPI, progress=progress).encode("utf-8", "replace")
        elif suffix == ".png":
            ((image, _),) = film_images(self.frames, [self._number(frame)], dpi=dpi or _POSTER_DPI)
            data = as_png(image)
        else:
            write, usual = (as_gif, _GIF_DPI) if suffix == ".gif" else (as_mp4, _PAGE_DPI)
            data = write(_counted(self.images(dpi=dpi or usual), len(self), progress), self.fps)
        atomic_write(target, data)
        return target

    def _repr_html_(self) -> str:
        # a frame of its own: neither the notebook's style nor its keys reach the player
        height = self.figure_size()[1]
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.to_html(), quote=True)}" '
            f'style="width:100%;max-width:980px;height:{round(100 * height + 150)}px;border:0"></iframe>'
        )

    _repr_svg_ = None  # type: ignore[assignment]  # a notebook shows the player


def _counted(images: Iterator[NDArray[np.uint8]], total: int, progress: Progress | None) -> Iterator[NDArray[np.uint8]]:
    for number, image in enumerate(images, start=1):
        yield image
        if progress is not None:
            progress(number, total)
