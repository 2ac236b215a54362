"""What the theme leaves to be wished for by keyboards and screen readers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Parts of a page, as the theme has them by then.
PARTS = ("body", "furo_navigation_tree", "toctree")


def _mended(html: str) -> str:
    """Code and tables that scroll can be reached by keyboard, and captions of contents say which level they are of.

    Long names may go on in the next line behind an underscore.
    """
    html = re.sub(r"<pre(?![^>]*tabindex)", '<pre tabindex="0"', html)
    # On a phone those that are not stacked are wider than the page.
    html = re.sub(r'<table(?= class="docutils)(?![^>]*(?:tabindex|stacked))', '<table tabindex="0"', html)
    html = re.sub(r'(?<=<span class="pre">)\w+(?=</span></code>)', lambda name: name[0].replace("_", "_<wbr>"), html)
    return re.sub(r'(<p class="caption" role="heading")>', r'\1 aria-level="2">', html)


def _mend(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    for part in PARTS:
        if isinstance(context.get(part), str):
            context[part] = _mended(context[part])


def register(app: Sphinx) -> None:
    """After the theme has had its turn."""
    app.connect("html-page-context", _mend, priority=900)


__all__ = ["register"]
