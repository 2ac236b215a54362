"""Every public function, class and method of ours, by name, and the few that have nothing to refuse."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import unmask.implementations
import unmask.properties
import unmask.reference

#: Modules of the laws whose functions are called with what was drawn or judged, never by a user, and by whom.
PARTS = {
    "claims.arrays": "a claim, to be judged",
    "claims.claim": "laws: what a law says is judged, not refused, since its left side is whatever a method returned",
    "claims.entries": "the story of a failed claim",
    "claims.factors": "the story of a failed claim",
    "claims.hints": "the story of a failed claim",
    "claims.independence": "a claim, to be judged",
    "claims.judges": "a claim, to be judged",
    "claims.patterns": "the story of a failed claim",
    "claims.pooled": "a claim, to be judged",
    "claims.rates": "a claim, to be judged",
    "claims.samples": "a claim, to be judged",
    "engine.calls": "laws, with what was drawn",
    "engine.plan": "the engine, with a law of the book",
    "engine.failures.answers": "the engine, with a trial that failed",
    "engine.failures.looked_at": "the engine, with a trial that failed",
    "engine.failures.declared": "the engine, with a trial that failed",
    "engine.failures.neighbours": "the engine, with a trial that failed",
    "engine.failures.origins": "the engine, with a trial that failed",
    "engine.failures.repairs": "the engine, with a trial that failed",
    "engine.failures.story": "the engine, with a trial that failed",
    "engine.failures.table": "the engine, with a trial that failed",
    "engine.trial": "the engine, with what was drawn",
    "laws": "laws, with what was drawn",
    "report": "the plugin, with what examine returned",
    "subjects.inputs": "the engine, with what was drawn",
    "subjects.kinds.autoregression": "nobody: vocabularies are declared, and situations are for the engine",
    "subjects.kinds.classes": "nobody: as autoregression",
    "subjects.kinds.degradation": "nobody: as autoregression",
    "subjects.kinds.embeddings": "nobody: as autoregression",
    "subjects.kinds.gaussian": "nobody: as autoregression",
    "subjects.kinds.programs": "nobody: as autoregression, and declarations are checked by a Subject",
    "subjects.kinds.networks": "nobody: as autoregression",
    "subjects.kinds.programs.starts": "laws and the engine, with what was drawn",
    "subjects.processes.drawn": "a space, with what was drawn",
    "subjects.processes.sizes": "what makes a space, with the arguments that it refuses",
    "subjects.processes.lumping": "laws, with what was drawn",
    "subjects.processes.names": "refusals, with what is refused",
    "subjects.tables": "laws and the engine, with what was drawn",
    "subjects.times": "laws and the engine, with what was drawn",
}

#: What is not in the lists of bad input, and why: a name, and all names that begin with it and a dot.
EXEMPT = {
    "implementations": {
        "LinearOutput": "a plain record; the losses that take it refuse it (tests/kernels/test_linear.py)",
        "PosteriorWeights": "a plain record of tensors that were computed",
    },
    "reference": {
        "masked.masked_language_model.OneStep": "a plain record of numbers that were computed",
        "noise.composing.Remembered": "the base of two processes, which are in the lists themselves",
        "numbers.quadrature.scipy_integrate": "takes no argument",
    },
    "properties": {
        "Family.draw": "a field: the family's own function",
        "Family.roundings": "a field: the family's own function",
        "GaussianProcess.description": "for reports, takes no argument",
        "GaussianProcess.noise_summary": "for reports, with times that were drawn",
        "GaussianSpace": "made by gaussian(), which checks what it is given",
        "Law": "made by law(), which checks what it is given",
        "Lawbook.names": "takes no argument",
        "Lawbook.remove": "for the tests of the machinery; any name may be gone afterwards",
        "Capability": "made by read(), which checks what is declared",
        "Kind": "a plain record until enter() makes it known, and checks it",
        "Right": "made by mutated(), which checks what it is given",
        "SequenceSpace": "made by networks(), which checks what it is given",
        "Subject.anew": "calls what it was given, with a process that was drawn",
        "Sequences.description": "for reports, takes no argument",
        "Shape": "a plain record of words that its module lists",
        "Situation": "a protocol",
        "Subject.can": "any name may not be offered",
        "Subject.capability": "for the engine, with a process that was drawn",
        "Subject.on": "for the engine, with a process that was drawn",
        "Subject.precision": "for the engine, with the precision of a checked Run",
        "Told": "made by law(), which checks what it is given",
        "Unbuilt": "an exception",
        "Vocabularies": "made by autoregression() or embeddings(), which check what they are given",
        "Vocabulary.description": "for reports, takes no argument",
        "Vocabulary.noise_summary": "for reports, with times that were drawn",
        "Broken": "an exception",
        "Hopeless": "ends a search",
        "Declaration": "a plain record, for a kind",
        "Search": "examine, which checks what it is given",
        "Search.ask": "examine, with inputs that were drawn",
        "Search.record": "examine, for a law and a subject that it has checked",
        "Search.search": "examine, with what is drawn",
        "check": "Process, which it checks",
        "class_by_class": "for families, with a Process, which was checked",
        "exponential": "for families, with a Process, which was checked",
        "hit_or_not": "for families, with a Process, which was checked",
        "product": "for families, with a Process, which was checked",
        "sum_of_jumps": "for families, with a Process, which was checked",
        "address": "for stories, with a subject",
        "entered": "takes no argument",
        "kinds": "takes no argument",
        "laws_about": "for the engine and the command, with a subject",
        "name_in_main": "for stories, with a subject",
        "slow": "decorates any method of a protocol",
        "owner": "for the engine, with what it found",
        "subjects_in": "any value may stand for no subject",
        "sweeps": "for the command, with a checked Run",
        "undefined_in_places": "decorates any method of a protocol",
        "takes": "for messages, with any function",
        "Plan.block_count": "for laws, with what was drawn",
        "Plan.block_of": "for laws, with what was drawn",
        "Process.conditioning": "for laws, with times that were drawn",
        "Process.description": "for reports, takes no argument",
        "Process.noise_summary": "for reports, with times that were drawn",
        "Process.inflation": "for laws, with times that were drawn",
        "Process.commutes": "for laws, with times that were drawn",
        "Process.has_rate": "for laws, with times that were drawn",
        "Process.is_sensitive": "for laws, with times that were drawn",
        "Schedule.bends_at": "for laws, with times that were drawn",
        "Process.is_reversible": "for laws, with times that were drawn",
        "Process.keeps_its_prior": "for laws, with times that were drawn",
        "FloatProcess": "for laws: the reference's process, which refuses for it",
        "RoundedProcess": "for laws: the reference's process, which refuses for it",
        "Run.of_environment": "Run, whose arguments it takes",
        "Space": "made by processes(), which checks what it is given",
        "as_number": "for methods, with times that were drawn",
        "check_device": "Run, whose device it checks",
        "check_dtype": "Run, whose precision it checks",
        "did_you_mean": "for messages, with any name",
        "examine_all": "examine, for all laws",
        "hold": "for the plugin: examine, and report",
        "in_floats": "for laws, with a Process, which was checked",
        "is_at_least": "for stories, with a claim",
        "is_settled": "for the command, with what examine returned",
        "inputs": "for the engine: what examine draws from",
        "most_general_first": "for the command, with laws of the book",
        "unanswered": "for the command, with a law of the book",
    },
}


def public(side: str) -> list[str]:
    """The names that have to be in the list of bad input of ``implementations``, ``reference`` or ``properties``."""
    every = {"implementations": implementations, "reference": reference, "properties": properties}[side]()
    return [name for name in every if not any(name == e or name.startswith(f"{e}.") for e in EXEMPT[side])]


def implementations() -> list[str]:
    exported = {name: getattr(unmask.implementations, name) for name in unmask.implementations.__all__}
    return [found for name, item in exported.items() for found in names_of(name, item)]


def reference() -> list[str]:
    return [
        found
        for module in modules(unmask.reference)
        for name, item in vars(module).items()
        if not name.startswith("_") and getattr(item, "__module__", "") == module.__name__
        for found in names_of(f"{module.__name__.removeprefix('unmask.reference.')}.{name}", item)
    ]


def properties() -> list[str]:
    listed = [module for module in modules(unmask.properties) if not is_part(module.__name__)]
    items = {name: getattr(module, name) for module in listed for name in getattr(module, "__all__", [])}
    return [found for name, item in items.items() for found in names_of(name, item)]


def is_part(module: str) -> bool:
    """Whether a module is one of the parts, or in one."""
    name = module.removeprefix("unmask.properties.")
    return any(name == part or name.startswith(f"{part}.") for part in PARTS)


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def names_of(name: str, item: Any) -> list[str]:
    """A function's name, or a class's and those of the methods that it defines; nothing for what is neither."""
    if inspect.isfunction(item):
        return [name]
    if not inspect.isclass(item):
        return []
    methods = [key for key, member in vars(item).items() if not key.startswith("_") and is_function(member)]
    return [*([] if inspect.isabstract(item) else [name]), *(f"{name}.{key}" for key in methods)]


def is_function(member: object) -> bool:
    return inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod))
