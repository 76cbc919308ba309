"""A small model that writes programs for chains of operations: the loop beside one shot and beside as many tokens."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.conversations.assertions import examples, split
from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.judging import Executor
from manyminds.conversations.methods import Minds, Question
from manyminds.core import Lab, Seeds
from manyminds.models.request import Model
from manyminds.worlds.texts.functions import Functions, applied
from manyminds.worlds.texts.items import Item, items


class Specified(BaseModel, frozen=True):
    """One specification once: solved by the first program, by the loop, by the best of as many programs as the loop had
    calls; tokens of the loop and of those programs."""

    item: str
    run: int
    single: bool
    loop: bool
    best_of: bool
    calls: int
    tokens: int
    tokens_best_of: int


@dataclass(frozen=True)
class HouseArm:
    """`rounds` further programs at most. A model that writes no tests has a twin: a second program, whose values for
    inputs near the examples are the assertions."""

    model: Model
    judge: Executor
    rounds: int = 5
    temperature: float = 0.8
    max_tokens: int = 256

    def coder(self, **settings: Any) -> AgentCoder:
        return AgentCoder(style="native", feedback=False, tries=1, temperature=self.temperature, rounds=self.rounds,
                          max_tokens=self.max_tokens, executor=self.judge, **settings)  # fmt: skip

    async def one(self, item: Item, run: int) -> Specified:
        question, minds, repeat = Question(item.prompt, entry_point="f"), Minds(self.model), f"{item.form_hash}/{run}"
        single = await self.coder(tests="none").solve(question, minds, repeat)
        loop = await self.coder(tests="twin", fresh=True, final="best").solve(question, minds, repeat)
        best, tokens = await self.best_of(question, minds, repeat, loop.calls)
        codes = [single.code, loop.code, best]
        right = [await self.solves(item, code) for code in codes]
        return Specified(item=item.form_hash, run=run, single=right[0], loop=right[1], best_of=right[2],
                         calls=loop.calls, tokens=loop.tokens, tokens_best_of=tokens)  # fmt: skip

    async def best_of(self, question: Question, minds: Minds, repeat: str, calls: int) -> tuple[str, int]:
        """The first of `calls` programs that passes the public examples, else the one that passes most of them."""
        draws = [
            self.coder(tests="none").solve(question, minds, f"{repeat}/{k}" if k else repeat) for k in range(calls)
        ]
        drawn = await asyncio.gather(*draws)
        known = examples(question.text, question.entry_point)
        judged = [(await self.judge(one.code, known)).share if one.code else -1.0 for one in drawn]
        return drawn[int(np.argmax(judged))].code, sum(one.tokens for one in drawn)

    async def solves(self, item: Item, code: str) -> bool:
        tests = [f"assert f({x!r}) == {applied(item.meta['chain'], x)!r}" for x in item.meta["inputs"]]
        return bool(code) and (await self.judge(code, split("\n".join(tests), "f"))).passed


def specifications(seeds: Seeds, count: int, levels: Sequence[int]) -> list[Item]:
    """Specifications that nobody was raised on, evenly over the levels."""
    each = -(-count // len(levels))
    found = [items(Functions(), level, "test", seeds, each) for level in levels]
    return [one for group in zip(*found) for one in group][:count]


async def specified(arm: HouseArm, lab: Lab, count: int, runs: int, levels: Sequence[int]) -> list[Specified]:
    asked = specifications(lab.seeds.child("house"), count, levels)
    jobs = [arm.one(item, run) for run in range(runs) for item in asked]
    return list(await lab.gather(jobs, "specifications"))


def bootstrap_p(trials: Sequence[Specified], seeds: Seeds, resamples: int = 10_000) -> tuple[float, float]:
    """(loop less single shot, one-sided p of the paired bootstrap over specifications that it is not above 0)."""
    names = sorted({one.item for one in trials})
    gaps = np.array([np.mean([one.loop - one.single for one in trials if one.item == name]) for name in names])
    drawn = seeds.numpy("paired bootstrap").integers(0, len(gaps), (resamples, len(gaps)))
    return float(gaps.mean()), float((1 + np.sum(gaps[drawn].mean(axis=1) <= 0)) / (1 + resamples))
