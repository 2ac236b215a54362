"""Over each block of code that belongs in a file, its name, which Markdown keeps beside the language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: A fence that names a file, and says ``replace`` where its lines change others.
_FENCE = re.compile(r"^```(?P<language>\w+) (?P<file>\w+\.\w+)(?P<replace> replace)?$", re.MULTILINE)
CHANGED = "above the line as it was, below it as it is now"


def captioned(markdown: str) -> str:
    r"""The page with a caption over each block that names a file.

    >>> print(captioned("```python mine.py\nx = 1\n```"))
    ```{code-block} python
    :caption: "`mine.py`"
    <BLANKLINE>
    x = 1
    ```
    """

    def fence(found: re.Match[str]) -> str:
        caption = f"`{found['file']}`{f', {CHANGED}' if found['replace'] else ''}"
        return f'```{{code-block}} {found["language"]}\n:caption: "{caption}"\n'

    return _FENCE.sub(fence, markdown)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = captioned(source[0])


def register(app: Sphinx) -> None:
    """Before a page is parsed."""
    app.connect("source-read", _read)


__all__ = ["captioned", "register"]
