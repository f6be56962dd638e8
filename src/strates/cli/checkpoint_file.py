"""Where a fit keeps its progress, and where an interrupted one left it."""

from __future__ import annotations

from pathlib import Path

from strates.cli.screen import Screen
from strates.exceptions import ParameterError


def find_checkpoint(out: Path, folder: Path | None, *, resume: bool, screen: Screen) -> Path | None:
    """Return the file of progress that ``--checkpoint`` and ``--resume`` ask for.

    A fit that finds the progress of the very same fit goes on from it, with or without ``--resume``; the option says
    where to look when no folder is given: in ``NAME.checkpoint``, and in the folders beside the model.

    Parameters
    ----------
    out : pathlib.Path
        The model file; the checkpoint bears its name.
    folder : pathlib.Path or None
        What ``--checkpoint`` gave; made when it is not there.
    resume : bool
    screen : Screen
        Told when there is nothing to resume.

    Returns
    -------
    pathlib.Path or None

    Raises
    ------
    ParameterError
        The folder cannot be made.
    """
    if folder is None and not resume:
        return None
    name = f"{out.stem}.checkpoint"
    path = _left_behind(out, name) if folder is None else folder.expanduser() / name
    if resume and not path.exists():
        screen.note(f"There is no progress to resume in {path.parent}: the fit starts from the beginning.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(
            f"--checkpoint {path.parent} cannot be made a folder: {error.strerror}. Choose another place."
        ) from error
    return path


def _left_behind(out: Path, name: str) -> Path:
    default = out.with_name(name) / name
    found = [path for path in sorted(out.parent.glob(f"*/{name}")) if path.is_file()]
    if len(found) > 1 and default not in found:
        raise ParameterError(
            f"--resume finds several checkpoints of this model: {', '.join(map(str, found))}. Say which with "
            "--checkpoint DIR."
        )
    return found[0] if found and default not in found else default


def forget_checkpoint(path: Path) -> None:
    """Remove the progress of a fit whose model is saved, and the folder that held nothing else."""
    path.unlink(missing_ok=True)
    for part in path.parent.glob(f".{path.name}.*.part"):  # what a kill in the middle of a saving left
        part.unlink(missing_ok=True)
    leave_no_empty_folder(path)


def leave_no_empty_folder(path: Path) -> None:
    """Remove the folder that was made for a progress, where there is none in it."""
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()
