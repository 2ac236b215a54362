"""The laws asked, one after the other or in several processes; records come as they are found."""

from __future__ import annotations

import gc
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING, Any, TypeAlias

from unmask.cli import suite
from unmask.cli.requests import Plan, subjects_at

if TYPE_CHECKING:
    from unmask.cli.progress import Progress
    from unmask.properties.engine.run import Run
    from unmask.properties.report import Record


@dataclass(frozen=True)
class Accident:
    """A law that could not be asked to the end: the law, a family, the reference or the machine failed."""

    law: str
    method: str
    told: str


Result: TypeAlias = "Record | Accident"


def results(
    plan: Plan, addresses: Sequence[str], jobs: int, meanwhile: Progress
) -> Generator[Result, None, None]:
    """The result of every pair of the plan, once, as it comes.

    A few examples of every law come before many of any, and what fails is told as soon as it is found.  ``meanwhile``
    is told each law and subject before it is asked, and when it is done with for now.  Whoever stops listening stops
    the work.
    """
    told: set[int] = set()
    for sweep in suite.sweeps(plan.run):
        places = [place for place in range(len(plan.pairs)) if place not in told]
        if jobs < 2 or len(places) < 2:
            answers = _one_by_one(plan, sweep, places, meanwhile.started)
        else:
            answers = _in_processes(plan, sweep, places, addresses, min(jobs, len(places)), meanwhile.started)
        with closing(answers):
            for place, answer in answers:
                law, subject = plan.pairs[place]
                if sweep == plan.run or isinstance(answer, Accident) or suite.is_settled(answer, subject):
                    told.add(place)
                    yield answer
                else:
                    meanwhile.passed(law.name, subject.name)


def _one_by_one(
    plan: Plan, run: Run, places: Sequence[int], started: Callable[[str, str], None]
) -> Generator[tuple[int, Result], None, None]:
    for place in places:
        law, subject = plan.pairs[place]
        started(law.name, subject.name)
        yield place, _ask(law, subject, run)


def _ask(law: Any, subject: Any, run: Run) -> Result:
    try:
        return suite.examine(law, subject, run)
    except suite.not_claims() as problem:
        return Accident(law.name, subject.name, str(problem))
    except Exception:
        return Accident(law.name, subject.name, traceback.format_exc())


class _Worker:
    """A process that is asked one pair after another."""

    def __init__(self, plan: Plan, run: Run, addresses: Sequence[str]) -> None:
        forks = suite.can_fork(plan.run)
        context: Any = get_context("fork" if forks else "spawn")
        self.ours, theirs = context.Pipe()
        names = [(law.name, subject.name) for law, subject in plan.pairs]
        # What is forked has everything already; what is started afresh loads it from where it was found.
        serve, what = (_serve, (plan.pairs,)) if forks else (_serve_afresh, (tuple(addresses), names))
        self.process = context.Process(target=serve, args=(theirs, run, *what), daemon=True)
        with warnings.catch_warnings():
            # Python 3.12 warns of threads, which torch has started and none of which works here.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.process.start()
        theirs.close()
        self.place = 0

    def ask(self, place: int) -> None:
        self.place = place
        # One that has ended is found out when its answer is awaited.
        with suppress(OSError):
            self.ours.send(place)

    def answer(self) -> Result | None:
        """What it found; ``None`` if it has ended instead."""
        try:
            answer: Result = self.ours.recv()
            return answer
        except (EOFError, OSError):
            return None


def _in_processes(
    plan: Plan,
    run: Run,
    places: Sequence[int],
    addresses: Sequence[str],
    jobs: int,
    started: Callable[[str, str], None],
) -> Generator[tuple[int, Result], None, None]:
    left = deque(places)
    sys.stdout.flush()
    sys.stderr.flush()
    busy: dict[Any, _Worker] = {}

    def give(worker: _Worker) -> None:
        if left:
            worker.ask(left.popleft())
            busy[worker.ours] = worker
            law, subject = plan.pairs[worker.place]
            started(law.name, subject.name)
        else:
            worker.process.terminate()

    workers = [_Worker(plan, run, addresses) for _ in range(jobs)]
    try:
        for worker in workers:
            give(worker)
        while busy:
            for ready in connection.wait(list(busy)):
                worker = busy.pop(ready)
                place = worker.place
                answer = worker.answer()
                if answer is None:
                    worker.process.join()
                    law, subject = plan.pairs[place]
                    ended = f"the process that asked it ended with exit code {worker.process.exitcode}"
                    answer = Accident(law.name, subject.name, f"{ended} (a crash, or too little memory)")
                    if left:
                        worker = _Worker(plan, run, addresses)
                        workers.append(worker)
                give(worker)
                yield place, answer
    finally:
        for worker in workers:
            worker.process.terminate()
            worker.process.join()


def _serve_afresh(theirs: Any, run: Run, addresses: Sequence[str], names: Sequence[tuple[str, str]]) -> None:
    subjects = {m.name: m for m in subjects_at(addresses)}
    laws = {law.name: law for law in suite.laws()}
    _serve(theirs, run, [(laws[law], subjects[subject]) for law, subject in names])


def _serve(theirs: Any, run: Run, pairs: Sequence[tuple[Any, Any]]) -> None:
    # An interrupt is the other process's to handle; what a subject prints is no part of a report on standard output.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stdout = sys.stderr
    suite.one_thread()
    # What is loaded by now stays: it need not be looked through for garbage again and again.
    gc.freeze()
    with suppress(EOFError, OSError):
        while True:
            law, subject = pairs[theirs.recv()]
            theirs.send(_ask(law, subject, run))
