"""What is seen while the laws are asked: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines where nobody watches.
PAUSE = 10.0


class Progress:
    """Told of every law before and after it is asked, and of how it goes altogether; says nothing by itself.

    Every law is asked in each of the sweeps, but for those that the first one settles.
    """

    def __init__(self, total: int, sweeps: int = 1) -> None:
        self.total, self.sweeps, self.done, self.broken = total, sweeps, 0, 0
        #: What is being asked, longest first.
        self.running: dict[tuple[str, str], None] = {}
        #: What has held in a sweep of a few examples, and is asked again.
        self.again: set[tuple[str, str]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def started(self, law: str, subject: str) -> None:
        """A law is asked now."""
        self.running[law, subject] = None

    def finished(self, law: str, subject: str, broken: int) -> None:
        """It is answered; so many are broken by now."""
        self.running.pop((law, subject), None)
        self.again.discard((law, subject))
        self.done, self.broken = self.done + 1, broken

    def passed(self, law: str, subject: str) -> None:
        """It has held so far, and is asked again with more examples."""
        self.running.pop((law, subject), None)
        self.again.add((law, subject))

    @property
    def seen(self) -> int:
        """How many have been asked at all."""
        return self.done + len(self.again)

    @property
    def at_first(self) -> str:
        """What is to be said during the first of several sweeps."""
        return " a first time" if self.sweeps > 1 and self.seen < self.total else ""

    @property
    def asking(self) -> str:
        """What has been asked for the longest time."""
        # Another thread may look while this one goes on.
        return next((f"{law} of {subject}" for law, subject in list(self.running)), "")


def progress(console: Console, total: int, sweeps: int = 1) -> Progress:
    """The one that suits where it is seen."""
    suits = Bar if console.is_terminal and not console.is_dumb_terminal else Lines
    return suits(console, total, sweeps)


class Bar(Progress):
    """What is asked, how many are left, how many are broken; gone at the end."""

    def __init__(self, console: Console, total: int, sweeps: int = 1) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Shown
        from rich.table import Column

        super().__init__(total, sweeps)
        self.shown = Shown(
            BarColumn(bar_width=20),
            TextColumn("{task.fields[left]} left{task.fields[first]}, {task.fields[broken]} broken"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[asking]}", style="dim", table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console,
            transient=True,
        )
        self.task = self.shown.add_task("", total=total * sweeps, left=total, first=self.at_first, broken=0, asking="")

    def __enter__(self) -> Self:
        self.shown.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.shown.stop()

    def started(self, law: str, subject: str) -> None:
        """Show it."""
        super().started(law, subject)
        self.shown.update(self.task, asking=self.asking)

    def finished(self, law: str, subject: str, broken: int) -> None:
        """Move on."""
        super().finished(law, subject, broken)
        self._move()

    def passed(self, law: str, subject: str) -> None:
        """Move on, half the way."""
        super().passed(law, subject)
        self._move()

    def _move(self) -> None:
        first = self.at_first
        self.shown.update(
            self.task,
            completed=self.done * self.sweeps + len(self.again),
            left=self.total - (self.seen if first else self.done),
            first=first,
            broken=self.broken,
            asking=self.asking,
        )


class Lines(Progress):
    """A line now and then, for logs."""

    def __init__(self, console: Console, total: int, sweeps: int = 1) -> None:
        super().__init__(total, sweeps)
        self.console = console
        self.began = self.last = time.monotonic()
        self.over = threading.Event()
        # Of a law that takes minutes nothing is heard meanwhile: its name is what one wants to know.
        self.clock = threading.Thread(target=self._now_and_then, daemon=True)

    def __enter__(self) -> Self:
        self.clock.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.over.set()
        self.clock.join()

    def finished(self, law: str, subject: str, broken: int) -> None:
        """Say so, if nothing has been said for a while."""
        super().finished(law, subject, broken)
        self._say()

    def passed(self, law: str, subject: str) -> None:
        """Likewise."""
        super().passed(law, subject)
        self._say()

    def _now_and_then(self) -> None:
        while not self.over.wait(PAUSE / 4):
            self._say()

    def _say(self) -> None:
        now = time.monotonic()
        if now - self.last >= PAUSE and self.done < self.total:
            self.last = now
            still = f"; now {self.asking}" if self.asking else ""
            asked = self.seen if self.at_first else self.done
            said = f"{asked} of {self.total} asked{self.at_first}, {self.broken} broken{still}"
            self.console.print(f"{now - self.began:.0f} s: {said}", soft_wrap=True)
