"""The arithmetic of `Upstash-Retry-Delay`, read without `eval` (qstash.md section 1.2)."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

MAX_LENGTH = 200
FUNCTIONS: dict[str, Callable[..., float]] = {
    "pow": math.pow,
    "sqrt": math.sqrt,
    "abs": math.fabs,
    "exp": math.exp,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "min": min,
    "max": max,
}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}


def evaluate(expression: str, retried: int) -> float:
    """The value with `retried` put in; raises `ValueError` for what is no such expression."""
    if len(expression) > MAX_LENGTH:
        raise ValueError("The expression is too long.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        value = float(_compute(tree.body, float(retried)))
    except (SyntaxError, TypeError, ArithmeticError, RecursionError) as error:
        raise ValueError(f"{expression!r}: {error}") from error
    if not math.isfinite(value):
        raise ValueError(f"{expression!r} is not a number.")
    return value


def _compute(node: ast.expr, retried: float) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id="retried"):
            return retried
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_compute(operand, retried)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            return OPERATORS[type(sign)](_compute(left, retried), _compute(right, retried))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            return FUNCTIONS[name](*[_compute(each, retried) for each in args])
    raise ValueError(f"not allowed: {ast.unparse(node)}")
