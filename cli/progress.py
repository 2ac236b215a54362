"""What is seen while the laws are asked: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two lines where nobody watches.
PAUSE = 10.0


class Progress:
    """Told of every law before and after it is asked, and of how it goes altogether; says nothing by itself."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        #: What is being asked, longest first.
        self.running: dict[tuple[str, str], None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def started(self, law: str, method: str) -> None:
        """A law is asked now."""
        self.running[law, method] = None

    def finished(self, law: str, method: str, broken: int) -> None:
        """It is answered; so many are broken by now."""
        self.running.pop((law, method), None)
        self.done += 1

    @property
    def asking(self) -> str:
        """What has been asked for the longest time."""
        return next((f"{law} of {method}" for law, method in self.running), "")


def progress(console: Console, total: int) -> Progress:
    """The one that suits where it is seen."""
    return Bar(console, total) if console.is_terminal and not console.is_dumb_terminal else Lines(console, total)


class Bar(Progress):
    """What is asked, how many are left, how many are broken; gone at the end."""

    def __init__(self, console: Console, total: int) -> None:
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Shown
        from rich.table import Column

        super().__init__(total)
        self.shown = Shown(
            BarColumn(bar_width=20),
            TextColumn("{task.fields[left]} left, {task.fields[broken]} broken"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[asking]}", style="dim", table_column=Column(no_wrap=True, overflow="ellipsis")),
            console=console,
            transient=True,
        )
        self.task = self.shown.add_task("", total=total, left=total, broken=0, asking="")

    def __enter__(self) -> Self:
        self.shown.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.shown.stop()

    def started(self, law: str, method: str) -> None:
        """Show it."""
        super().started(law, method)
        self.shown.update(self.task, asking=self.asking)

    def finished(self, law: str, method: str, broken: int) -> None:
        """Move on."""
        super().finished(law, method, broken)
        left = self.total - self.done
        self.shown.update(self.task, advance=1, left=left, broken=broken, asking=self.asking)


class Lines(Progress):
    """A line now and then, for logs."""

    def __init__(self, console: Console, total: int) -> None:
        super().__init__(total)
        self.console = console
        self.began = self.last = time.monotonic()

    def finished(self, law: str, method: str, broken: int) -> None:
        """Say so, if nothing has been said for a while."""
        super().finished(law, method, broken)
        now = time.monotonic()
        if now - self.last >= PAUSE and self.done < self.total:
            self.last = now
            still = f"; now {self.asking}" if self.asking else ""
            said = f"{now - self.began:.0f} s: {self.done} of {self.total} asked, {broken} broken{still}"
            self.console.print(said, soft_wrap=True)
