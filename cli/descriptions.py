"""Laws, subjects and kinds, described: ``unmask laws``, ``law``, ``methods`` and ``capabilities``."""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from unmask.cli import suite

if TYPE_CHECKING:
    from unmask.properties.engine.lawbook import Law
    from unmask.properties.engine.run import Run
    from unmask.properties.subjects.capability import Capability
    from unmask.properties.subjects.kind import Kind
    from unmask.properties.subjects.subject import Subject

WIDTH = 110
#: How laws of conduct are headed: they belong to no kind.
ANY = "any: Whatever a subject offers, of every kind"
#: What laws draw beside times; what is not here has its own name.
DRAWN = {"p": "a process", "seed": "a seed", "offers": "", "situation": "valid arguments", "build": ""}


# --- laws ---------------------------------------------------------------------------------------------------


def law_lines(laws: Sequence[Law]) -> Iterator[str]:
    """Laws under their kinds and chapters, each in a line: its name, and what it says."""
    width = max(len(law.name) for law in laws)
    for number, kind in enumerate(dict.fromkeys(law.about.kind for law in laws)):
        if number:
            yield ""
        yield ANY if kind == "any" else heading(suite.kind_named(kind))
        own = [law for law in laws if law.about.kind == kind]
        for chapter in dict.fromkeys(law.told.chapter for law in own):
            yield f"  {chapter}"
            yield from (f"    {law.name:<{width}}  {law.told.statement}" for law in own if law.told.chapter == chapter)


def law_page(law: Law) -> str:
    """All about one law: the equation, what it is about in sentences, and where it is from."""
    lines = [law.name, "", _filled(law.told.statement), "", _filled(" ".join(sentences(law))), ""]
    kinds = suite.kinds().values() if law.about.kind == "any" and "offers" in law.draws else ()
    facts = {
        "asks": [f"{kind.name}: {', '.join(asked)}" for kind in kinds if (asked := _asked(law, kind))],
        "chapter": [law.told.chapter],
        "source": [law.told.cites] if law.told.cites else [],
        "formula": [law.told.tex] if law.told.tex else [],
        "catches": list(law.told.mutants),
        "written in": [suite.place_of(law)],
    }
    for label, values in facts.items():
        for number, value in enumerate(values):
            first = f"    {'' if number else label:<14}"
            lines.append(_filled(value, first, " " * 20) if label == "asks" else first + value)
    return "\n".join(lines)


def sentences(law: Law) -> Iterator[str]:
    """What a law is about, and how it is asked."""
    yield from _whom(law)
    yield from _which(law)
    drawn = law.drawn
    times = ["a time t" if law.times == ("t",) else f"times {' < '.join(law.times)}"] if law.times else []
    drawn_too = [DRAWN.get(name, name) for name in law.draws if name not in law.times]
    if shown := [*times, *filter(None, drawn_too)]:
        yield f"It draws {_listed(shown)}."
    if drawn.floating:
        yield "It computes in floating point even where exact numbers are offered."
    if drawn.cost != 1:
        yield f"Of its budget, an example counts as {drawn.cost:g}."
    if drawn.rare:
        yield "It waits for rare events, and the brief and the quick budget leave it out."


def _whom(law: Law) -> Iterator[str]:
    """Of which subjects it is asked."""
    about = law.about
    if about.kind == "any":
        yield "It is about subjects of every kind."
        if "offers" in law.draws:
            yield "It asks whatever is offered of what is listed below."
        for kind in suite.kinds().values():
            if law.name in kind.exempt:
                yield f"It is not asked of the kind {kind.name}, which {kind.exempt[law.name]}."
    else:
        kind = suite.kind_named(about.kind)
        yield f"It is about subjects of the kind {kind.name} ({kind.title})"
        needed = dict.fromkeys(map(kind.of, law.needs))
        yield f"that offer {_listed(needed)}." if needed else "that offer anything."
        for name in law.needs:
            if name in kind.derivatives:
                of, by = kind.derivatives[name]
                yield f"It takes {name}, the derivative of {of} with respect to {by}."
    if about.outputs is not None:
        yield f"A network's output means {_listed(about.outputs, 'or')}."
    if about.tensors:
        yield "It is asked of tensors alone."


def _asked(law: Law, kind: Kind) -> list[str]:
    if law.name in kind.exempt:
        return []
    wanted = law.about.capabilities or (lambda capability: True)
    return [c.name for c in kind.capabilities.values() if not c.slow and wanted(c)]


def _which(law: Law) -> Iterator[str]:
    """About which processes it is asked."""
    about, drawn = law.about, law.drawn
    families = suite.families_of(law)
    limits = [f"of the {'family' if len(families) == 1 else 'families'} {_listed(families)}"] if families else []
    limits += [f"on the {about.clock} clock"] if about.clock else []
    limits += [f"with {_listed(about.schedules, 'or')} schedules"] if about.schedules else []
    limits += ["with schedules from alpha = 1 to alpha = 0"] if drawn.reaches_prior else []
    sizes = [f"{n} = {least}" for n in ("K", "L", "T") if (least := getattr(drawn, n)) > 1]
    limits += [f"of at least {_listed(sizes)}"] if sizes else []
    limits += ["if they meet a condition in its source"] if about.processes else []
    yield f"It is asked about processes {', '.join(limits)}." if limits else "It is asked about every process."
    if about.schedules_too:
        yield f"It asks about {_listed(about.schedules_too)} schedules as well."


# --- subjects -----------------------------------------------------------------------------------------------


def subject_pages(subjects: Sequence[Subject], run: Run) -> Iterator[str]:
    """Subjects, where each is, what it offers, and how many of the laws about its kind can be asked of it."""
    laws = suite.laws()
    for subject in subjects:
        yield f"{subject.name}  ({suite.address_of(subject) or 'bound to no name'})"
        for label, value in suite.facts_of_subject(subject).items():
            if value:
                yield _filled(value, f"    {label:<11}", " " * 15)
        about = [law for law in laws if suite.concerns(law, subject)]
        asked = sum(suite.why_absent(law, subject, run) is None for law in about)
        yield f"    {'laws':<11}{asked} of {len(about)} can be asked"


# --- kinds --------------------------------------------------------------------------------------------------


def heading(kind: Kind) -> str:
    """A kind's name, by which it is asked for, and what it is."""
    return f"{kind.name}: {kind.title}"


def kind_pages(kinds: Sequence[Kind]) -> Iterator[str]:
    """Kinds, and what an object of each may offer: its conventions, and every capability with shapes and meaning."""
    used: set[str] = set()
    for kind in kinds:
        yield heading(kind)
        yield ""
        yield textwrap.indent(_plain(kind.conventions), " " * 4)
        yield ""
        if kind.outputs:
            yield "    What a network's output may mean (output=…):"
            yield ""
            width = max(map(len, kind.outputs))
            yield from (f"        {name:<{width}}  {meaning}" for name, meaning in kind.outputs.items())
            yield ""
        for capability in kind.capabilities.values():
            used |= {shape.of for shape in (*capability.takes.values(), capability.gives)}
            # Lines end between arguments, not inside of shapes.
            whole = signature(kind, capability).replace(", ", ",\xa0").replace(": ", ":\xa0").replace("],\xa0", "], ")
            for argument in capability.takes:
                whole = whole.replace(f",\xa0{argument}:", f", {argument}:")
            told = _filled(whole.replace(" [", "\xa0["), rest=" " * 8)
            yield told.replace("\xa0", " ")
            yield textwrap.indent("\n".join(_meaning(capability)), " " * 8)
            yield ""
    words = {word: said for word, said in suite.numbers().items() if word in used and word != "plain"}
    yield "where"
    yield from (f"    {word:<11}{said}" for word, said in words.items())


def signature(kind: Kind, capability: Capability) -> str:
    """How a capability is called, each argument and the result with what it is."""
    types = typing.get_type_hints(getattr(kind.vocabulary, capability.name))

    def told(name: str, shape: Any) -> str:
        if shape.of == "plain":
            return types[name].__name__ if isinstance(types[name], type) else str(types[name])
        return f"{shape.of} {shape}" if shape.axes else str(shape.of)

    takes = ", ".join(f"{name}: {told(name, shape)}" for name, shape in capability.takes.items())
    return f"{capability.name}({takes}) -> {told('return', capability.gives)}"


def _meaning(capability: Capability) -> Iterator[str]:
    yield _plain(capability.meaning)
    if capability.clock is not None:
        yield f"Only on the {capability.clock} clock."
    if capability.slow:
        yield "It takes long: only the laws that name it ask."


def _plain(text: str) -> str:
    """A docstring as it is read on a terminal."""
    return text.replace("``", "`")


# --- words --------------------------------------------------------------------------------------------------


def _listed(names: Iterable[str], last: str = "and") -> str:
    every = list(names)
    return f" {last} ".join(filter(None, (", ".join(every[:-1]), every[-1])))


def _filled(text: str, first: str = " " * 4, rest: str = " " * 4) -> str:
    """In lines between words: no name is cut in two at its hyphens."""
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
