"""Functions: write a small Python function from its docstring; judged by running it on hidden inputs in the sandbox.

A function is a chain of one to four operations. What it must return is computed here, by the operations themselves, and
compared outside of the program that is judged (`running.py`).
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from manyminds.worlds.texts.items import Draft, Item, Verdict
from manyminds.worlds.texts.running import judged

LIST, WHOLE, TEXT = "list of integers", "integer", "string"


class Operation(NamedTuple):
    """`takes` and `gives` are types; `says` and `code` may hold {n}; `does` is the meaning, independent of `code`."""

    takes: str
    gives: str
    says: str
    code: str
    does: Callable[[Any, int], Any]


def _running(x: list[int], _: int) -> list[int]:
    return [sum(x[: i + 1]) for i in range(len(x))]


OPERATIONS = {
    "even": Operation(
        LIST,
        LIST,
        "keep the even numbers",
        "x = [v for v in x if v % 2 == 0]",
        lambda x, n: [v for v in x if not v & 1],
    ),
    "odd": Operation(
        LIST, LIST, "keep the odd numbers", "x = [v for v in x if v % 2 == 1]", lambda x, n: [v for v in x if v & 1]
    ),
    "above": Operation(
        LIST,
        LIST,
        "keep the numbers above {n}",
        "x = [v for v in x if v > {n}]",
        lambda x, n: list(filter(n.__lt__, x)),
    ),
    "add": Operation(
        LIST, LIST, "add {n} to each number", "x = [v + {n} for v in x]", lambda x, n: list(map(n.__add__, x))
    ),
    "times": Operation(
        LIST, LIST, "multiply each number by {n}", "x = [v * {n} for v in x]", lambda x, n: list(map(n.__mul__, x))
    ),
    "reverse": Operation(LIST, LIST, "reverse the order", "x = x[::-1]", lambda x, n: list(reversed(x))),
    "sort": Operation(LIST, LIST, "sort from small to large", "x = sorted(x)", lambda x, n: sorted(x)),
    "once": Operation(
        LIST,
        LIST,
        "keep the first of equal numbers",
        "x = list(dict.fromkeys(x))",
        lambda x, n: [v for i, v in enumerate(x) if v not in x[:i]],
    ),
    "take": Operation(
        LIST, LIST, "keep the first {n} numbers", "x = x[:{n}]", lambda x, n: [v for i, v in enumerate(x) if i < n]
    ),
    "running": Operation(
        LIST, LIST, "give the running totals", "x = [sum(x[:i + 1]) for i in range(len(x))]", _running
    ),
    "clamp": Operation(
        LIST,
        LIST,
        "lower numbers above {n} to {n}",
        "x = [min(v, {n}) for v in x]",
        lambda x, n: [v if v < n else n for v in x],
    ),
    "sum": Operation(LIST, WHOLE, "give the sum", "x = sum(x)", lambda x, n: sum(x)),
    "largest": Operation(
        LIST,
        WHOLE,
        "give the largest number, 0 if there is none",
        "x = max(x, default=0)",
        lambda x, n: sorted(x)[-1] if x else 0,
    ),
    "count": Operation(LIST, WHOLE, "give how many there are", "x = len(x)", lambda x, n: sum(1 for _ in x)),
    "join": Operation(
        LIST, TEXT, "join the numbers with '-'", "x = '-'.join(map(str, x))", lambda x, n: "-".join(f"{v}" for v in x)
    ),
    "upper": Operation(TEXT, TEXT, "make it upper case", "x = x.upper()", lambda x, n: x.upper()),
    "backwards": Operation(TEXT, TEXT, "turn it around", "x = x[::-1]", lambda x, n: "".join(reversed(x))),
    "vowels": Operation(
        TEXT,
        WHOLE,
        "count the vowels a, e, i, o, u in either case",
        "x = sum(c in 'aeiouAEIOU' for c in x)",
        lambda x, n: sum(x.lower().count(c) for c in "aeiou"),
    ),
    "digits": Operation(
        TEXT,
        TEXT,
        "keep the digits 0 to 9",
        "x = ''.join(c for c in x if c in '0123456789')",
        lambda x, n: "".join(c for c in x if "0" <= c <= "9"),
    ),
    "letters": Operation(
        TEXT,
        TEXT,
        "keep the first {n} characters",
        "x = x[:{n}]",
        lambda x, n: "".join(c for i, c in enumerate(x) if i < n),
    ),
    "mirror": Operation(
        TEXT,
        WHOLE,
        "give 1 if it reads the same from both ends, else 0",
        "x = int(x == x[::-1])",
        lambda x, n: int(all(x[i] == x[-1 - i] for i in range(len(x)))),
    ),
}
WIDE = ("above", "add", "times", "clamp")  # operations whose {n} may be large
ALLOWED = (  # syntax of a candidate that is worth running; the sandbox holds it in any case
    ast.Module,
    ast.FunctionDef,
    ast.arguments,
    ast.arg,
    ast.Return,
    ast.Assign,
    ast.AugAssign,
    ast.AnnAssign,
    ast.For,
    ast.While,
    ast.If,
    ast.Expr,
    ast.Pass,
    ast.Break,
    ast.Continue,
    ast.expr,
    ast.expr_context,
    ast.boolop,
    ast.operator,
    ast.unaryop,
    ast.cmpop,
    ast.comprehension,
    ast.keyword,
)


def applied(chain: list[list[Any]], x: Any) -> Any:
    for name, n in chain:
        x = OPERATIONS[name].does(x, n)
    return x


def written(chain: list[list[Any]]) -> str:
    """The chain as a readable function."""
    lines = [f"    {OPERATIONS[name].code.format(n=n)}" for name, n in chain]
    return "\n".join(["def f(x):", *lines, "    return x"])


def inputs(rng: Random, kind: str, count: int) -> list[Any]:
    """Typed inputs: the empty one, one large, equal and negative values, and ordinary ones."""
    if kind == LIST:
        edges: list[Any] = [[], [0], [3, 3, 3], [-5, 4, -5, 11], [rng.randint(-99, 99) for _ in range(200)]]
        return edges + [[rng.randint(-20, 30) for _ in range(rng.randint(1, 9))] for _ in range(count - len(edges))]
    letters = "abcdefghijklmnopqrstuvwxyzAEIOU0123456789 -"
    edges = ["", "a", "level", "Ae10 Ae10", "".join(rng.choice(letters) for _ in range(300))]
    return edges + ["".join(rng.choice(letters) for _ in range(rng.randint(1, 12))) for _ in range(count - len(edges))]


def short(rng: Random, kind: str) -> Any:
    """An input that is small enough to be shown."""
    return [rng.randint(0, 9) for _ in range(rng.randint(3, 4))] if kind == LIST else inputs(rng, kind, 6)[-1][:6]


@dataclass(frozen=True)
class Functions:
    """Level k composes k operations; `tests` hidden inputs an item. Level 5 is out of distribution."""

    tests: int = 30
    name: str = "functions"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)

    def draft(self, rng: Random, level: int) -> Draft:
        first = kind = rng.choice((LIST, LIST, TEXT))
        chain: list[list[Any]] = []
        while len(chain) < level:
            last = len(chain) == level - 1
            able = [
                name
                for name, one in OPERATIONS.items()
                if one.takes == kind and (last or one.gives != WHOLE) and name not in [done for done, _ in chain]
            ]
            if not able:
                return self.draft(rng, level)
            name = rng.choice(able)
            chain.append([name, rng.randint(2, 40 if name in WIDE else 9) if "{n}" in OPERATIONS[name].says else 0])
            kind = OPERATIONS[name].gives
        hidden = inputs(rng, first, self.tests)
        shown = [short(rng, first) for _ in range(1 if level == 1 else 2)]
        says = ", then ".join(OPERATIONS[name].says.format(n=n) for name, n in chain)
        examples = "\n".join(f"    f({x!r}) == {applied(chain, x)!r}" for x in shown)
        prompt = f'def f(x):\n    """x is a {first}: {says}.\n{examples}\n    """'
        meta = {"chain": chain, "inputs": hidden, "direct": written(chain)}
        return Draft([first, chain], prompt, written(chain), written(chain), meta)

    def check(self, item: Item, text: str) -> Verdict:
        """What can be said without running it: whether `text` is one function `f` in plain syntax. `ok` only for the
        reference itself; `judge` runs the rest."""
        code, wrong = candidate(text)
        same = not wrong and code.strip() == item.answer
        return Verdict(same, code or None, wrong or ("" if same else "not run"), float(same))

    async def judge(self, item: Item, text: str, seconds: float = 5.0) -> Verdict:
        """Run the function on all hidden inputs. `progress` is the share of right results."""
        code, wrong = candidate(text)
        if wrong:
            return Verdict(False, None, wrong)
        tests = [([x], applied(item.meta["chain"], x)) for x in item.meta["inputs"]]
        return await judged(code, "f", tests, seconds)


def candidate(text: str) -> tuple[str, str]:
    """The code of a reply (its last fenced block, or all of it) and what is wrong with it before it is run."""
    blocks = text[:20_000].replace("```python", "```").split("```")
    code = (blocks[-2 if len(blocks) % 2 else -1] if len(blocks) > 1 else blocks[0]).strip("\n")
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "", f"does not parse: {type(error).__name__}"
    strange = next((type(node).__name__ for node in ast.walk(tree) if not isinstance(node, ALLOWED)), "")
    if strange:
        return "", f"{strange} is not allowed here"
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if "f" not in names:
        return "", "no function f"
    return code, ""


def mutants(item: Item) -> list[str]:
    """Wrong programs near the right one (a constant off by one, an operation dropped, two swapped), each of them proved
    different by some hidden input."""
    chain = item.meta["chain"]
    changed = [[*chain[:i], [name, n + d], *chain[i + 1 :]] for i, (name, n) in enumerate(chain) if n for d in (-1, 1)]
    changed += [[*chain[:i], *chain[i + 1 :]] for i in range(len(chain))]
    changed += [[*chain[:i], chain[i + 1], chain[i], *chain[i + 2 :]] for i in range(len(chain) - 1)]
    proved = []
    for other in changed:
        try:
            differs = any(applied(other, x) != applied(chain, x) for x in item.meta["inputs"])
        except (TypeError, AttributeError):
            differs = True
        if differs:
            proved.append(written(other))
    return proved
