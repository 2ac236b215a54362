"""The pages are built, and nothing in them warns: no link that leads nowhere, no equation that cannot be set."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.exhaustive
def test_the_handbook_is_built_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-E", "-W", "-q", "-b", "html", str(DOCS), str(tmp_path)],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()
    assert dangling(tmp_path) == []


def dangling(folder: Path) -> list[str]:
    """Links between built pages to a file that is not there, or to a place that the page does not have."""
    pages = {path.resolve(): path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    places = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    found = []
    for path, text in pages.items():
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', text):
            if not re.match(r"https?:|mailto:", link):
                file, _, place = unquote(unescape(link)).partition("#")
                target = (path.parent / file).resolve() if file else path
                if not target.is_file() or (place and target in places and place not in places[target]):
                    found.append(f"{path.name}: {link}")
    return found


def test_dangling_links_are_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="x"><a href="#x">x</a><a href="b.html">b</a></p>', encoding="utf-8")
    assert dangling(tmp_path) == ["a.html: b.html"]
    (tmp_path / "b.html").write_text('<a class="c" href="a.html#y">y</a>', encoding="utf-8")
    assert dangling(tmp_path) == ["b.html: a.html#y"]
