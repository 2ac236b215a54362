"""The plugin of pytest: how the laws are asked, a few lines about them at the end, and the report.

It acts on the test classes that :func:`unmask.properties.conformance` makes, on tests that use the fixture
``unmask_run``, and on subjects that ``--unmask-method`` names.  It is loaded into every run of pytest wherever the
suite is installed: where none of that is there it imports nothing, says nothing, and takes no option but its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zlib import crc32

import pytest

from unmask.cli.usage import UsageProblem

if TYPE_CHECKING:
    from unmask.properties.engine.lawbook import Law
    from unmask.properties.engine.run import Run
    from unmask.properties.report import Record
    from unmask.properties.subjects.subject import Subject

_NOT_RUN = "not run"
_DEFAULTS = {"dtype": "float64", "device": "cpu", "budget": "ci", "report": ""}
#: Of subjects that get a line each at the end.
_MOST_SUBJECTS = 4


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("unmask", "unmask: laws of discrete diffusion")
    group.addoption(
        "--unmask-method", action="append", default=[], metavar="PKG.MOD:NAME",
        help="hold this subject against the laws, without a test file (repeatable)",
    )  # fmt: skip
    group.addoption("--unmask-law", action="append", default=[], metavar="NAME", help="ask only this law (repeatable)")
    group.addoption("--unmask-dtype", metavar="DTYPE", help="what subjects compute in (default: float64)")
    group.addoption("--unmask-device", metavar="DEVICE", help="what subjects compute on (default: cpu)")
    group.addoption(
        "--unmask-budget", metavar="brief|quick|ci|nightly", help="how many examples each law gets (default: ci)"
    )
    group.addoption(
        "--unmask-seed", type=int, metavar="N",
        help="draw the cases of this seed (default: others each time, and the same where CI is set)",
    )  # fmt: skip
    group.addoption("--unmask-report", metavar="DIR", help="write index.html and laws.json there")
    group.addoption("--unmask-json", metavar="FILE", help="write all records there")
    for name in _DEFAULTS:
        parser.addini(f"unmask_{name}", f"the default of --unmask-{name}", default="")


def _option(config: pytest.Config, name: str) -> str:
    """The command line's word, or the environment's, or the configuration file's."""
    asked = config.getoption(f"--unmask-{name}")
    return str(asked or os.environ.get(f"UNMASK_{name.upper()}") or config.getini(f"unmask_{name}") or _DEFAULTS[name])


def _asked_seed(config: pytest.Config) -> int | None:
    asked: int | None = config.getoption("--unmask-seed")
    return asked


def _seed(config: pytest.Config) -> int | None:
    """The seed asked for, or one for all processes of this run, which must not differ in what they draw.

    ``None`` where CI is set: the same cases every time.
    """
    asked = _asked_seed(config)
    if asked is not None or os.environ.get("CI"):
        return asked
    name = str(getattr(config, "workerinput", {}).get("testrunuid", "")) or uuid4().hex
    return crc32(name.encode()) % 2**20


def _named(config: pytest.Config, what: str) -> list[str]:
    """All subjects, or laws, that the command line names."""
    named: list[str] = config.getoption(f"--unmask-{what}") or []
    return named


def pytest_configure(config: pytest.Config) -> None:
    session = _Session(config)
    config.pluginmanager.register(session, "unmask-session")
    if not _is_worker(config) and any(config.getoption(f"--unmask-{name}") for name in (*_DEFAULTS, "method", "law")):
        session.prepare()
    if _named(config, "method") and config.args_source != pytest.Config.ArgsSource.ARGS:
        # Who names a subject, and no file, means the subject alone.
        config.args[:] = []


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _in_several_processes(config: pytest.Config) -> bool:
    """Whether xdist starts others, which collect, while this one reads no test file."""
    return bool(getattr(config.option, "numprocesses", None) or getattr(config.option, "tx", None))


@pytest.fixture(scope="session")
def unmask_run(pytestconfig: pytest.Config) -> Run:
    """How this session asks the laws, from its command line and environment."""
    session: Any = pytestconfig.pluginmanager.get_plugin("unmask-session")
    run: Run = session.run
    if _is_worker(pytestconfig):
        from unmask.cli import suite

        suite.one_thread()
    return run


class _Session:
    """What one run of pytest has to do with the laws."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self._run: Run | None = None
        #: By law and subject: what was found, and what stands there where nothing was.
        self.found: dict[tuple[str, str], Record] = {}
        self.expected: dict[tuple[str, str], Record] = {}
        self.subjects: list[Subject] = []
        self.problem = ""

    @property
    def run(self) -> Run:
        """How the laws are asked."""
        from unmask.cli.requests import chosen_run

        if self._run is None:
            with _usage_errors():
                self._run = chosen_run(
                    _option(self.config, "dtype"),
                    _option(self.config, "device"),
                    _option(self.config, "budget"),
                    _seed(self.config),
                )
        return self._run

    def prepare(self) -> list[Subject]:
        """Find, or refuse, what the command line names."""
        from unmask.cli.requests import chosen_laws, plan, subjects_at

        names = _named(self.config, "law")
        with _usage_errors():
            subjects = subjects_at(_named(self.config, "method"))
            if names and (subjects or _in_several_processes(self.config)):
                chosen_laws(names, None)  # else asked once the test files are read, which may state laws themselves
            if subjects:
                plan(subjects, names, None, self.run)
            # Asked for its refusals.
            _ = self.run
        return subjects

    def refuse_laws_that_nobody_offers(self) -> None:
        """Refuse a law that the command line names, if no subject that was collected can be asked."""
        if not (self.expected and _named(self.config, "law")):
            return
        from unmask.cli.requests import refuse_unless_asked

        for name in _named(self.config, "law"):
            reasons = {m: record.reason for (law, m), record in self.expected.items() if law == name}
            refuse_unless_asked(name, {m: None if reason == _NOT_RUN else reason for m, reason in reasons.items()})

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the subjects that the command line names, and leave out the laws that it does not."""
        named = self.prepare() if _named(self.config, "method") else []
        held = {id(m): m for m in (*named, *filter(None, map(_subject_of, items)))}
        only = _named(self.config, "law")
        if not (held or only or any("unmask_run" in getattr(item, "fixturenames", ()) for item in items)):
            return
        from unmask.cli import suite
        from unmask.cli.requests import chosen_laws

        with _usage_errors():
            laws = chosen_laws(only, None)
        run = self.run
        self.subjects = list(held.values())
        for subject in self.subjects:
            for law in (law for law in laws if suite.concerns(law, subject)):
                reason = suite.why_absent(law, subject, run)
                self.expected[law.name, subject.name] = suite.absent(law, subject, reason or _NOT_RUN)
        if not _is_worker(self.config):
            with _usage_errors():
                self.refuse_laws_that_nobody_offers()
        if only:
            kept = [item for item in items if _law_of(item) in (None, *only)]
            if gone := [item for item in items if item not in kept]:
                self.config.hook.pytest_deselected(items=gone)
            items[:] = kept
        items += [
            _LawItem.of(session, law, m)
            for law in suite.most_general_first(laws)
            for m in named
            if (law.name, m.name) in self.expected and self.expected[law.name, m.name].reason == _NOT_RUN
        ]

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a record; xdist sends reports, not items, so that it travels among the properties of the test."""
        for key, value in report.user_properties if report.when == "call" else ():
            if key == "unmask" and isinstance(value, dict):
                from unmask.cli import suite

                record = suite.record_from_json(value)
                self.found[record.law, record.method] = record

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """From a process of xdist, send along what was not asked, and why; whoever has started it judges that."""
        if not _is_worker(self.config):
            try:
                self.refuse_laws_that_nobody_offers()
            except UsageProblem as problem:
                self.problem = str(problem)
                session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if _is_worker(self.config):
            output: dict[str, Any] = vars(self.config)["workeroutput"]
            output["unmask"] = [record.to_json() for record in self.expected.values()]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take it."""
        sent = (getattr(node, "workeroutput", None) or {}).get("unmask")
        if sent and not self.expected:
            from unmask.cli import suite

            records = [suite.record_from_json(values) for values in sent]
            self.expected = {(record.law, record.method): record for record in records}

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A few lines if laws were asked; with ``-v`` every law."""
        if self.problem:
            terminalreporter.write_line(f"ERROR: unmask: {self.problem}", red=True)
        if not self.found:
            return
        from unmask.cli import suite, summary

        records = self._records()
        write = terminalreporter.write_line
        terminalreporter.ensure_newline()
        run = self.run
        # Processes of xdist draw by the run's name, which this one does not know.
        known = run.seed is not None and (
            _asked_seed(self.config) is not None or not _in_several_processes(self.config)
        )
        cases = f", seed {run.seed}" if known else ""
        # What was computed in: a subject may not have the dtype that was asked for.
        dtypes = dict.fromkeys(subject.precision(run.precision) for subject in self.subjects) or [run.precision]
        terminalreporter.section(f"laws: {' and '.join(dtypes)} on {run.device}, budget {run.budget}{cases}", sep="-")
        if self.config.get_verbosity() > 0:
            suite.print_table(records, self.subjects, terminalreporter._tw._file)
        by_subject = summary.tallies(records)
        for line in summary.subject_lines(by_subject, _MOST_SUBJECTS):
            write(line)
        for line in suite.misspelt_lines(self.subjects):
            write(line)
        if len(by_subject) <= _MOST_SUBJECTS:
            for line in summary.reason_lines(records, "-v, --unmask-json", most=3):
                write(line)
        if report := _option(self.config, "report"):
            suite.write_report(records, Path(report), run, self.subjects)
            write(f"report: {Path(report) / 'index.html'} and {Path(report) / 'laws.json'}")
        if file := self.config.getoption("--unmask-json"):
            suite.write_json(records, Path(file))

    def _records(self) -> list[Record]:
        """What was found, and what was not asked, in the order of the book of laws."""
        from unmask.cli import suite

        everything = self.expected | self.found
        places = {law.name: place for place, law in enumerate(suite.laws())}
        subjects = {name: place for place, name in enumerate(dict.fromkeys(subject for _, subject in everything))}
        return sorted(everything.values(), key=lambda r: (places.get(r.law, len(places)), subjects[r.method]))


class _LawItem(pytest.Item):
    """One law of one subject, as a test without a file."""

    def __init__(self, *, law: Law, subject: Subject, **node: Any) -> None:
        super().__init__(**node)
        self.law, self.subject = law, subject

    @classmethod
    def of(cls, session: pytest.Session, law: Law, subject: Subject) -> _LawItem:
        """Made as pytest wants its nodes made."""
        name = f"{subject.name}-{law.name}"
        item: _LawItem = cls.from_parent(session, name=name, nodeid=f"unmask::{name}", law=law, subject=subject)
        return item

    def runtest(self) -> None:
        """Ask it."""
        from unmask.cli import suite

        session: Any = self.config.pluginmanager.get_plugin("unmask-session")
        if _is_worker(self.config):
            suite.one_thread()
        suite.hold(self.law, self.subject, session.run, lambda key, value: self.user_properties.append((key, value)))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Its title in the report of failures."""
        return self.path, None, f"{self.subject.name}: {self.law.name}"


def _subject_of(item: pytest.Item) -> Subject | None:
    """The subject that the test's class holds against the laws."""
    subject: Subject | None = getattr(getattr(item, "cls", None), "unmask_subject", None)
    return subject


def _law_of(item: pytest.Item) -> str | None:
    """The law that the test asks; ``None`` for other tests."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    asked = "unmask_run" in getattr(item, "fixturenames", ()) and parameters.get("law")
    return asked.name if asked else None


@contextmanager
def _usage_errors() -> Iterator[None]:
    """A problem with a request is told by pytest, in a line."""
    try:
        yield
    except UsageProblem as problem:
        raise pytest.UsageError(f"unmask: {problem}") from None
