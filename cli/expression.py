"""``-k EXPRESSION``: parts of names, with ``and``, ``or``, ``not`` and parentheses, as pytest reads it."""

from __future__ import annotations

import ast
from collections.abc import Callable

from unmask.cli.usage import UsageProblem


def matcher(expression: str) -> Callable[[str], bool]:
    """Whether a name matches: a word matches the names that it is part of, in upper or lower case.

    Raises
    ------
    UsageProblem : if the expression does not read so.
    """
    try:
        # The grammar is Python's, words are its variables.
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as problem:
        raise _unreadable(expression) from problem
    _check(tree, expression)
    return lambda name: _matches(tree, name.lower())


def _check(node: ast.expr, expression: str) -> None:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check(value, expression)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, expression)
        case ast.Name():
            pass
        case _:
            raise _unreadable(expression)


def _matches(node: ast.expr, name: str) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_matches(value, name) for value in values)
        case ast.BoolOp(values=values):
            return any(_matches(value, name) for value in values)
        case ast.UnaryOp(operand=operand):
            return not _matches(operand, name)
        case ast.Name(id=word):
            return word.lower() in name
    raise AssertionError(ast.dump(node))


def _unreadable(expression: str) -> UsageProblem:
    return UsageProblem(f"-k {expression!r}: parts of names joined with and, or, not and parentheses are wanted")
