"""The worked examples in the docstrings are true, and every chapter of the reference has one."""

import doctest
import importlib
import pkgutil

import pytest

import unmask.implementations
import unmask.properties
import unmask.reference


def modules() -> list[str]:
    """Every module of ours, but for those that need Triton as they are imported."""
    packages = (unmask.implementations, unmask.properties, unmask.reference)
    found = [
        info.name for package in packages for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [package.__name__ for package in packages] + found


@pytest.mark.parametrize("name", modules())
def test_doctests(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != "triton":
            raise
        return
    results = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert results.failed == 0
    if name.startswith("unmask.reference.") and not hasattr(module, "__path__"):
        assert results.attempted > 0, f"{name} has no worked example"
