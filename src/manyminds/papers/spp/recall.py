"""Does naming the right voice raise recall? Stories on persona-keyed facts, told in one call under six conditions.

The conditions: each question under the tag of its own domain, of another, of a fixed expert, of none (Standard), under
tags that the mind names itself (SPP: it names, answers in each voice and writes, all in one reply), and under those
same tags put to the wrong questions. Any model can be asked; by default a scripted memory with known chances is, for
which every mean has a closed form.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.solo import FINAL, LEADER, final_answer, read
from manyminds.core import Refused, Seeds, render
from manyminds.models.request import Model, Request, user
from manyminds.models.scripted import Scripted
from manyminds.worlds.texts.persona_facts import FIXED, Fact, Knowledge, another, displaced, domain_of
from manyminds.worlds.texts.trivia_stories import occurs_whole

ARMS = ("right", "wrong", "fixed", "none", "spp", "shuffled")
STANDARD = "none"
ASKED = re.compile(r"^(?:(\w+): )?What is the (\w+) of (\w+)\?$", re.M)
NAMING = "For each question name"


class Recalled(BaseModel, frozen=True):
    """One seed of one mind: by condition the share of answers in each story; `named` counts, story by story, the
    questions for which SPP named the fact's own domain."""

    mind: str
    seed: int
    questions: int
    scores: dict[str, list[float]]
    named: list[int]
    unparsed: int
    calls: int  # of SPP, a story

    def mean(self, arm: str) -> float:
        return sum(self.scores[arm]) / len(self.scores[arm])

    @property
    def naming(self) -> float:
        """The accuracy of persona identification."""
        return sum(self.named) / (len(self.named) * self.questions)


@dataclass(frozen=True)
class KeyedMemory:
    """A scripted memory: it knows a fact under a tag with a chance that depends on the tag alone, and what it knows
    under a worse tag it knows under a better one. It names the right domain for a question with chance `naming`."""

    right: float = 0.60
    fixed: float = 0.45
    none: float = 0.40
    wrong: float = 0.20
    naming: float = 0.85
    answers: dict[str, Fact] | None = None

    def knowing(self, knowledge: Knowledge) -> Scripted:
        facts = {fact.subject: fact for fact in knowledge.facts}
        memory = KeyedMemory(self.right, self.fixed, self.none, self.wrong, self.naming, facts)
        return Scripted("scripted memory", memory)

    def __call__(self, request: Request) -> str:
        text = request.messages[-1].content
        asked = ASKED.findall(text)
        dynamic = NAMING in text or text.endswith("Participants:")
        tags = [self.named(relation, subject) if dynamic else tag for tag, relation, subject in asked]
        told = [self.told(tag, relation, subject) for tag, (_, relation, subject) in zip(tags, asked)]
        lines = [f"{tag}: {line}" if tag else line for tag, line in zip(tags, told)]
        head = [f"Participants: {'; '.join([LEADER, *dict.fromkeys(tags)])}"] if dynamic else []
        return "\n".join([*head, *lines, f"{FINAL} {' '.join(told)}"])

    def named(self, relation: str, subject: str) -> str:
        domain, rng = domain_of(relation) or FIXED, Random(f"name {subject}")
        return domain if rng.random() < self.naming else another(rng, domain)

    def told(self, tag: str, relation: str, subject: str) -> str:
        fact = (self.answers or {})[subject]
        chance = {"": self.none, FIXED: self.fixed, fact.domain: self.right}.get(tag, self.wrong)
        draw = int.from_bytes(blake2b(subject.encode(), digest_size=8).digest(), "big") / 2**64
        return fact.statement if draw < chance else f"I do not know the {relation} of {subject}."


def prompt(facts: Sequence[Fact], tags: Sequence[str], instructed: bool, dynamic: bool = False) -> str:
    asked = [(tag, fact.question) for tag, fact in zip(tags, facts, strict=True)]
    return render(__package__, "recall", asked=asked, instructed=instructed, dynamic=dynamic)


def share(facts: Sequence[Fact], text: str) -> float:
    """Answers that stand in a story, as whole words."""
    return sum(occurs_whole((fact.answer,), text) for fact in facts) / len(facts)


def voices(facts: Sequence[Fact], text: str) -> list[str]:
    """Who speaks of each fact's subject first; nobody: empty."""
    turns = read(text).turns
    return [next((turn.speaker.casefold() for turn in turns if occurs_whole((fact.subject,), turn.text)), "")
            for fact in facts]  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """How a mind is asked. `instructed`: with words of instruction; a specialist that was raised on the curriculum
    needs none and is asked in its own forms."""

    model: Model
    repeat: str
    instructed: bool = True
    max_tokens: int = 400

    async def __call__(self, text: str, place: str) -> str:
        request = Request((user(text),), max_tokens=self.max_tokens, repeat=f"{self.repeat}/{place}")
        try:
            return (await self.model.complete(request)).text
        except Refused:
            return ""


async def story(ask: Ask, facts: Sequence[Fact], rng: Random, number: int) -> dict[str, Any]:
    """One story under all conditions; answers are read from what follows the final mark, or from the whole reply."""
    own = [fact.domain for fact in facts]
    tags = {"right": own, "wrong": [another(rng, domain) for domain in own], "fixed": [FIXED] * len(own),
            STANDARD: [""] * len(own)}  # fmt: skip
    replies = {arm: await ask(prompt(facts, each, ask.instructed), f"{number}/{arm}") for arm, each in tags.items()}
    replies["spp"] = await ask(prompt(facts, tags[STANDARD], ask.instructed, dynamic=True), f"{number}/spp")
    named = voices(facts, replies["spp"])
    moved = displaced(rng, named)
    replies["shuffled"] = await ask(prompt(facts, moved, ask.instructed), f"{number}/shuffled")
    scores = {arm: share(facts, final_answer(text)[0]) for arm, text in replies.items()}
    return {"scores": scores, "named": sum(a == b for a, b in zip(named, own)),
            "unparsed": not final_answer(replies["spp"])[1]}  # fmt: skip


async def recalled(mind: str, model: Model, seeds: Seeds, seed: int, stories: int, questions: int, instructed: bool,
                   knowledge: Knowledge, lab: Any = None, max_tokens: int = 400) -> dict[str, Any]:  # fmt: skip
    """All stories of one seed."""
    rng = seeds("stories")
    every = knowledge.stories(rng, stories, questions)
    ask = Ask(model, f"recall/{seed}", instructed, max_tokens)
    jobs = [story(ask, facts, seeds("tags", i), i) for i, facts in enumerate(every)]
    found = await (asyncio.gather(*jobs) if lab is None else lab.gather(jobs, f"stories, {mind}"))
    scores = {arm: [one["scores"][arm] for one in found] for arm in ARMS}
    return Recalled(mind=mind, seed=seed, questions=questions, scores=scores, named=[one["named"] for one in found],
                    unparsed=sum(one["unparsed"] for one in found), calls=1).model_dump()  # fmt: skip


def expected(memory: KeyedMemory, naming: float) -> dict[str, float]:
    """The mean of each condition for a scripted memory that names the right domain with this chance."""
    return {"right": memory.right, "wrong": memory.wrong, "fixed": memory.fixed, STANDARD: memory.none,
            "spp": naming * memory.right + (1 - naming) * memory.wrong}  # fmt: skip


def examples(knowledge: Knowledge, rng: Random, count: int) -> list[tuple[str, str]]:
    """(prompt, reply) pairs in the forms in which a specialist is asked (`instructed=False`): questions under their own
    tags, under none, and SPP. Take them from facts of their own, or they tell what the curriculum is to teach."""
    knowing = KeyedMemory(1, 1, 1, 1, 1).knowing(knowledge).script
    found = []
    for i, facts in enumerate(knowledge.stories(rng, count)):
        own = [fact.domain if i % 3 == 0 else "" for fact in facts]
        asked = prompt(facts, own, False, dynamic=i % 3 == 2)
        found.append((asked, str(knowing(Request((user(asked),))))))
    return found
