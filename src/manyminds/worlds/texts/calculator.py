"""A calculator for texts: digits and + - * / . ( ) alone, read by a parser of its own and never executed."""

import re
from fractions import Fraction

ALLOWED = re.compile(r"[\d+\-*/.() ]{1,500}")
TOKEN = re.compile(r" *(\d+(?:\.\d+)?|\.\d+|[-+*/()])")
DEEPEST = 50  # open brackets


class Wrong(ValueError):
    """An expression that has no value; the text says why."""


def calculate(text: str) -> str:
    """The value of an expression, exact inside and rounded to six decimals, or a sentence that says what is wrong."""
    try:
        value = value_of(text)
    except Wrong as problem:
        return f"Cannot calculate: {problem}."
    return str(value) if value.denominator == 1 else f"{float(value):.6f}".rstrip("0").rstrip(".")


def value_of(text: str) -> Fraction:
    if not ALLOWED.fullmatch(text):
        raise Wrong("only digits and + - * / . ( ) are allowed, at most 500 of them")
    tokens, at = list[str](), 0
    while text[at:].strip():
        found = TOKEN.match(text, at)
        if not found:
            raise Wrong(f"{text[at:].strip()[:10]!r} is no number")
        tokens.append(found[1])
        at = found.end()
    value, rest = added(tokens, 0)
    if rest:
        raise Wrong(f"{rest[0]!r} is one too many")
    if max(abs(value.numerator), value.denominator).bit_length() > 1000:
        raise Wrong("the number is too large")
    return value


def added(tokens: list[str], depth: int) -> tuple[Fraction, list[str]]:
    value, rest = multiplied(tokens, depth)
    while rest and rest[0] in "+-":
        other, after = multiplied(rest[1:], depth)
        value, rest = value + other if rest[0] == "+" else value - other, after
    return value, rest


def multiplied(tokens: list[str], depth: int) -> tuple[Fraction, list[str]]:
    value, rest = single(tokens, depth)
    while rest and rest[0] in "*/":
        other, after = single(rest[1:], depth)
        if rest[0] == "/" and not other:
            raise Wrong("a division by zero")
        value, rest = value * other if rest[0] == "*" else value / other, after
    return value, rest


def single(tokens: list[str], depth: int) -> tuple[Fraction, list[str]]:
    if not tokens:
        raise Wrong("the expression stops too early")
    first, rest = tokens[0], tokens[1:]
    if (first in "+-" or first == "(") and depth > DEEPEST:
        raise Wrong("too many brackets and signs")
    if first == "(":
        value, rest = added(rest, depth + 1)
        if not rest or rest[0] != ")":
            raise Wrong("a ')' is missing")
        return value, rest[1:]
    if first in "+-":
        value, rest = single(rest, depth + 1)
        return (value if first == "+" else -value), rest
    if not (first[0].isdigit() or first[0] == "."):
        raise Wrong(f"a number is missing before {first!r}")
    return Fraction(first), rest
