"""Solutions of several families as `turns.py` shows them: step by step, with a mistake whose place is known.

Sums are equations, and their slips are those of `slips.py`. A path through documents (`hops`) is one line a step, which
ends with the name that it finds; its slips put another name there. A program (`functions`) is shown as it is; its slips
are mutants that are valid in their types and differ from the reference on a hidden input, so a verifier says `ok` or
`bad` alone, and a critique names a test that fails.

A misleading critique reads like a right one: it names any step of what is shown, with a value that is wrong there, or a
test that the reference would fail. Only who works it out can tell.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from manyminds.worlds.texts.functions import LIST, OPERATIONS, TEXT, applied, short, written
from manyminds.worlds.texts.hops import UNKNOWN
from manyminds.worlds.texts.items import Draft
from manyminds.worlds.texts.slips import KINDS, NEAR, Slip, slipped

FOUND = re.compile(r"(\d+\.\d+) (.+?): (.+): (\w+)")  # a line of a path: sentence, whose, relation, name
TOLD = re.compile(r" of (\w+) is (\w+)\.")  # the names of a fact as documents tell it
ON_PATHS = ("value", "missing", "carried")
IN_PROGRAMS = ("operand", "missing", "order")
LONGEST = 60  # characters of an input that a critique names
TRIES = 40  # small inputs that are tried before a failing test is taken from the hidden ones


class Way(NamedTuple):
    """How the solutions of a family are shown, marred, and spoken of. `steps` is empty for a draft that cannot be
    wrapped; a slip is of one of `kinds`, or of another one where that is not possible."""

    kinds: tuple[str, ...]
    steps: Callable[[Draft], list[str]]
    slip: Callable[[Random, Draft, str], Slip]
    label: Callable[[Slip], str]  # what a verifier says
    critique: Callable[[Slip], str]
    misleading: Callable[[Random, Draft, Slip], str]


def equations(inner: Draft) -> list[str]:
    return list(inner.meta["steps"])


def path(inner: Draft) -> list[str]:
    return [line for line in inner.solution.split("\n") if FOUND.fullmatch(line)]


def program(inner: Draft) -> list[str]:
    return inner.solution.split("\n") if mutated(inner.meta) else []


def slipped_path(rng: Random, inner: Draft, kind: str) -> Slip:
    """Another name that the documents tell, at one step; `carried`: the next step starts from it; `missing`: the step
    is left out. The last step is never left out."""
    lines = path(inner)
    at = rng.randrange(len(lines))
    place, who, relation, right = FOUND.fullmatch(lines[at]).groups()  # type: ignore[union-attr]
    last = at == len(lines) - 1
    if kind == "missing" and not last:
        return Slip([*lines[:at], *lines[at + 1 :]], at, right, kind)
    names = dict.fromkeys(name for fact in TOLD.findall(inner.prompt) for name in fact)
    wrong = rng.choice([name for name in names if name not in (right, who)] or [UNKNOWN])
    changed = [*lines[:at], f"{place} {who}: {relation}: {wrong}", *lines[at + 1 :]]
    if kind == "carried" and not last:
        place, _, relation, found = FOUND.fullmatch(lines[at + 1]).groups()  # type: ignore[union-attr]
        changed[at + 1] = f"{place} {wrong}: {relation}: {found}"
        return Slip(changed, at, right, kind)
    return Slip(changed, at, right, "value")


def mutated(meta: dict[str, Any]) -> list[tuple[str, list[list[Any]]]]:
    """Chains one mistake away from that of an item, by the kind of the mistake. All can be run, because every operation
    gets what it takes, and each gives something else on a hidden input that is small enough to be named."""
    chain = meta["chain"]
    changed = [("operand", [*chain[:i], [name, n + d], *chain[i + 1 :]])
               for i, (name, n) in enumerate(chain) if n for d in (-1, 1)]  # fmt: skip
    changed += [("missing", [*chain[:i], *chain[i + 1 :]]) for i in range(len(chain))]
    changed += [("order", [*chain[:i], chain[i + 1], chain[i], *chain[i + 2 :]]) for i in range(len(chain) - 1)]
    begins, told = OPERATIONS[chain[0][0]].takes, [(x, applied(chain, x)) for x in nameable(meta)]
    return [(kind, other) for kind, other in changed if fits(other, begins)
            and any(applied(other, x) != y for x, y in told)]  # fmt: skip


def nameable(meta: dict[str, Any]) -> list[Any]:
    """The hidden inputs that a critique can name."""
    return [x for x in meta["inputs"] if len(repr(x)) <= LONGEST]


def fits(chain: list[list[Any]], kind: str) -> bool:
    """Does every operation take what the one before it gives, the first one a `kind`?"""
    for name, _ in chain:
        if OPERATIONS[name].takes != kind:
            return False
        kind = OPERATIONS[name].gives
    return True


def slipped_program(rng: Random, inner: Draft, kind: str) -> Slip:
    """A mutant; `at` is the first line that differs, `right` a test that fails."""
    found = mutated(inner.meta)
    kind, chain = rng.choice([one for one in found if one[0] == kind] or found)
    right, wrong = inner.solution.split("\n"), written(chain).split("\n")
    at = next(i for i, (a, b) in enumerate(zip(right, wrong)) if a != b)
    return Slip(wrong, at, failing(rng, inner.meta, chain), kind)


def failing(rng: Random, meta: dict[str, Any], chain: list[list[Any]]) -> str:
    """A test of an item that the program of another chain does not pass."""
    x, y = differing(rng, meta, chain)
    return f"f({x!r}) == {y!r}"


def differing(rng: Random, meta: dict[str, Any], chain: list[list[Any]]) -> tuple[Any, Any]:
    """An input for which another chain gives something else than the reference, and what the reference gives: a small
    input if a few tries find one."""
    begins = LIST if OPERATIONS[meta["chain"][0][0]].takes == LIST else TEXT
    tried = [short(rng, begins) for _ in range(TRIES)]
    hidden = sorted(nameable(meta), key=lambda x: len(repr(x)))
    both = ((x, applied(meta["chain"], x)) for x in (*tried, *hidden))
    return next((x, y) for x, y in both if applied(chain, x) != y)


def at_step(slip: Slip) -> str:
    return f"bad {slip.at + 1} {slip.right}"


def named_step(at: int, value: str) -> str:
    return f"Step {at + 1} is wrong: it gives {value}."


def right_step(slip: Slip) -> str:
    return named_step(slip.at, slip.right)


def another_result(rng: Random, inner: Draft, slip: Slip) -> str:
    """Names a step of a sum with a result near to the one that stands there, which is right neither there nor where the
    mistake is."""
    at = rng.randrange(len(slip.lines))
    stands = int(slip.lines[at].rpartition("=")[2])
    known = {slip.right, *(line.rpartition("=")[2] for line in equations(inner)[at : at + 1])}
    near = [str(stands + off) for off in NEAR if stands + off >= 0]
    return named_step(at, rng.choice([value for value in near if value not in known]))


def another_name(rng: Random, inner: Draft, slip: Slip) -> str:
    """Names a step of a path with another name of the documents than those that stand there or should."""
    at = rng.randrange(len(slip.lines))
    known = {slip.right, *(line.rpartition(": ")[2] for line in (*path(inner)[at : at + 1], slip.lines[at]))}
    names = dict.fromkeys(name for fact in TOLD.findall(inner.prompt) for name in fact)
    return named_step(at, rng.choice([name for name in names if name not in known] or [UNKNOWN]))


def another_value(rng: Random, inner: Draft, slip: Slip) -> str:
    """Names a test with the value that a mutant gives."""
    _, chain = rng.choice(mutated(inner.meta))
    x, _ = differing(rng, inner.meta, chain)
    return failed_test(f"f({x!r}) == {applied(chain, x)!r}")


def failed_test(test: str) -> str:
    return f"A test fails: {test}."


WAYS = {
    "sums": Way(KINDS, equations, lambda rng, inner, kind: slipped(rng, equations(inner), kind), at_step, right_step,
                another_result),
    "hops": Way(ON_PATHS, path, slipped_path, at_step, right_step, another_name),
    "functions": Way(IN_PROGRAMS, program, slipped_program, lambda slip: "bad", lambda slip: failed_test(slip.right),
                     another_value),
}  # fmt: skip
