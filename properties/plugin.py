"""The pytest plugin: options, the laws table at the end of every run, and the report files.

It acts only on tests made by :func:`~unmask.properties.engine.conformance.conformance` or by
``--pyargs unmask.properties.run``; the Hypothesis settings of other tests are never touched.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("unmask", "laws of discrete diffusion")
    group.addoption(
        "--method",
        action="append",
        default=[],
        metavar="PKG.MOD:NAME",
        help="method to hold against every law (repeatable)",
    )
    group.addoption("--law", action="append", default=[], metavar="NAME", help="only this law (repeatable)")
    group.addoption("--device", default="cpu", help="device that methods compute on (default: cpu)")
    group.addoption(
        "--dtype", default="float64", choices=("float64", "float32", "bfloat16"), help="dtype that methods compute in"
    )
    group.addoption(
        "--budget",
        default="ci",
        choices=("quick", "ci", "nightly"),
        help="how many examples a law gets (default: ci; quick leaves out what waits for rare events)",
    )
    group.addoption("--report", default=None, metavar="DIR", help="write laws.json and index.html there")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RECORDS] = {}
    if hasattr(config, "workerinput") or os.environ.get("PYTEST_XDIST_WORKER"):
        import torch

        # Two workers on two cores: more threads only wait for each other.
        torch.set_num_threads(1)


_RECORDS: pytest.StashKey[dict[tuple[str, str], Any]] = pytest.StashKey()


def _option(config: pytest.Config, name: str) -> Any:
    return config.getoption(name)


@pytest.fixture(scope="session")
def unmask_run(pytestconfig: pytest.Config) -> Any:
    """How this session runs the laws, from its command line and environment."""
    from unmask.properties.engine.run import Run

    return Run.of_environment(
        _option(pytestconfig, "--dtype"), _option(pytestconfig, "--device"), _option(pytestconfig, "--budget")
    )


# ``unmask`` is a namespace package: left to itself, pytest would import ``run.py`` a second time, under a name without
# it, and the laws with it.  These two hooks make it import the one module that there is.
_HERE = Path(__file__).parent


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return pytest.Dir.from_parent(parent, path=path) if path == _HERE else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    return _Run.from_parent(parent, path=module_path) if module_path == _HERE / "run.py" else None


class _Run(pytest.Module):
    def _getobj(self) -> ModuleType:
        return importlib.import_module("unmask.properties.run")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if getattr(metafunc.module, "__name__", None) != "unmask.properties.run":
        return
    from unmask.properties.engine.plan import Absent, plan

    pairs = [
        pytest.param(law, method, id=f"{method.name}-{law.name}")
        for method in _methods(metafunc.config)
        for law in _laws(metafunc.config)
        if not isinstance(plan(law, method), Absent)
    ]
    metafunc.parametrize(("law", "method"), pairs)


def _methods(config: pytest.Config) -> list[Any]:
    from unmask.properties.engine.search import check_known
    from unmask.properties.subjects.addresses import load_subjects

    addresses = _option(config, "--method")
    if not addresses:
        raise pytest.UsageError("name a method to hold against the laws: --method package.module:NAME")
    try:
        methods = [method for address in addresses for method in load_subjects(address)]
        for method in methods:
            check_known(method)
    except ValueError as problem:
        raise pytest.UsageError(str(problem)) from problem
    names = [m.name for m in methods]
    if len(set(names)) != len(names):
        raise pytest.UsageError(
            f"--method: two methods have the same name: {sorted({n for n in names if names.count(n) > 1})}"
        )
    return methods


def _laws(config: pytest.Config) -> list[Any]:
    from unmask.properties import LAWBOOK

    try:
        named = [LAWBOOK[name] for name in _option(config, "--law")]
        return named or [law for law in LAWBOOK if not _left_out(config, law)]
    except KeyError as problem:
        raise pytest.UsageError(f"--law: {problem.args[0]}") from problem


def _left_out(config: pytest.Config, law: Any) -> bool:
    """Whether a law is too slow for the budget of this run, and was not asked for by name."""
    return law.drawn.rare and _option(config, "--budget") == "quick" and not _option(config, "--law")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # xdist sends reports, not items, to the controller: the record travels among the user properties.
    config = _the_config
    if report.when != "call" or config is None:
        return
    for key, value in report.user_properties:
        if key == "unmask":
            from unmask.properties.report import Record

            record = Record.from_json(cast(dict[str, Any], value))
            config.stash[_RECORDS][record.law, record.method] = record


_the_config: pytest.Config | None = None


def pytest_sessionstart(session: pytest.Session) -> None:
    global _the_config
    _the_config = session.config


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash[_RECORDS]
    if not found:
        return
    from unmask.properties import LAWBOOK
    from unmask.properties.report import limits_summary, print_laws_table, write_report
    from unmask.properties.report.coverage import print_coverage

    records = complete(found, config)
    terminalreporter.ensure_newline()
    terminalreporter.section("laws", sep="=")
    print_laws_table(records, file=terminalreporter._tw._file)
    offered = _offered(config)
    if len(offered) > 1:
        print_coverage(list(offered.values()), file=terminalreporter._tw._file)
    if any(record.fits for record in records):
        terminalreporter.write_line("limits, each at its rate")
        for line in limits_summary(records):
            terminalreporter.write_line(f"  {line}")
    left_out = [law.name for law in LAWBOOK if _left_out(config, law)]
    if left_out:
        terminalreporter.write_line(f"not in the quick budget, but with --budget ci: {', '.join(left_out)}")
    if _option(config, "--report"):
        from unmask.properties.report.traceability import write_traceability

        where = Path(_option(config, "--report"))
        write_report(records, where, environment=environment(config))
        write_traceability(where / "traceability.json")
        terminalreporter.write_line(f"report: {where / 'index.html'} and {where / 'laws.json'}")


def _offered(config: pytest.Config) -> dict[str, Any]:
    """The methods named on the command line; none if they cannot be loaded."""
    from unmask.properties.subjects.addresses import load_subjects

    try:
        return {m.name: m for address in _option(config, "--method") for m in load_subjects(address)}
    except ValueError:
        return {}


def complete(found: dict[tuple[str, str], Any], config: pytest.Config) -> list[Any]:
    """All laws by all methods seen, in the lawbook's order, the absent ones included."""
    from unmask.properties import LAWBOOK
    from unmask.properties.engine.plan import plan
    from unmask.properties.report import Record

    names = list(dict.fromkeys(method for _, method in found))
    offered = _offered(config)
    names = [n for n in offered if n in names] + [n for n in names if n not in offered]
    records = []
    laws = [law for law in LAWBOOK if not _option(config, "--law") or law.name in _option(config, "--law")]
    laws = [law for law in laws if not _left_out(config, law)]
    for law in laws:
        for name in names:
            record = found.get((law.name, name))
            if record is None:
                why = getattr(plan(law, offered[name]), "reason", "") if name in offered else "not run"
                record = Record(
                    law.name,
                    name,
                    law.told.chapter,
                    "absent",
                    law.told.statement,
                    law.told.tex,
                    law.told.cites,
                    law.told.mutants,
                    None,
                    0,
                    0.0,
                    reason=why,
                )
            records.append(record)
    return records


def environment(config: pytest.Config) -> dict[str, str]:
    """What the report says about the machine and the run."""
    from importlib.metadata import PackageNotFoundError, version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    run = {name: str(_option(config, f"--{name}")) for name in ("dtype", "device", "budget")}
    fixed = os.environ.get("CI") and run["budget"] != "nightly"
    return {
        "unmask": of("unmask"),
        "python": platform.python_version(),
        "torch": of("torch"),
        "hypothesis": of("hypothesis"),
        **run,
        "cases": "the same every time" if fixed else "drawn afresh",
        "platform": f"{sys.platform} {platform.machine()}",
    }
