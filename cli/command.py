"""The command ``unmask``: hold a subject against the laws, or read about either."""

from __future__ import annotations

import contextlib
import os
import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from io import TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from unmask.cli import suite
from unmask.cli.usage import UsageProblem

if TYPE_CHECKING:
    from unmask.cli.requests import Plan
    from unmask.cli.workers import Accident
    from unmask.properties.report import Record

HOLDS, BROKEN, USAGE, ERROR, INTERRUPTED = 0, 1, 2, 3, 130
CODES = """\b
Exit codes:
  0  all laws that were asked hold (or are known to fail, and do)
  1  a law is broken
  2  the request cannot be met: nothing there by that name, or nothing to ask
  3  a law, a family, the reference or the machine failed
  130  interrupted
"""


class _Commands(click.Group):
    """Problems in a line, and exit codes of our own."""

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run the command and end the process."""
        for stream in (sys.stdout, sys.stderr):
            # Equations have letters that some terminals have not.
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(*arguments, **options | {"standalone_mode": False})
        except click.ClickException as problem:
            print(f"unmask: {' '.join(problem.format_message().split())}", file=sys.stderr)
            code = USAGE
        except UsageProblem as problem:
            print(f"unmask: {problem}", file=sys.stderr)
            code = USAGE
        except (click.Abort, KeyboardInterrupt):
            print("unmask: interrupted", file=sys.stderr)
            code = INTERRUPTED
        except Exception:
            # Not the 1 that Python ends with: nobody's law is broken.
            traceback.print_exc()
            code = ERROR
        sys.exit(code if isinstance(code, int) else HOLDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand, or a word about what it may have been."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            there = self.list_commands(ctx)
            close = get_close_matches(args[0], there, n=1)
            meant = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(there)}"
            raise UsageProblem(f"no command named {args[0]!r}; {meant}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=CODES,
)
@click.version_option(package_name="unmask")
def main() -> None:
    r"""Hold implementations of discrete diffusion against the laws that they must obey.

    \b
    unmask verify package.module:NAME    is this subject right?
    unmask laws                          what is asked?
    unmask law NAME                      what does this law say, and where is it from?
    unmask methods package.module        which subjects are there, and what do they offer?
    unmask capabilities KIND             what may a subject offer, and how is it called?
    """


@main.command(epilog=CODES)
@click.argument("subjects", nargs=-1, required=True, metavar="PKG.MOD:NAME...")
@click.option("--law", "laws", multiple=True, metavar="NAME", help="Only this law (repeatable).")
@click.option("-k", "expression", metavar="EXPRESSION", help="Only laws whose names match: 'bayes and not prior'.")
@click.option(
    "--budget", default="ci", show_default=True, envvar="UNMASK_BUDGET", metavar="brief|quick|ci|nightly",
    help="How many examples each law gets.",
)  # fmt: skip
@click.option(
    "--dtype", default="float64", show_default=True, envvar="UNMASK_DTYPE", metavar="DTYPE",
    help="What subjects compute in: float64, float32, float16 or bfloat16.",
)  # fmt: skip
@click.option(
    "--device", default="cpu", show_default=True, envvar="UNMASK_DEVICE", metavar="DEVICE",
    help="What subjects compute on.",
)  # fmt: skip
@click.option("--report", metavar="DIR", help="Write index.html and laws.json there.")
@click.option("--json", "json_file", metavar="FILE", help="Write all records there; - is standard output.")
@click.option("--table", is_flag=True, help="Print every law, those that do not apply included.")
@click.option("--stop-at-first", is_flag=True, help="End at the first broken law.")
@click.option(
    "--jobs", default=1, show_default=True, type=click.IntRange(1), metavar="N", help="Processes to ask the laws in."
)
@click.option(
    "--seed", type=click.IntRange(0), metavar="N",
    help="Draw the cases of this seed; by default others each time, and the same where CI is set.",
)  # fmt: skip
def verify(
    subjects: tuple[str, ...],
    laws: tuple[str, ...],
    expression: str | None,
    budget: str,
    dtype: str,
    device: str,
    report: str | None,
    json_file: str | None,
    table: bool,
    stop_at_first: bool,
    jobs: int,
    seed: int | None,
) -> int:
    """Hold subjects against the laws.

    A subject is named by where it is: package.module:NAME or path/to/file.py:NAME, from the working directory. NAME may
    be a list of subjects, or left out: then all subjects of the module are meant.
    """
    from unmask.cli.requests import chosen_run, plan, subjects_at

    with _standard_output(json_file) as (people, programs):
        if seed is None and not os.environ.get("CI"):
            # Drawn here and told, so that any run can be had again.
            seed = random.SystemRandom().randrange(2**20)
        run = chosen_run(dtype, device, budget, seed)
        todo = plan(subjects_at(subjects), laws, expression, run)
        _check_writable(report, json_file)
        return _verify(todo, subjects, jobs, stop_at_first, report, json_file, table, people, programs)


def _verify(
    todo: Plan,
    addresses: Sequence[str],
    jobs: int,
    stop_at_first: bool,
    report: str | None,
    json_file: str | None,
    table: bool,
    people: IO[str],
    programs: IO[str],
) -> int:
    from rich.console import Console

    from unmask.cli import summary
    from unmask.cli.progress import progress
    from unmask.cli.workers import Accident, results

    console = Console(file=people, highlight=False, markup=False, emoji=False)
    console.print(_heading(todo), soft_wrap=True)
    began = time.monotonic()
    found: list[Record] = []
    accidents: list[Accident] = []
    interrupted = False
    meanwhile = progress(console, len(todo.pairs), len(suite.sweeps(todo.run)))
    answers = results(todo, addresses, jobs, meanwhile)
    try:
        with meanwhile, contextlib.closing(answers):
            for result in answers:
                if isinstance(result, Accident):
                    accidents.append(result)
                    console.print(f"\nERROR: {result.law} could not be asked of {result.method}\n", soft_wrap=True)
                    console.print(result.told.rstrip(), soft_wrap=True)
                else:
                    found.append(result)
                    if result.status == "broken":
                        console.print(f"\n{result.failure}", soft_wrap=True)
                    if result.status == "error":
                        console.print(f"\nERROR: {result.failure}", soft_wrap=True)
                broken = sum(record.status == "broken" for record in found)
                meanwhile.finished(result.law, result.method, broken)
                if stop_at_first and broken:
                    break
    except KeyboardInterrupt:
        interrupted = True
    done = {(r.law, r.method) for r in found} | {(a.law, a.method) for a in accidents}
    rest = [suite.absent(law, m, summary.NOT_RUN) for law, m in todo.pairs if (law.name, m.name) not in done]
    records = todo.in_order([*found, *rest])
    by_subject = summary.tallies(records, [(a.law, a.method) for a in accidents])
    if accidents or any(record.status == "broken" for record in found):
        console.print()
    if table:
        suite.print_table(records, todo.subjects, people)
    lines = [*summary.subject_lines(by_subject), *suite.misspelt_lines(todo.subjects)]
    lines += summary.reason_lines(records, "--table, --json")
    if report is not None:
        suite.write_report(records, Path(report), todo.run, todo.subjects)
        lines.append(f"report: {Path(report) / 'index.html'} and {Path(report) / 'laws.json'}")
    if json_file is not None:
        if json_file == "-":
            programs.write(suite.json_text(records))
            programs.flush()
        else:
            suite.write_json(records, Path(json_file))
    lines.append("interrupted" if interrupted else summary.verdict(by_subject, time.monotonic() - began))
    for line in lines:
        console.print(line, soft_wrap=True)
    return _exit_code(found, accidents, interrupted)


def _heading(todo: Plan) -> str:
    names = [m.name for m in todo.subjects]
    who = ", ".join(names) if len(names) < 4 else f"{len(names)} subjects"
    asked = len({law.name for law, _ in todo.pairs})
    about = sum(any(suite.concerns(law, subject) for subject in todo.subjects) for law in todo.laws)
    cases = "" if todo.run.seed is None else f", seed {todo.run.seed}"
    laws = f"{asked} of {about} laws" if asked < about else f"{asked} law{'s' * (asked > 1)}"
    precision = "/".join(dict.fromkeys(subject.precision(todo.run.precision) for subject in todo.subjects))
    return f"{who} under {laws}: {precision} on {todo.run.device}, budget {todo.run.budget}{cases}"


def _exit_code(found: Sequence[Record], accidents: Sequence[Accident], interrupted: bool) -> int:
    if interrupted:
        return INTERRUPTED
    if any(record.status == "broken" for record in found):
        return BROKEN
    # A record may come to say itself that the law, not the subject, has failed.
    if accidents or any(str(record.status) == "error" for record in found):
        return ERROR
    if all(record.status in ("absent", "unasked", "blocked") for record in found):
        why = "; ".join(dict.fromkeys(record.reason for record in found))
        raise UsageProblem(f"nothing was asked: {why}")
    return HOLDS


@contextlib.contextmanager
def _standard_output(json_file: str | None) -> Iterator[tuple[IO[str], IO[str]]]:
    """Where people read, and where programs do: neither they nor a subject may print between a program's records."""
    programs = sys.stdout
    if json_file == "-":
        with contextlib.redirect_stdout(sys.stderr):
            yield sys.stderr, programs
    else:
        yield programs, programs


def _check_writable(report: str | None, json_file: str | None) -> None:
    """Refuse now what could not be written at the end."""
    if report is not None and Path(report).exists() and not Path(report).is_dir():
        raise UsageProblem(f"--report {report!r}: a file is there, and a folder is wanted")
    if json_file not in (None, "-"):
        folder = Path(str(json_file)).parent
        if not folder.is_dir():
            raise UsageProblem(f"--json {json_file!r}: there is no folder {str(folder)!r}")


@main.command("laws")
@click.option("--kind", metavar="NAME", help="Only the laws about this kind of subject.")
@click.option("--chapter", metavar="NAME", help="Only the laws of this chapter.")
def list_laws(kind: str | None, chapter: str | None) -> None:
    """List the laws by kind and chapter, each with what it says."""
    from unmask.cli.descriptions import law_lines
    from unmask.cli.requests import laws_of

    for line in law_lines(laws_of(kind, chapter)):
        click.echo(line)


@main.command("law")
@click.argument("name")
def show_law(name: str) -> None:
    """Say everything about one law."""
    from unmask.cli.descriptions import law_page
    from unmask.cli.requests import chosen_laws

    click.echo(law_page(chosen_laws([name], None)[0]))


@main.command("methods")
@click.argument("addresses", nargs=-1, required=True, metavar="PKG.MOD...")
def list_methods(addresses: tuple[str, ...]) -> None:
    """Say which subjects are in a module or file, and what each offers."""
    from unmask.cli.descriptions import subject_pages
    from unmask.cli.requests import chosen_run, subjects_at

    for line in subject_pages(subjects_at(addresses), chosen_run("float64", "cpu", "ci")):
        click.echo(line)


@main.command("capabilities")
@click.argument("kind", required=False)
def list_capabilities(kind: str | None) -> None:
    """Say what an object of a kind may offer, and its conventions; of all kinds, where none is named."""
    from unmask.cli.descriptions import kind_pages
    from unmask.cli.requests import kinds_named

    for line in kind_pages(kinds_named(kind)):
        click.echo(line)
