"""What strates raises, and what it warns.

::

    StratesError
    ├── BackendError        (ImportError)         TensorFlow missing, Keras on another backend
    ├── ParameterError      (ValueError)          a constructor's argument that cannot be used
    ├── DataError           (ValueError)          data that cannot be learned from or predicted on
    │   ├── TargetError                           the column or array to predict
    │   ├── TableError                            a file that is not a readable table
    │   └── ImageError                            a file that is not a readable image
    ├── DivergenceError     (FloatingPointError)  the loss stopped being finite
    ├── OperationError      (ArithmeticError)     a number for which an operation is not defined
    ├── ModelFileError      (ValueError)          a ``.strates`` file that cannot be read
    │   └── UnsafeModelFileError                  ... because it holds what might run
    └── CheckpointError     (ValueError)          a checkpoint of another fit

    StratesWarning          (UserWarning)

Every error also is the builtin that fits it, so that ``except ValueError`` keeps working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class StratesError(Exception):
    """Root of the errors that strates raises on purpose."""


class BackendError(StratesError, ImportError):
    """TensorFlow is missing, or Keras runs on another backend."""


class ParameterError(StratesError, ValueError):
    """A parameter has a value that cannot be used."""


class DataError(StratesError, ValueError):
    """The data cannot be learned from, or predicted on."""


class TargetError(DataError):
    """The target is missing, continuous, or has too few classes or rows."""


class TableError(DataError):
    """A file is not a table that can be read."""


class ImageError(DataError):
    """A file is not an image that can be read."""


class DivergenceError(StratesError, FloatingPointError):
    """The loss or the weights stopped being finite numbers."""


class OperationError(StratesError, ArithmeticError):
    """An operation is not defined for the numbers it meets, or leaves what float64 can hold."""


class ModelFileError(StratesError, ValueError):
    """A model file is damaged, foreign, or from another version."""


class UnsafeModelFileError(ModelFileError):
    """A model file holds something that loading might execute."""


class CheckpointError(StratesError, ValueError):
    """A checkpoint belongs to another fit, or is damaged."""


class StratesWarning(UserWarning):
    """Something the user should know, which does not stop the work."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the sentence that helps after a mistyped name.

    Parameters
    ----------
    name : str
        What came.
    known : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        ``"Did you mean 'relu'? "`` when a name is near, followed by the names that exist (at most twelve are listed).

    Examples
    --------
    >>> did_you_mean("rleu", ["relu", "tanh"])
    "Did you mean 'relu'? Known: relu, tanh."
    """
    names = [str(k) for k in known]
    lowered = {k.lower(): k for k in reversed(names)}
    near = difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.5)
    hint = f"Did you mean {lowered[near[0]]!r}? " if near else ""
    shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return f"{hint}Known: {shown}."
