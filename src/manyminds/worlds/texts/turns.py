"""Turns: sums wrapped in what agents say to each other: verify, critique, refine, retry, select, debate.

Mistakes are put into worked solutions on purpose (`slips.py`), so what a critic must find is known exactly. A critique
is right, empty or misleading with known shares. Wrong answers that others give are those of somebody who slips once.
The level is that of the wrapped item, and so is the split: nothing that is tested stands in a wrapper trained on.
"""

import json
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any

from manyminds.core import BadInput, unknown
from manyminds.worlds.texts.items import Draft, Family, Item, Verdict, final, last_marked, marked
from manyminds.worlds.texts.slips import KINDS as SLIPS
from manyminds.worlds.texts.slips import first_difference, slipped, wrong_answer
from manyminds.worlds.texts.sums import EQUATION, Sums
from manyminds.worlds.texts.words import PEOPLE

KINDS = ("verify", "critique", "refine", "retry", "select", "debate")
LETTERS = "ABCDEF"
UNIT = re.compile(r"step (\d{1,2}) ([a-z]{1,12}) (\d{1,6}) (fatal|slight)")
AGAIN = "That is wrong. Try again."


@dataclass(frozen=True)
class Turns:
    """`kind` verify: say `ok` or `bad STEP VALUE`; critique: a unit for each mistake (none to two), where, what kind,
    what is right, how grave; refine: solve again after a critique; retry: after `AGAIN`; select: which of three or six
    answers; debate: answer again after the others.

    Out of distribution: a kind of slip held out of `slips`, three `mistakes`."""

    kind: str = "verify"
    right: float = 0.6  # critiques that name the mistake
    empty: float = 0.2  # critiques that say nothing; the others mislead
    slips: tuple[str, ...] = SLIPS
    mistakes: int = 2  # at most, of a critique
    options: tuple[int, ...] = (3, 6)
    others: int = 2  # in a debate
    of: Family = field(default_factory=Sums)  # whose items are wrapped; by select and debate also other families'
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of turn", self.kind, KINDS)
        if self.kind not in ("select", "debate") and self.of.name != "sums":
            raise BadInput(f"{self.kind} needs solutions that are equations; wrap sums, not {self.of.name}")

    @property
    def name(self) -> str:
        return f"turns-{self.kind}"

    def draft(self, rng: Random, level: int) -> Draft:
        inner = self.of.draft(rng, level)
        return getattr(self, f"_{self.kind}")(rng, inner)._replace(root=inner.root or [self.of.name, inner.form])

    def _verify(self, rng: Random, inner: Draft) -> Draft:
        clean, slip = rng.random() < 0.5, slipped(rng, inner.meta["steps"], rng.choice(self.slips))
        shown = inner.meta["steps"] if clean else slip.lines
        answer = "ok" if clean else f"bad {slip.at + 1} {slip.right}"
        prompt = f"{inner.prompt}\n{chr(10).join(shown)}\nIs every step right?"
        return Draft([inner.form, shown], prompt, final(answer), answer, {"kind": "" if clean else slip.kind})

    def _critique(self, rng: Random, inner: Draft) -> Draft:
        lines, units, at = list(inner.meta["steps"]), list[str](), 0
        for _ in range(rng.randint(0, self.mistakes)):
            if at >= len(lines):
                break
            # What is carried on or left out moves later steps, so that they could not be judged one by one.
            kind = rng.choice([one for one in self.slips if one not in ("carried", "missing")])
            slip = slipped(rng, lines, kind, at)
            lines, at = slip.lines, slip.at + 1
            grave = "fatal" if slip.at == len(lines) - 1 else "slight"
            units.append(f"step {slip.at + 1} {slip.kind} {slip.right} {grave}")
        prompt = f"{inner.prompt}\n{chr(10).join(lines)}\nWhat is wrong?"
        answer = str(len(units))
        solution = "\n".join([*units, final(answer)])
        return Draft([inner.form, lines], prompt, solution, answer, {"units": units, "direct": solution})

    def _refine(self, rng: Random, inner: Draft) -> Draft:
        slip, chance = slipped(rng, inner.meta["steps"], rng.choice(self.slips)), rng.random()
        said = (f"Step {slip.at + 1} is wrong: it gives {slip.right}." if chance < self.right
                else "" if chance < self.right + self.empty else "Every step is right.")  # fmt: skip
        kind = "right" if chance < self.right else "misleading" if said else "empty"
        prompt = f"{inner.prompt}\n{chr(10).join(slip.lines)}\nCritique: {said or 'none.'}\nSolve it again."
        return Draft(
            [inner.form, slip.lines, said], prompt, inner.solution, inner.answer, inner.meta | {"critique": kind}
        )

    def _retry(self, rng: Random, inner: Draft) -> Draft:
        slip = slipped(rng, inner.meta["steps"], rng.choice(self.slips))
        prompt = f"{inner.prompt}\n{chr(10).join(slip.lines)}\n{AGAIN}"
        return Draft([inner.form, slip.lines], prompt, inner.solution, inner.answer, inner.meta)

    def _select(self, rng: Random, inner: Draft) -> Draft:
        """Of six answers some are alike, as when a model is asked six times; any letter of a right one is right."""
        count = rng.choice(self.options)
        hits = 1 if count < 6 else rng.randint(1, 4)
        offered = [inner.answer] * hits + [self.wrong(rng, inner) for _ in range(count - hits)]
        if count < 6:
            offered = [inner.answer, *distinct(rng, inner, count - 1)]
        rng.shuffle(offered)
        listed = "\n".join(f"{letter}) {value}" for letter, value in zip(LETTERS, offered))
        answer = LETTERS[offered.index(inner.answer)]
        prompt = f"{inner.prompt}\n{listed}\nWhich answer is right?"
        return Draft([inner.form, offered], prompt, final(answer), answer, {"offered": offered, "right": inner.answer})

    def _debate(self, rng: Random, inner: Draft) -> Draft:
        own, *theirs = (inner.answer if rng.random() < 0.5 else self.wrong(rng, inner) for _ in range(1 + self.others))
        prompt = f"{inner.prompt}\nYou: {own}. Others: {', '.join(theirs)}.\nYour answer now?"
        meta = inner.meta | {"own": own, "others": theirs}
        return Draft([inner.form, own, theirs], prompt, inner.solution, inner.answer, meta)

    def wrong(self, rng: Random, inner: Draft) -> str:
        return distinct(rng, inner, 1)[0]

    def check(self, item: Item, text: str) -> Verdict:
        if self.kind in ("refine", "retry", "debate"):
            return self.of.check(item, text)
        verdict, said = marked(item, text), last_marked(text) or ""
        if self.kind == "select":
            at = LETTERS.find(said.upper()) if len(said) == 1 else -1
            ok = 0 <= at < len(item.meta["offered"]) and item.meta["offered"][at] == item.meta["right"]
            return Verdict(ok, verdict.parsed, "" if ok else verdict.error or "another answer", float(ok))
        if self.kind == "critique":
            score = unit_score(item, text)
            ok = verdict.ok and score == 1
            return Verdict(ok, verdict.parsed, "" if ok else verdict.error or "other mistakes", score)
        found = said.split()[:2] == item.answer.split()[:2]  # the right step, whatever value is put there
        return verdict._replace(progress=1.0 if verdict.ok else 0.5 * found)


def own_solution(item: Item, solution: str) -> Item:
    """A verify item on a solution of a sum that a model wrote itself, with the exact label; the split stays."""
    lines = ["".join((a, sign, b, "=", c)) for a, sign, b, c in EQUATION.findall(solution[:20_000])]
    wrong = first_difference(item.meta["steps"], lines)
    answer = "ok" if wrong is None else f"bad {wrong[0] + 1} {wrong[1]}"
    prompt = f"{item.prompt}\n{chr(10).join(lines)}\nIs every step right?"
    form = json.dumps(["turns-verify", [item.form, lines]], separators=(",", ":"))
    meta = {"kind": "" if wrong is None else "own"}
    return Item("turns-verify", item.level, item.split, form, prompt, final(answer), answer, meta)


def unit_score(item: Item, text: str) -> float:
    """F1 of the mistakes found, each by its step and what is right there; 1 where there are none and none is named."""
    said = {(at, right) for at, _, right, _ in UNIT.findall(text[:20_000])}
    gold = {(at, right) for at, _, right, _ in UNIT.findall("\n".join(item.meta["units"]))}
    return 2 * len(said & gold) / (len(said) + len(gold)) if said or gold else 1.0


def distinct(rng: Random, inner: Draft, count: int) -> list[str]:
    """Different wrong answers: what somebody gets who slips, or another person; of other families than sums another
    value that the prompt names."""
    if "steps" not in inner.meta:
        named = [*re.findall(r" is (\w+)\.", inner.prompt), *re.findall(r"\b\d\b", inner.prompt)]
        same = [one for one in dict.fromkeys(named) if one != inner.answer and one.isdigit() == inner.answer.isdigit()]
        others = "123456789" if inner.answer.isdigit() else PEOPLE
        rest = [one for one in others if one not in (*same, inner.answer)]
        return [*rng.sample(same, min(count, len(same))), *rest][:count]
    if not inner.answer.isdigit():
        there = [one for one in PEOPLE if one != inner.answer and one in inner.prompt.split()]
        return [*there, *rng.sample([one for one in PEOPLE if one not in (*there, inner.answer)], count)][:count]
    found: dict[str, Any] = {}
    while len(found) < count:
        one = wrong_answer(rng, inner.meta["steps"], inner.answer)
        if one in found:  # few steps: not so many slips are possible
            one = str(int(inner.answer) + len(found) + rng.randint(1, 9))
        if one != inner.answer:
            found[one] = None
    return list(found)
