"""Draw the pictures of the handbook: ``python -m examples.pictures docs/figures/handbook``."""

from __future__ import annotations

import sys
from pathlib import Path

from examples.pictures import chapters, draw


def main(arguments: list[str]) -> None:
    """Into a folder, all of them or those whose chapters are named after it."""
    folder, *chosen = arguments
    Path(folder).mkdir(parents=True, exist_ok=True)
    for chapter in chosen or chapters():
        draw(chapter, Path(folder) / f"{chapter}.svg")


if __name__ == "__main__":
    main(sys.argv[1:])
