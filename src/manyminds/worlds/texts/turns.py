"""Turns: solutions wrapped in what agents say to each other: verify, critique, refine, retry, select, debate.

Mistakes are put into worked solutions on purpose (`slips.py`), or are those that a model made itself while it was
raised (`Own`), so what a critic must find is known exactly. A critique is right, empty or misleading with known shares.
Wrong answers that others give are those of somebody who slips once. The level is that of the wrapped item, and so is
the split: nothing that is tested stands in a wrapper trained on.

A raise wraps sums. Wrappers over other families (`outside`) are only ever measured.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any, NamedTuple

from manyminds.core import BadInput, unknown
from manyminds.worlds.texts.functions import Functions
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import Draft, Family, Item, Verdict, final, last_marked, marked, split_of
from manyminds.worlds.texts.slips import KINDS as SLIPS
from manyminds.worlds.texts.slips import Slip, first_difference, kind_of, slipped, wrong_answer
from manyminds.worlds.texts.sums import EQUATION, Sums
from manyminds.worlds.texts.words import PEOPLE
from manyminds.worlds.texts.wrapping import WAYS

KINDS = ("verify", "critique", "refine", "retry", "select", "debate")
MARRED = KINDS[:4]  # that show a solution with a mistake
LETTERS = "ABCDEF"
UNIT = re.compile(r"step (\d{1,2}) ([a-z]{1,12}) (\d{1,6}) (fatal|slight)")
AGAIN = "That is wrong. Try again."
FEWEST = 20  # mistakes of a model's own at a level, below which all there are slips


class Own(NamedTuple):
    """A sum of the raise split that a model has solved wrongly, and the equations that it wrote."""

    level: int
    form: str  # of the sum
    prompt: str
    solution: str
    answer: str
    steps: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def draft(self) -> Draft:
        """The sum."""
        return Draft(json.loads(self.form)[1], self.prompt, self.solution, self.answer, {"steps": list(self.steps)})

    @property
    def slip(self) -> Slip:
        found = first_difference(list(self.steps), list(self.lines))
        assert found is not None
        return Slip(list(self.lines), *found, "own")

    @property
    def units(self) -> list[str]:
        """What a critique says of it, where every line can be judged by itself and is right or of a kind that slips
        name; else none. Another operand after a mistake may only follow from it, so that it has no kind."""
        wrong = [(i, step, kind_of(step, line)) for i, (step, line) in enumerate(zip(self.steps, self.lines))
                 if step != line]  # fmt: skip
        kinds = [kind for _, _, kind in wrong]
        if len(self.steps) != len(self.lines) or "" in kinds or "operand" in kinds[1:]:
            return []
        return [unit(i, len(self.steps), kind, step.rpartition("=")[2]) for i, step, kind in wrong]


def own_mistake(item: Item, text: str) -> Own | None:
    """What a model has written for a sum, if it is a mistake that can be shown: equations alone up to the marked
    answer, the answer wrong, and another result than the right one where they first depart from the steps. So a right
    step in other words is not called wrong."""
    *lines, end = [line.strip() for line in text.strip().split("\n")]
    steps = item.meta["steps"]
    if not lines or len(lines) > len(steps) + 2 or not end.startswith("#") or marked(item, text).ok:
        return None
    if not all(EQUATION.fullmatch(line) for line in lines):
        return None
    found = first_difference(steps, lines)
    if found is None or (found[0] < len(lines) and lines[found[0]].rpartition("=")[2] == found[1]):
        return None
    return Own(item.level, item.form, item.prompt, item.solution, item.answer, tuple(steps), tuple(lines))


@dataclass(frozen=True)
class Turns:
    """`kind` verify: say `ok` or `bad STEP VALUE`; critique: a unit for each mistake (none to two), where, what kind,
    what is right, how grave; refine: solve again after a critique; retry: after `AGAIN`; select: which of three or six
    answers; debate: answer again after the others.

    With `own` mistakes of a model (see `usable`), a share `owned` of the items of the raise split that show a solution
    are sums of that pool, the right ones among them too, so that a sum does not tell whether its solution is right;
    where there is a mistake it is the model's. Items of other splits stay as they are.

    Out of distribution: a kind of slip held out of `slips`, three `mistakes`, `of` another family than sums: hops and
    functions can be verified, refined and retried (functions: `ok` or `bad`, and the critique names a test)."""

    kind: str = "verify"
    right: float = 0.6  # critiques that name the mistake
    empty: float = 0.2  # critiques that say nothing; the others mislead
    slips: tuple[str, ...] = SLIPS  # of sums
    mistakes: int = 2  # at most, of a critique
    options: tuple[int, ...] = (3, 6)
    others: int = 2  # in a debate
    of: Family = field(default_factory=Sums)  # whose items are wrapped
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)
    own: tuple[Own, ...] = ()
    owned: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise unknown("kind of turn", self.kind, KINDS)
        if self.kind == "critique" and self.of.name != "sums":
            raise BadInput(f"critique needs solutions that are equations; wrap sums, not {self.of.name}")
        if self.kind in MARRED and self.of.name not in WAYS:
            raise BadInput(f"{self.kind} needs steps that can be checked; wrap one of {', '.join(WAYS)}")
        if self.own and self.of.name != "sums":
            raise BadInput(f"a model's own mistakes are in sums, not in {self.of.name}")
        if any(split_of(one.form) != "raise" for one in self.own):
            raise BadInput("a model's own mistakes come from sums of the raise split alone")

    @property
    def name(self) -> str:
        return f"turns-{self.kind}" + (f"-{self.of.name}" if self.kind in MARRED and self.of.name != "sums" else "")

    @cached_property
    def usable(self) -> dict[int, tuple[Own, ...]]:
        """The model's own mistakes by level, at those with FEWEST or more; for critiques those whose kinds the exact
        checker can tell."""
        told = [one for one in self.own if self.kind != "critique" or 0 < len(one.units) <= self.mistakes]
        by = {level: tuple(one for one in told if one.level == level) for level in self.levels}
        return {level: some for level, some in by.items() if len(some) >= FEWEST}

    def draft(self, rng: Random, level: int) -> Draft:
        inner = self.of.draft(rng, level)
        if self.kind not in MARRED:
            return getattr(self, f"_{self.kind}")(rng, inner)._replace(root=self.root(inner))
        while not WAYS[self.of.name].steps(inner):
            inner = self.of.draft(rng, level)
        own = self.drawn(rng, inner, level)
        inner = own.draft if own else inner
        return getattr(self, f"_{self.kind}")(rng, inner, own)._replace(root=self.root(inner))

    def root(self, inner: Draft) -> Any:
        return inner.root or [self.of.name, inner.form]

    def drawn(self, rng: Random, inner: Draft, level: int) -> Own | None:
        """A mistake of the model's own instead of what was drafted. Only in place of an item of the raise split: all
        of these are, and would else be more than their share of it."""
        some = self.usable.get(level)
        if not some or split_of(json.dumps(self.root(inner), separators=(",", ":"))) != "raise":
            return None
        return rng.choice(some) if rng.random() < self.owned else None

    def marred(self, rng: Random, inner: Draft, own: Own | None) -> Slip:
        """The solution with a mistake."""
        if own:
            return own.slip
        way = WAYS[self.of.name]
        return way.slip(rng, inner, rng.choice(self.slips if self.of.name == "sums" else way.kinds))

    def _verify(self, rng: Random, inner: Draft, own: Own | None) -> Draft:
        clean, slip = rng.random() < 0.5, self.marred(rng, inner, own)
        way = WAYS[self.of.name]
        shown = way.steps(inner) if clean else slip.lines
        answer = "ok" if clean else way.label(slip)
        prompt = f"{inner.prompt}\n{chr(10).join(shown)}\nIs every step right?"
        meta = {"kind": "" if clean else slip.kind, "steps": way.steps(inner), "shown": shown}
        return Draft([inner.form, shown], prompt, final(answer), answer, meta)

    def _critique(self, rng: Random, inner: Draft, own: Own | None) -> Draft:
        lines, units, at = list(inner.meta["steps"]), list[str](), 0
        count = rng.randint(0, self.mistakes)
        if own and count:
            lines, units, count = list(own.lines), own.units, 0
        for _ in range(count):
            if at >= len(lines):
                break
            # What is carried on or left out moves later steps, so that they could not be judged one by one.
            kind = rng.choice([one for one in self.slips if one not in ("carried", "missing")])
            slip = slipped(rng, lines, kind, at)
            lines, at = slip.lines, slip.at + 1
            units.append(unit(slip.at, len(lines), slip.kind, slip.right))
        prompt = f"{inner.prompt}\n{chr(10).join(lines)}\nWhat is wrong?"
        answer = str(len(units))
        solution = "\n".join([*units, final(answer)])
        return Draft([inner.form, lines], prompt, solution, answer, {"units": units, "direct": solution})

    def _refine(self, rng: Random, inner: Draft, own: Own | None) -> Draft:
        slip, chance, way = self.marred(rng, inner, own), rng.random(), WAYS[self.of.name]
        said = (way.critique(slip) if chance < self.right
                else "" if chance < self.right + self.empty else way.misleading(rng, inner, slip))  # fmt: skip
        kind = "right" if chance < self.right else "misleading" if said else "empty"
        prompt = f"{inner.prompt}\n{chr(10).join(slip.lines)}\nCritique: {said or 'none.'}\nSolve it again."
        return Draft(
            [inner.form, slip.lines, said], prompt, inner.solution, inner.answer, inner.meta | {"critique": kind}
        )

    def _retry(self, rng: Random, inner: Draft, own: Own | None) -> Draft:
        slip = self.marred(rng, inner, own)
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
        if item.answer == "bad" and said.casefold().split()[:1] == ["bad"]:  # of a program, whatever step is named
            return verdict._replace(ok=True, error="", progress=1.0)
        found = said.split()[:2] == item.answer.split()[:2]  # the right step, whatever value is put there
        return verdict._replace(progress=1.0 if verdict.ok else 0.5 * found)

    async def judge(self, item: Item, text: str, seconds: float = 5.0) -> Verdict:
        """The verdict of a family whose answers must be run in the sandbox, where the turn ends in such an answer."""
        if self.kind in ("refine", "retry", "debate") and isinstance(self.of, Functions):
            return await self.of.judge(item, text, seconds)
        return self.check(item, text)


def outside() -> dict[str, Turns]:
    """Wrappers over families that no raise wraps, by name: to measure with, never to raise on."""
    over: Sequence[Family] = (Hops(unanswerable=0.0), Functions())
    found = [Turns(kind, of=one) for one in over for kind in ("verify", "refine", "retry")]
    return {one.name: one for one in found}


def unit(at: int, steps: int, kind: str, right: str) -> str:
    """What a critique says of a mistake at step `at` (from 0) of `steps`."""
    return f"step {at + 1} {kind} {right} {'fatal' if at == steps - 1 else 'slight'}"


def own_solution(item: Item, solution: str) -> Item:
    """A verify item on a solution of a sum that a model wrote itself, with the exact label; the split stays."""
    lines = ["".join((a, sign, b, "=", c)) for a, sign, b, c in EQUATION.findall(solution[:20_000])]
    wrong = first_difference(item.meta["steps"], lines)
    answer = "ok" if wrong is None else f"bad {wrong[0] + 1} {wrong[1]}"
    prompt = f"{item.prompt}\n{chr(10).join(lines)}\nIs every step right?"
    form = json.dumps(["turns-verify", [item.form, lines]], separators=(",", ":"))
    meta = {"kind": "" if wrong is None else "own", "steps": item.meta["steps"], "shown": lines}
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
