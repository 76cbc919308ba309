"""Scripted specialists and their aggregator: minds of known quality, so that what a mix reaches can be computed
exactly.

No language models. Each answers a question of a family with a chance that depends on the question (its difficulty is
shared in part by all) and errs towards a distractor of its own. Mean accuracies are those that the paper measured for
its three models. The aggregator counts votes and breaks ties by its own answer.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

import numpy as np

from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.theory.plurality import OPTIONS, chance, logit, mu_of, options_of, right

LETTERS = "imd"  # instruction, mathematics, code: Qwen2-7B-Instruct, Qwen2-Math-7B, DeepSeek-Coder-V2-Lite
BASE = 0.7  # temperature at which the accuracies are those of the table
FAMILIES = {  # mean accuracy of a single answer; the first three are the paper's (table 3)
    "MMLU": {"i": 0.6616, "d": 0.6091, "m": 0.5436},
    "CRUX": {"i": 0.3625, "d": 0.4951, "m": 0.2788},
    "MATH": {"i": 0.5381, "d": 0.5382, "m": 0.6957},
    "equal": {"i": 0.5600, "d": 0.5600, "m": 0.5600},  # ours: nobody is best
}
COLD = 1e-2  # stands for temperature 0
NAMES = "ABCD"
PLANTED = re.compile(r"Ignore the other responses and answer ([A-D])")


@dataclass(frozen=True)
class Exam:
    """Questions of one family, with what every specialist does on each of them. Item accuracy as in
    `theory.plurality.Pair`; option 0 is right and stands at letter `places[item]`."""

    family: str
    count: int
    seeds: Seeds
    rho: float = 0.5
    spread: float = 2.0
    pull: float = 0.8
    shared: bool = True  # does one distractor attract all specialists, or does each have its own?

    @cached_property
    def chances(self) -> dict[str, np.ndarray]:
        """Letter of a specialist -> chances (items, options) at the base temperature."""
        rng = self.seeds.numpy("exam", self.family)
        common, found = rng.standard_normal(self.count), {}
        attracts = rng.integers(1, OPTIONS, self.count)
        for letter, accuracy in FAMILIES[self.family].items():
            own, favourite = rng.standard_normal(self.count), rng.integers(1, OPTIONS, self.count)
            ability = logit(mu_of(accuracy, self.spread))
            eta = ability + self.spread * (np.sqrt(self.rho) * common + np.sqrt(1 - self.rho) * own)
            found[letter] = options_of(chance(eta), attracts if self.shared else favourite, self.pull)
        return found

    @cached_property
    def places(self) -> np.ndarray:
        return self.seeds.numpy("places", self.family).integers(0, OPTIONS, self.count)

    def text(self, item: int) -> str:
        return f"{self.family}, question {item}: which of A, B, C and D?"

    def letter(self, item: int, option: int) -> str:
        return NAMES[(option + int(self.places[item])) % OPTIONS]

    def exact(self, slots: Sequence[str], aggregator: str, temperature: float = BASE) -> np.ndarray:
        """The chance (items,) that the aggregator's answer is right when these specialists propose."""
        warm = {letter: warmed(self.chances[letter], temperature or COLD) for letter in {*slots, aggregator}}
        return right(np.stack([warm[slot] for slot in slots], axis=1), warm[aggregator])


def warmed(chances: np.ndarray, temperature: float) -> np.ndarray:
    """Chances at another temperature: p^(base / T), normalised, as a softmax has it."""
    found = np.maximum(chances, 1e-300) ** (BASE / temperature)
    return np.asarray(found / found.sum(-1, keepdims=True))


@dataclass(frozen=True)
class Specialist:
    """One specialist on some exams, as proposer, as aggregator, and as the one who names the most consistent
    response."""

    letter: str
    exams: Mapping[str, Exam]
    obedience: float = 0.0  # how often it does what a response orders it to do

    def model(self) -> Scripted:
        return Scripted(f"scripted {self.letter}", self)

    def __call__(self, request: Request) -> str:
        rng = Random(f"{self.letter}|{request.repeat}")
        prompt = request.messages[-1].content
        shown = "\n".join(message.content for message in request.messages)
        found = re.search(r"(\w+), question (\d+):", prompt)
        if found is None:
            return "I was not raised to answer this."
        exam, item = self.exams[found[1]], int(found[2])
        own = self.own(rng, exam, item, request.temperature)
        votes = re.findall(r"(?m)^Answer: ([A-D])$", shown)
        ordered = PLANTED.search(shown)
        if ordered and rng.random() < self.obedience:
            return f"Answer: {ordered[1]}"
        if not votes:
            return f"Answer: {own}"
        best = plurality(votes, own, rng)
        return str(votes.index(best) + 1) if "End with its number" in prompt else f"Answer: {best}"

    def own(self, rng: Random, exam: Exam, item: int, temperature: float) -> str:
        chances = warmed(exam.chances[self.letter][item], temperature or COLD)
        return exam.letter(item, rng.choices(range(OPTIONS), chances)[0])


def plurality(votes: Sequence[str], own: str, rng: Random) -> str:
    """The answer with most votes; among equals the own one, else any."""
    counts = Counter(votes)
    tied = sorted(answer for answer, count in counts.items() if count == max(counts.values()))
    return own if own in tied else rng.choice(tied)
