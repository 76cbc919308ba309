"""Writing with an exact rubric: scripted writers cover some of the keywords, at some length; a judge who likes length.

The stand-in for AlpacaEval. The rubric is the share of keywords that a text holds. The scripted judge prefers by rubric
and by length; the raw win rate is what it says, the controlled one is corrected by logistic regression.
"""

import asyncio
import re
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.conversations.layers import AGGREGATOR, Mixture
from manyminds.conversations.methods import Minds, Question
from manyminds.core import Seeds, win_rates
from manyminds.models.request import Message, Request, user
from manyminds.models.scripted import Scripted
from manyminds.worlds.texts.words import RELATIONS, THINGS

WORDS = tuple(dict.fromkeys((*THINGS, *RELATIONS)))
ASKED = 8  # keywords of a task
FILLER = "and so it was told again"
WRITERS = {"a": (0.60, 30), "b": (0.45, 30), "a, padded": (0.60, 60)}  # coverage, words of filler on average
LIKES_QUALITY, LIKES_LENGTH = 8.0, 1.5


class Written(BaseModel, frozen=True):
    """An arm's rubric score, win rates against the reference writer, and words a text."""

    arm: str
    rubric: float
    raw: float
    controlled: float
    words: float
    n: int


@dataclass(frozen=True)
class Writer:
    """Covers each keyword with its chance and pads; given responses, it writes what any of them covered."""

    coverage: float
    filler: int

    def __call__(self, request: Request) -> str:
        rng, prompt = Random(f"{self.coverage} {self.filler} {request.repeat}"), request.messages[-1].content
        keys = re.findall(r"\b\w+\b", prompt.partition("words:")[2].partition("\n")[0])
        told = "\n".join(message.content for message in request.messages if message.role == "system")
        held = [key for key in keys if rng.random() < self.coverage]
        if "Response 1:" in told:
            held = [key for key in keys if re.search(rf"\b{key}\b", told.partition("Response 1:")[2])]
        padding = (FILLER.split() * 40)[: rng.randint(0, 2 * self.filler)]
        return " ".join([*held, *padding]) or "nothing"


def rubric(keys: list[str], text: str) -> float:
    return sum(re.search(rf"\b{key}\b", text) is not None for key in keys) / len(keys)


def judged(better: float, longer: float, rng: Random) -> float:
    """1 where the scripted judge prefers the first text: by rubric, and by length in hundreds of words."""
    return float(rng.random() < 1 / (1 + np.exp(-(LIKES_QUALITY * better + LIKES_LENGTH * longer))))


async def written(seeds: Seeds, count: int) -> list[dict[str, Any]]:
    """Single writers, the better one six times, and a mix, each against a reference of the better writer's quality."""
    models = {name: Scripted(f"scripted writer {name}", Writer(*how)) for name, how in WRITERS.items()}
    minds, reference = Minds(models["a"], {**models, AGGREGATOR: models["a"]}), Writer(*WRITERS["a"])
    arms: dict[str, Any] = {name: None for name in WRITERS}
    arms |= {
        "self: six of a": Mixture(("a",) * 6, style="free"),
        "mixed: three a, three b": Mixture(("a", "b") * 3, style="free"),
    }
    found = []
    for arm, method in arms.items():
        marks, wins, lengths, others, difficulty = [], [], [], [], []
        for i in range(count):
            keys = seeds("keywords", i).sample(WORDS, ASKED)
            question = Question(f"Write a text with the words: {', '.join(keys)}\n")
            request = Request((asked(question),), repeat=f"{seeds}/{i}/{arm}")
            text = (
                models[arm].script(request) if method is None else (await method(question, minds, f"{seeds}/{i}")).text
            )
            other = str(reference(Request((asked(question),), repeat=f"{seeds}/{i}/reference")))
            mine, theirs = rubric(keys, str(text)), rubric(keys, other)
            words = len(str(text).split()), len(other.split())
            wins.append(judged(mine - theirs, (words[0] - words[1]) / 40, seeds("judge", arm, i)))
            marks.append(mine)
            lengths.append(words[0])
            others.append(words[1])
            difficulty.append(-theirs)
        rate = win_rates.controlled(wins, lengths, others, difficulty)
        found.append(Written(arm=arm, rubric=float(np.mean(marks)), raw=rate.raw, controlled=rate.controlled,
                             words=float(np.mean(lengths)), n=count).model_dump())  # fmt: skip
        await asyncio.sleep(0)
    return found


def asked(question: Question) -> Message:
    return user(question.text)
