"""LaTeX equations as presentation MathML that is safe to put in a page."""

from __future__ import annotations

from functools import lru_cache
from xml.etree import ElementTree

from latex2mathml.converter import convert

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'  # HTML knows <math> without it

# fmt: off
_ELEMENTS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "msub", "msup", "msubsup", "munder", "mover",
    "munderover", "mfrac", "msqrt", "mroot", "mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom",
})
_ATTRIBUTES = frozenset({
    "accent", "accentunder", "depth", "displaystyle", "fence", "form", "height", "largeop", "linethickness",
    "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "rspace", "scriptlevel", "separator",
    "stretchy", "symmetric", "width",
})
# fmt: on

# MathML Core knows lengths only; the names of MathML 3 would be ignored or misread.
_NAMED_SPACES = frozenset({"negativethinmathspace", "negativemediummathspace", "negativethickmathspace"})

# What TeX does by itself and MathML renderers do not: tight operators in scripts, signs told from
# differences, a thin space after a function's name.
_SCRIPTED = frozenset({"msub", "msup", "msubsup", "munder", "mover", "munderover"})
# Relations that the converter takes for identifiers.
_RELATIONS = {"~": "∼", "⟹": "⟹", "⟸": "⟸", "⟺": "⟺", "⟶": "⟶"}
_SIGNS = frozenset({"-", "−", "+"})
_FUNCTIONS = frozenset({"log", "exp", "max", "min", "sup", "inf", "ln", "sin", "cos", "det", "lim", "arg"})


@lru_cache(maxsize=1024)
def mathml(tex: str) -> str | None:
    """``tex`` as a ``<math>`` element, or ``None`` where it cannot be converted (or is empty).

    The converter copies text between braces without escaping it, so what it returns is parsed and built anew
    from the elements and attributes of presentation MathML: nothing else can reach the page.
    """
    if not tex.strip():
        return None
    try:
        clean = _rebuilt(ElementTree.fromstring(convert(tex, display="block").replace(_NAMESPACE, "")))
    except Exception:  # the converter raises bare Exceptions for LaTeX that it cannot read
        return None
    # A style of its own instead of display="block", which browsers center.
    clean.set("displaystyle", "true")
    return ElementTree.tostring(clean, encoding="unicode")


def _rebuilt(node: ElementTree.Element, script: bool = False) -> ElementTree.Element:
    text = (node.text or "").strip("\n")
    if node.tag not in _ELEMENTS or text.startswith("\\") or (node.tail or "").strip():
        raise ValueError(f"not MathML: {node.tag} {text!r}")  # a command that the converter does not know, say
    built = ElementTree.Element(node.tag, {k: v for k, v in node.attrib.items() if k in _ATTRIBUTES})
    built.text = text
    if node.tag == "mo" and script and len(text) == 1:
        built.attrib |= {"lspace": "0", "rspace": "0"}
    elif node.tag == "mi" and text in _RELATIONS:
        built.tag, built.text = "mo", _RELATIONS[text]
        built.attrib |= {"lspace": "0.28em", "rspace": "0.28em"}
    elif text == "∣":
        built.attrib |= {"lspace": "0.18em", "rspace": "0.18em"}  # conditioning, not divisibility
    before: ElementTree.Element | None = None
    for index, child in enumerate(node):
        if child.get("width") in _NAMED_SPACES:
            continue
        if before is not None and _is_function(before) and not _opens(child):
            built.append(ElementTree.Element("mspace", {"width": "0.167em"}))
        inner = _rebuilt(child, script or (node.tag in _SCRIPTED and index > 0))
        if inner.tag == "mo" and inner.text in _SIGNS and (before is None or _awaits_operand(before)):
            inner.attrib |= {"form": "prefix", "lspace": "0", "rspace": "0"}
        built.append(inner)
        before = child
    return built


def _is_function(node: ElementTree.Element) -> bool:
    return node.tag == "mi" and (node.text or "") in _FUNCTIONS


def _opens(node: ElementTree.Element) -> bool:
    return node.tag in ("mo", "mspace") or (node.tag == "mrow" and len(node) > 0 and node[0].tag == "mo")


def _awaits_operand(node: ElementTree.Element) -> bool:
    return node.tag == "mo" and (node.text or "") not in {")", "]", "}", "|", "∣", "‖", "′", "!"}
