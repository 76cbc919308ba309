"""Kinds of arguments of the functions in the bank; each has a generator of ordinary, edge and large values.

The name of a kind is the annotation in the bank, so what a function takes is said once.
"""

from collections.abc import Callable
from random import Random
from typing import Any

Numbers = list[int]
Sorted = list[int]  # ascending
Some = list[int]  # at least one number
Small = int  # 0 to 12: sizes that recursion and counting can bear
Whole = int  # 0 or more
Positive = int  # 1 or more
Sentence = str  # words, blanks and a little punctuation
Word = str  # small letters
Digits = str  # 0 to 9
Bits = str
Brackets = str
Intervals = list[list[int]]  # [first, last], first <= last
Matrix = list[list[int]]  # rows of one length
Square = list[list[int]]
Grid = list[list[int]]  # of 0 and 1
Nested = list[Any]  # numbers and such lists
Postfix = str
Formula = str
Roman = str
Hexadecimal = str
Pairs = str
Version = str
Ranges = str
Clock = str
Runs = str
Code = str

PLAIN = {  # what a reader is shown
    **dict.fromkeys(("Numbers", "Sorted", "Some"), "list[int]"),
    **dict.fromkeys(("Small", "Whole", "Positive"), "int"),
    **dict.fromkeys(("Intervals", "Matrix", "Square", "Grid"), "list[list[int]]"),
    "Nested": "list",
    **dict.fromkeys(("Sentence", "Word", "Digits", "Bits", "Brackets", "Postfix", "Formula", "Roman"), "str"),
    **dict.fromkeys(("Hexadecimal", "Pairs", "Version", "Ranges", "Clock", "Runs", "Code"), "str"),
}  # fmt: skip
MODES = ("ordinary", "edge", "large")


def numbers(rng: Random, count: int, low: int = -9, high: int = 20) -> list[int]:
    return [rng.randint(low, high) for _ in range(count)]


def letters(rng: Random, count: int, of: str = "abcde") -> str:
    return "".join(rng.choice(of) for _ in range(count))


def intervals(rng: Random, count: int, most: int = 30) -> list[list[int]]:
    return [sorted(numbers(rng, 2, 0, most)) for _ in range(count)]


def matrix(rng: Random, rows: int, columns: int, low: int = -9, high: int = 9) -> list[list[int]]:
    return [numbers(rng, columns, low, high) for _ in range(rows)]


def nested(rng: Random, depth: int, width: int = 3) -> list[Any]:
    count = rng.randint(0, width)
    return [nested(rng, depth - 1) if depth and rng.random() < 0.5 else rng.randint(-9, 9) for _ in range(count)]


def deep(depth: int) -> list[Any]:
    found: list[Any] = [1]
    for _ in range(depth):
        found = [found]
    return found


def postfix(rng: Random, operations: int) -> str:
    words, depth, left = [], 0, operations
    while left or depth != 1:
        if depth < 2 or (left and rng.random() < 0.5 and depth < 6):
            words.append(str(rng.randint(0, 9)))
            depth += 1
        else:
            words.append(rng.choice("+-*"))
            depth, left = depth - 1, max(0, left - 1)
    return " ".join(words)


def roman(value: int) -> str:
    worths = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    found = ""
    for worth, sign in zip(worths, ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")):
        found, value = found + sign * (value // worth), value % worth
    return found


def sentence(rng: Random, count: int) -> str:
    blanks = (" ", " ", " ", "  ", ", ")
    words = [letters(rng, rng.randint(1, 6), "abcdeilnorstAEIT") + rng.choice(blanks) for _ in range(count)]
    return "".join(words).strip(", ") + rng.choice(("", ".", "!"))


def code(rng: Random, count: int) -> str:
    return "\n".join(rng.choice(("a = 1", "b = 2  # two", "# all", "", "f(a)")) for _ in range(count))


def formula(rng: Random, terms: int) -> str:
    return str(rng.randint(0, 99)) + "".join(f"{rng.choice('+-')}{rng.randint(0, 99)}" for _ in range(terms - 1))


def ranges(rng: Random, count: int) -> str:
    spans = [(first, first + rng.randint(0, 4)) for first in numbers(rng, count, 0, 40)]
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def pairs(rng: Random, count: int) -> str:
    return ";".join(f"{letters(rng, 2)}={rng.randint(0, 99)}" for _ in range(count))


Made = tuple[Callable[[Random], Any], tuple[Any, ...], Callable[[Random], Any]]
KINDS: dict[str, Made] = {  # ordinary, edges, large
    "Numbers": (lambda r: numbers(r, r.randint(1, 8)), ([], [0], [5, 5, 5], [-3], [2, 1], [-1, -1, 0]),
                lambda r: numbers(r, 150, -99, 99)),
    "Sorted": (lambda r: sorted(numbers(r, r.randint(1, 8))), ([], [0], [4, 4, 4], [1, 2]),
               lambda r: sorted(numbers(r, 150, -99, 99))),
    "Some": (lambda r: numbers(r, r.randint(2, 8)), ([0], [-4], [5, 5, 5], [2, 1], [-3, -1]),
             lambda r: numbers(r, 150, -99, 99)),
    "int": (lambda r: r.randint(-9, 20), (0, 1, -1), lambda r: r.randint(100, 999)),
    "Small": (lambda r: r.randint(1, 7), (0, 1, 2), lambda r: r.randint(8, 12)),
    "Whole": (lambda r: r.randint(2, 60), (0, 1, 2, 9, 10), lambda r: r.randint(500, 5000)),
    "Positive": (lambda r: r.randint(2, 60), (1, 2, 4, 10), lambda r: r.randint(500, 5000)),
    "Word": (lambda r: letters(r, r.randint(2, 8)), ("", "a", "aa", "ab"), lambda r: letters(r, 120)),
    "Sentence": (lambda r: sentence(r, r.randint(1, 5)), ("", "a", " ", "A b", "aa aa"), lambda r: sentence(r, 60)),
    "Digits": (lambda r: letters(r, r.randint(1, 6), "0123456789"), ("", "0", "10", "00", "27"),
               lambda r: letters(r, 60, "12")),
    "Bits": (lambda r: letters(r, r.randint(1, 8), "01"), ("", "0", "1", "000"), lambda r: letters(r, 60, "01")),
    "Brackets": (lambda r: r.choice((letters(r, 2 * r.randint(1, 3), "()[]"), "([])()", "(())[]", "([)]", "(()")),
                 ("", "(", ")", "()", "]["), lambda r: "([" * 40 + "])" * r.choice((40, 39))),
    "Intervals": (lambda r: intervals(r, r.randint(1, 5)), ([], [[3, 3]], [[1, 2], [2, 3]], [[1, 4], [5, 6]],
                  [[2, 5], [2, 5]]), lambda r: intervals(r, 60, 400)),
    "Matrix": (lambda r: matrix(r, r.randint(1, 4), r.randint(1, 4)), ([], [[7]], [[1, 2, 3]], [[1], [2]],
               [[0, 0], [0, 0]]), lambda r: matrix(r, 15, 12)),
    "Square": (lambda r: (lambda n: matrix(r, n, n))(r.randint(2, 4)), ([], [[7]], [[1, 2], [2, 1]], [[1, 0], [0, 1]]),
               lambda r: matrix(r, 14, 14)),
    "Grid": (lambda r: matrix(r, r.randint(1, 4), r.randint(1, 4), 0, 1), ([], [[0]], [[1]],
             [[1, 0], [0, 1]]), lambda r: matrix(r, 12, 12, 0, 1)),
    "Nested": (lambda r: nested(r, 3, 4), ([], [[]], [1], [[], [[]]]), lambda r: r.choice((deep(30), nested(r, 7, 4)))),
    "Postfix": (lambda r: postfix(r, r.randint(1, 4)), ("5", "0", "1 2 -"), lambda r: postfix(r, 25)),
    "Formula": (lambda r: formula(r, r.randint(1, 4)), ("0", "7", "3-3", "1-2"), lambda r: formula(r, 60)),
    "Roman": (lambda r: roman(r.randint(1, 99)), ("", "I", "IV", "XC"), lambda r: roman(r.randint(1000, 3999))),
    "Hexadecimal": (lambda r: letters(r, r.randint(1, 3), "0123456789abcdef"), ("", "0", "a", "F", "10"),
                    lambda r: letters(r, 12, "0123456789abcdefABCDEF")),
    "Pairs": (lambda r: pairs(r, r.randint(1, 4)), ("", "a=1", "a=1;a=2"), lambda r: pairs(r, 60)),
    "Version": (lambda r: ".".join(map(str, numbers(r, r.randint(1, 3), 0, 12))), ("0", "1.0", "1", "1.10", "1.9"),
                lambda r: ".".join(map(str, numbers(r, 12, 0, 99)))),
    "Ranges": (lambda r: ranges(r, r.randint(1, 4)), ("", "5", "3-3", "1-2,2-3"), lambda r: ranges(r, 40)),
    "Clock": (lambda r: f"{r.randint(0, 23)}:{r.randint(0, 59):02}", ("0:00", "0:01", "12:00", "23:59"),
              lambda r: f"{r.randint(100, 999)}:{r.randint(0, 59):02}"),
    "Runs": (lambda r: "".join(f"{letters(r, 1)}{r.randint(1, 5)}" for _ in range(r.randint(1, 4))),
             ("", "a1", "a10", "a0b2"), lambda r: "".join(f"{letters(r, 1)}{r.randint(1, 15)}" for _ in range(40))),
    "Code": (lambda r: code(r, r.randint(1, 4)), ("", "#", "a", "a#b#c", "\n"), lambda r: code(r, 60)),
}  # fmt: skip


def value(kind: str, mode: str, rng: Random) -> Any:
    """A value of a kind. `edge` picks one of the edges, `large` a size that a careless program is slow or wrong at."""
    ordinary, edges, large = KINDS[kind]
    if mode == "edge":
        picked = rng.choice(edges)
        return [list(one) if isinstance(one, list) else one for one in picked] if isinstance(picked, list) else picked
    return (large if mode == "large" else ordinary)(rng)
