"""Equations as MathML: they need no script, no font of their own and no network, and screen readers read them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging

from unmask.properties.report.mathml import mathml

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LOG = logging.getLogger(__name__)


def _inline(writer: Any, node: nodes.math) -> None:
    found = _converted(node.astext(), node).replace(' displaystyle="true"', "")
    writer.body.append(f'<span class="math">{found}</span>')
    raise nodes.SkipNode


def _block(writer: Any, node: nodes.math_block) -> None:
    # It scrolls by itself where a screen is narrow, by keyboard too.
    found = _converted(node.astext(), node)
    writer.body.append(f'<div class="equation" tabindex="0" role="math">{found}</div>')
    raise nodes.SkipNode


def _converted(tex: str, node: nodes.Element) -> str:
    found = mathml(tex)
    if found is None:
        _LOG.warning("this TeX has no MathML: %s", tex, location=node)
        return f"<code>{escape(tex)}</code>"
    return found


def register(app: Sphinx) -> None:
    """The renderer ``mathml``."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
