"""Rewrites: equational proofs over + and *, checked by a small kernel that knows six rules.

A goal is to turn one expression into another. A proof names a rule and gives the whole next expression on each line, as
`commute (b+a)`, and ends with `#done`. Level l has goals whose shortest proof, found by breadth-first search, has l
steps.
"""

import re
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Any

from manyminds.worlds.texts.items import Draft, Item, Verdict

Term = str | tuple[str, "Term", "Term"]
TOKEN = re.compile(r"[a-d01()+*]")
LARGEST = 9  # leaves of a term; a rule that would go beyond does not apply


def shown(term: Term) -> str:
    return term if isinstance(term, str) else f"({shown(term[1])}{term[0]}{shown(term[2])})"


def read(text: str) -> Term | None:
    """The term that `text` writes with all its brackets; None for anything else."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != text.replace(" ", "") or len(tokens) > 8 * LARGEST:
        return None
    stack: list[list[Any]] = [[]]
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            parts = stack.pop()
            if not stack or len(parts) != 3 or parts[1] not in ("+", "*") or any(p in ("+", "*") for p in parts[::2]):
                return None
            stack[-1].append((parts[1], parts[0], parts[2]))
        else:
            stack[-1].append(token)
    return stack[0][0] if len(stack) == 1 and len(stack[0]) == 1 and stack[0][0] not in ("+", "*") else None


def leaves(term: Term) -> int:
    return 1 if isinstance(term, str) else leaves(term[1]) + leaves(term[2])


def at_root(term: Term) -> list[tuple[str, Term]]:
    """What each rule makes of the root of a term."""
    if isinstance(term, str):
        return []
    sign, left, right = term
    found: list[tuple[str, Term]] = [("commute", (sign, right, left))]
    if isinstance(left, tuple) and left[0] == sign:
        found.append(("associate", (sign, left[1], (sign, left[2], right))))
    if sign == "+" and right == "0":
        found.append(("zero", left))
    if sign == "*" and right == "1":
        found.append(("one", left))
    if sign == "*" and right == "0":
        found.append(("nothing", "0"))
    if sign == "*" and isinstance(right, tuple) and right[0] == "+":
        found.append(("distribute", ("+", ("*", left, right[1]), ("*", left, right[2]))))
    return found


RULES = ("commute", "associate", "zero", "one", "nothing", "distribute")


def steps(term: Term) -> list[tuple[str, Term]]:
    """Every term that one rule makes somewhere within `term`, with its rule."""
    found = [one for one in at_root(term) if leaves(one[1]) <= LARGEST]
    if isinstance(term, tuple):
        sign, left, right = term
        found += [(rule, (sign, after, right)) for rule, after in steps(left)]
        found += [(rule, (sign, left, after)) for rule, after in steps(right)]
    return [one for one in found if leaves(one[1]) <= LARGEST]


def reached(start: Term, most: int) -> list[list[list[tuple[str, Term]]]]:
    """Shortest proofs of all terms within `most` steps of `start`, by their length."""
    proofs: dict[Term, list[tuple[str, Term]]] = {start: []}
    waiting = deque([start])
    while waiting:
        term = waiting.popleft()
        if len(proofs[term]) < most:
            for rule, after in steps(term):
                if after not in proofs:
                    proofs[after] = [*proofs[term], (rule, after)]
                    waiting.append(after)
    by_length: list[list[list[tuple[str, Term]]]] = [[] for _ in range(most + 1)]
    for proof in proofs.values():
        by_length[len(proof)].append(proof)
    return by_length


def random_term(rng: Random, size: int) -> Term:
    if size == 1:
        return rng.choice("abcd01")
    left = rng.randint(1, size - 1)
    return (rng.choice("+*"), random_term(rng, left), random_term(rng, size - left))


@dataclass(frozen=True)
class Rewrites:
    """Level l: shortest proof of l steps. Levels 6 to 8 are out of distribution."""

    name: str = "rewrites"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)

    def draft(self, rng: Random, level: int) -> Draft:
        while True:
            start = random_term(rng, rng.randint(3, 4))
            proofs = reached(start, level)[level]
            if proofs:
                proof = rng.choice(proofs)
                break
        goal = proof[-1][1]
        lines = [f"{rule} {shown(term)}" for rule, term in proof]
        return Draft([_renamed(f"{shown(start)}={shown(goal)}")], f"{shown(start)} = {shown(goal)}",
                     "\n".join([*lines, "#done"]), "done",
                     {"start": shown(start), "goal": shown(goal), "direct": "\n".join([*lines, "#done"])})  # fmt: skip

    def check(self, item: Item, text: str) -> Verdict:
        """Only a closed goal counts: every line up to `#done` is one step by its rule, the last one is the goal."""
        term, taken = read(item.meta["start"]), 0
        assert term is not None
        for line in filter(None, map(str.strip, text[:20_000].split("\n"))):
            if line == "#done":
                closed = shown(term) == item.meta["goal"]
                return Verdict(closed, shown(term), "" if closed else "the goal is still open", float(closed))
            rule, _, after = line.partition(" ")
            following = read(after)
            if following is None or (rule, following) not in steps(term):
                return Verdict(False, None, f"{line[:80]!r} is no step from {shown(term)}", taken / (taken + 1) / 2)
            term, taken = following, taken + 1
        return Verdict(False, shown(term), "does not end with #done", taken / (taken + 1) / 2)


def _renamed(text: str) -> str:
    """Variables in the order in which they first stand: one form for all names."""
    order = {name: str(i) for i, name in enumerate(dict.fromkeys(re.findall("[a-d]", text)))}
    return re.sub("[a-d]", lambda found: f"v{order[found[0]]}", text)
