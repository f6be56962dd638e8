"""``python -m strates``: the command line."""

from __future__ import annotations

from strates.cli import main

if __name__ == "__main__":
    main()
