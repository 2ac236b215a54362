"""Sphinx's settings of the handbook: static pages that need no network."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "unmask"
language = "en"
extensions = ["myst_parser", "docs.directives"]
exclude_patterns = ["directives", "conf.py"]
html_theme = "furo"
html_title = "unmask: discrete diffusion, checked"
# Equations are set in STIX Two Math, which ziamath brings, so that they look alike everywhere.
FONT = files("ziamath") / "fonts" / "STIXTwoMath-Regular.ttf"
html_static_path = ["handbook.css", str(FONT)]
html_css_files = ["handbook.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_domain_indices = False
add_module_names = False
toc_object_entries = False
python_use_unqualified_type_names = True
pygments_style = "default"
myst_enable_extensions = ["dollarmath", "deflist", "attrs_block"]
myst_heading_anchors = 4
