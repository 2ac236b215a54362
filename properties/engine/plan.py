"""Whether a law speaks about a subject, decided once: what will be asked, or the reason why nothing is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unmask.properties.engine.lawbook import Law
from unmask.properties.subjects.processes.spaces import schedule_name
from unmask.properties.subjects.subject import Subject


@dataclass(frozen=True)
class Plan:
    """A law that speaks about a subject.

    Attributes
    ----------
    law, subject : the two.
    space : the subject's processes that the law speaks about.
    offers : names of what a law of whatever is offered asks about; empty for all others.
    """

    law: Law
    subject: Subject
    space: Any
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Absent:
    """A law that says nothing about a subject; ``reason`` completes "the subject …"."""

    reason: str


def concerns(law: Law, subject: Subject) -> bool:
    """Whether a law is about subjects of this kind; only then it has a place in the subject's table."""
    return law.about.kind in ("any", subject.kind.name)


def plan(law: Law, subject: Subject) -> Plan | Absent:
    """What ``law`` asks of ``subject``, or why it asks nothing."""
    if law not in subject.plans:
        subject.plans[law] = _plan(law, subject)
    found: Plan | Absent = subject.plans[law]
    return found


def _plan(law: Law, subject: Subject) -> Plan | Absent:
    about, kind = law.about, subject.kind
    if not concerns(law, subject):
        return Absent(f"is of another kind ({kind.name}); the law is about {about.kind}")
    if law.name in kind.exempt:
        return Absent(kind.exempt[law.name])
    missing = list(dict.fromkeys(kind.of(n) for n in law.needs if not subject.can(n)))
    if missing:
        return Absent(f"does not offer {', '.join(missing)}")
    if "build" not in law.draws and not subject.offered:
        return Absent("offers nothing")
    derives = about.gradients or any(n in kind.derivatives for n in law.needs)
    if (about.tensors or derives) and subject.arrays != "torch":
        return Absent("computes with exact numbers; the law speaks about tensors")
    if not subject.gradients and derives:
        return Absent("says that autograd cannot follow it (gradients=False)")
    unsaid = [name for name in about.declared if getattr(subject, name) is None]
    if unsaid:
        return Absent(f"does not say {' and '.join(f'{kind.declares[n].meaning} ({n}=…)' for n in unsaid)}")
    if about.subjects is not None and (reason := about.subjects(subject)):
        return Absent(reason)
    if about.mask_counts and subject.mask_ruled_out:
        return Absent("says that its network rules out the mask (mask_ruled_out=True)")
    clock = _only_clock(law, subject)
    if about.clock is not None and clock not in (None, about.clock):
        return Absent(f"offers {' and '.join(map(kind.of, law.needs))} on the {clock} clock alone")
    clock = about.clock or clock
    most = law.drawn.most_T
    processes = subject.processes
    if most is None and _at_single_times(law, subject) and hasattr(processes, "lengthened"):
        processes = processes.lengthened()  # a thousand steps are what people ship
    space = processes.restricted(about.families, clock, about.schedules, most)
    if space is not None and "discrete" in space.clocks and space.T[1] < law.steps:
        space = space.restricted(clock="continuous", most_T=most)
    if space is None or space.K[1] < law.drawn.K:
        least = "".join(f" of {name} >= {value}" for name in ("K", "T") if (value := getattr(law.drawn, name)) > 1)
        return Absent(
            f"implements none of the processes that the law speaks about{least and f', which are{least}'}"
        )
    named = None if subject.processes.schedules is None else {schedule_name(s) for s in subject.processes.schedules}
    if named is not None and not named.issuperset(map(schedule_name, about.schedules_too)):
        return Absent(
            f"does not implement {' and '.join(about.schedules_too)} schedules, about which the law asks as well"
        )
    asks = not {"offers", "faults"}.isdisjoint(law.draws)
    offers = _offers(law, subject) if asks else ()
    if asks and not offers:
        return Absent("offers nothing that the law is about")
    if about.outputs is not None and subject.output not in about.outputs:
        return Absent(f"has other outputs than the law speaks about ({', '.join(about.outputs)})")
    if subject.scheme == "corrected" and (about.drawn_exactly or about.first_order or about.uncorrected):
        return Absent("corrects its steps (scheme='corrected'), and how is its own: what is drawn depends on it")
    if about.drawn_exactly and not subject.draws_exactly:
        return Absent("takes first-order steps: what they draw is known to first order only (or scheme='exact')")
    if about.first_order and subject.draws_exactly:
        return Absent("draws from a kernel that is known; the law speaks about first-order steps")
    if "model" in law.draws and kind.outputs and subject.output is None:
        return Absent("does not say what its network's output means (output=…)")
    if "r" in law.draws and subject.time_steps == "unit" and "transition" not in law.needs:
        return Absent("offers single steps; the law needs two at once")
    return Plan(law, subject, space, offers)


def _at_single_times(law: Law, subject: Subject) -> bool:
    """Whether all that it names looks at single times, so that the number of steps costs nothing."""
    needed = [subject.kind.capabilities[subject.kind.of(n)] for n in law.needs]
    return bool(needed) and not any("times" in c.takes and c.takes["times"].of == "grid" for c in needed)


def _only_clock(law: Law, subject: Subject) -> Any:
    """The only clock on which everything that a law needs has a meaning and is offered; ``None`` for both."""
    needed = [subject.kind.capabilities[subject.kind.of(n)] for n in law.needs]
    rates = subject.kind.continuous_only.get(subject.output or "", ())
    meant = [clock for c in needed if (clock := "continuous" if c.name in rates else c.clock) is not None]
    offered = [subject.clocks[c.name] for c in needed]
    both = frozenset.intersection(*offered) if offered else frozenset()
    chosen = len(subject.processes.clocks) > 1 and len(both) == 1
    return meant[0] if meant else next(iter(both)) if chosen else None


def _offers(law: Law, subject: Subject) -> tuple[str, ...]:
    """What a law of whatever is offered asks about.

    Left out are capabilities that take long and, where nobody says what an output means, those that take one.
    """
    every = [subject.kind.capabilities[name] for name in subject.offered]
    if subject.kind.outputs and subject.output is None:
        every = [c for c in every if not {"output", "network"} & set(c.takes)]
    return tuple(c.name for c in every if not c.slow and (law.about.capabilities or (lambda _: True))(c))


__all__ = ["Absent", "Plan", "concerns", "plan"]
