"""Sphinx's extension of the handbook: equations as MathML, and what is read from the code as the page is built.

* `markdown`: text of ours as Markdown that shows as it is;
* `equations`: TeX as MathML, as the report has it;
* `names`: what code names, read from its syntax;
* `callers`: who computes with a function of the reference;
* `functions`: a function of the reference in place, its example run;
* `laws`: what a law says, needs, allows and catches, and how it fails;
* `papers`: from a paper's equation to laws, functions and mistakes;
* `vocabulary`: kinds of subjects, and what they may offer;
* `filenames`: over blocks of code, the file that they belong in;
* `imports`: the picture of who imports whom;
* `accessible`: what keyboards and screen readers need beside what the theme gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docs.directives import accessible, equations, filenames, functions, imports, laws, papers, vocabulary

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, Any]:
    """Register every directive, and the renderer of equations."""
    for module in (accessible, equations, filenames, functions, imports, laws, papers, vocabulary):
        module.register(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
