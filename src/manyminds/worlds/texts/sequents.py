"""Sequents: propositional proofs by eight tactics, checked by a small kernel that only ever applies one of them.

A sequent `p, (p>q) |- q` asks to prove what stands right from the numbered formulas that stand left; formulas are
atoms, `(a&b)`, `(a|b)` and `(a>b)`. A proof is one tactic a line and ends with `#done`; each tactic works on the first
goal that is left. Level l has goals whose shortest proof takes l tactics. The logic is intuitionistic,
without absurdity.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from random import Random
from typing import Any, NamedTuple

from manyminds.worlds.texts.items import Draft, Item, Verdict

Formula = str | tuple[str, "Formula", "Formula"]
ATOMS = "pqrs"
MOST = 6  # formulas on the left
TACTICS = ("assumption", "intro", "split", "left", "right", "both", "cases", "apply")  # the last three take a number


class Sequent(NamedTuple):
    given: tuple[Formula, ...]
    goal: Formula


def shown(formula: Formula) -> str:
    return formula if isinstance(formula, str) else f"({shown(formula[1])}{formula[0]}{shown(formula[2])})"


def written(sequent: Sequent) -> str:
    return f"{', '.join(map(shown, sequent.given))} |- {shown(sequent.goal)}".strip()


def read(text: str) -> Sequent:
    """The sequent that `written` wrote."""
    left, _, right = text.partition("|-")
    parts = [part.strip() for part in left.split(",") if part.strip()]
    return Sequent(tuple(_read(part) for part in parts), _read(right.strip()))


def _read(text: str) -> Formula:
    stack: list[list[Any]] = [[]]
    for token in re.findall(r"[a-z()&|>]", text):
        if token == "(":
            stack.append([])
        elif token == ")":
            a, sign, b = stack.pop()
            stack[-1].append((sign, a, b))
        else:
            stack[-1].append(token)
    return stack[0][0]  # type: ignore[no-any-return]


def applied(sequent: Sequent, tactic: str) -> list[Sequent] | str:
    """The goals that a tactic leaves of one, or why it does not apply. Takes any text."""
    word, _, number = tactic.partition(" ")
    given, goal = sequent
    sign = goal[0] if isinstance(goal, tuple) else ""
    if tactic == "assumption":
        return [] if goal in given else "the goal is not given"
    if tactic == "intro" and sign == ">":
        return [Sequent(_more(given, goal[1]), goal[2])]
    if tactic == "split" and sign == "&":
        return [Sequent(given, goal[1]), Sequent(given, goal[2])]
    if tactic in ("left", "right") and sign == "|":
        return [Sequent(given, goal[1] if tactic == "left" else goal[2])]
    if word not in ("both", "cases", "apply"):
        return f"{tactic[:40]} does not apply" if word in TACTICS else f"there is no tactic {tactic[:40]!r}"
    if not (number.isascii() and number.isdigit() and len(number) < 3 and 0 < int(number) <= len(given)):
        return f"there is no formula {number[:20]!r} on the left"
    formula = given[int(number) - 1]
    rest = tuple(one for one in given if one != formula)
    kind = formula[0] if isinstance(formula, tuple) else ""
    if word == "both" and kind == "&":
        return [Sequent(_more(_more(rest, formula[1]), formula[2]), goal)]
    if word == "cases" and kind == "|":
        return [Sequent(_more(rest, formula[1]), goal), Sequent(_more(rest, formula[2]), goal)]
    if word == "apply" and kind == ">" and formula[2] == goal:
        return [Sequent(given, formula[1])]
    return f"{tactic[:40]} does not apply"


def _more(given: tuple[Formula, ...], formula: Formula) -> tuple[Formula, ...]:
    return given if formula in given else (*given, formula)


def possible(sequent: Sequent) -> list[tuple[str, list[Sequent]]]:
    """All tactics that apply, with the goals they leave."""
    numbers = range(1, len(sequent.given) + 1)
    tried = [*TACTICS[:5], *(f"{word} {n}" for word in TACTICS[5:] for n in numbers)]
    found = ((tactic, applied(sequent, tactic)) for tactic in tried)
    return [(tactic, goals) for tactic, goals in found if not isinstance(goals, str)]


@lru_cache(maxsize=200_000)
def proof(sequent: Sequent, most: int) -> tuple[str, ...] | None:
    """A shortest proof of at most `most` tactics, or None. Goals are independent, so their proofs follow each other."""
    if most < 1:
        return None
    best: tuple[str, ...] | None = None
    for tactic, goals in possible(sequent):
        found: tuple[str, ...] | None = (tactic,)
        for i, goal in enumerate(goals):
            left = (len(best) - 1 if best else most) - len(found) - (len(goals) - 1 - i)
            rest = proof(goal, left)
            if rest is None:
                found = None
                break
            found += rest
        if found and (best is None or len(found) < len(best)):
            best = found
    return best


def random_formula(rng: Random, size: int) -> Formula:
    if size == 1:
        return rng.choice(ATOMS)
    left = rng.randint(1, size - 1)
    return (rng.choice("&|>>"), random_formula(rng, left), random_formula(rng, size - left))


def grown(rng: Random, tactics: int) -> Sequent:
    """A sequent that some proof of about so many tactics proves: the tactics are undone from the axioms."""
    if tactics <= 1:
        goal = random_formula(rng, rng.choice((1, 1, 2)))
        given = [goal, *(random_formula(rng, rng.choice((1, 2, 2))) for _ in range(rng.choice((0, 1, 1, 2))))]
        rng.shuffle(given)
        return Sequent(tuple(dict.fromkeys(given)), goal)
    kind = rng.choice(("intro", "split", "side", "both", "cases", "apply"))
    if kind in ("split", "cases") and tactics > 2:
        first = rng.randint(1, tactics - 2)
        a, b = grown(rng, first), grown(rng, tactics - 1 - first)
        if kind == "split":
            return Sequent(tuple(dict.fromkeys((*a.given, *b.given))), ("&", a.goal, b.goal))
        if a.given and b.given:
            return Sequent((("|", a.given[-1], b.given[-1]), *a.given[:-1], *b.given[:-1]), ("|", a.goal, b.goal))
    a = grown(rng, tactics - 1)
    if kind == "intro" and a.given:
        return Sequent(a.given[:-1], (">", a.given[-1], a.goal))
    if kind == "side":
        other = random_formula(rng, 1)
        return Sequent(a.given, ("|", a.goal, other) if rng.random() < 0.5 else ("|", other, a.goal))
    if kind == "both" and len(a.given) > 1:
        return Sequent((*a.given[:-2], ("&", a.given[-2], a.given[-1])), a.goal)
    goal = random_formula(rng, 1)
    return Sequent(_more(a.given, (">", a.goal, goal)), goal)


@dataclass(frozen=True)
class Sequents:
    """Level l: shortest proof of l tactics. Levels 7 and 8 are out of distribution."""

    name: str = "sequents"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)

    def draft(self, rng: Random, level: int) -> Draft:
        for tries in count():
            sequent = grown(rng, level + tries % 3)
            if len(sequent.given) > MOST or len(written(sequent)) > 60:
                continue
            tactics = proof(sequent, level)
            if tactics is not None and len(tactics) == level:
                break
        solution = "\n".join([*tactics, "#done"])
        return Draft(_renamed(written(sequent)), written(sequent), solution, "done", {"direct": solution})

    def check(self, item: Item, text: str) -> Verdict:
        """Only a proof that leaves no goal counts; an error ends it. `progress` half the share of its right tactics."""
        goals, taken = [read(item.prompt)], 0
        for line in filter(None, map(str.strip, text[:20_000].split("\n"))):
            if line == "#done":
                return Verdict(not goals, line, "a goal is still open" if goals else "", float(not goals))
            after = applied(goals[0], line) if goals else "there is no goal left"
            if isinstance(after, str):
                return Verdict(False, None, after, taken / (taken + 1) / 2)
            goals, taken = [*after, *goals[1:]], taken + 1
            if len(goals) > 50:
                return Verdict(False, None, "too many goals", 0.0)
        return Verdict(False, None, "does not end with #done", taken / (taken + 1) / 2)


def goals_left(item: Item) -> list[str]:
    """The goals that are open after each tactic of the solution."""
    goals, found = [read(item.prompt)], []
    for tactic in item.solution.split("\n")[:-1]:
        after = applied(goals[0], tactic)
        assert not isinstance(after, str)
        goals = [*after, *goals[1:]]
        found.append("; ".join(map(written, goals)) or "no goals")
    return found


def _renamed(text: str) -> str:
    """Atoms in the order in which they first stand: one form for all names."""
    order = {name: f"v{i}" for i, name in enumerate(dict.fromkeys(re.findall("[a-z]", text)))}
    return re.sub("[a-z]", lambda found: order[found[0]], text)
