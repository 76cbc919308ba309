"""Scripted minds that spoil and mend solutions at given rates, and the same society on arrays of samples.

In every turn one seat, drawn at random, is the mover: at its first words of the turn it spoils a right solution with
probability `spoil` and mends a wrong one with probability `mend`. All others agree with what they see; who must draft
says again what it sees. So whatever lets the mover's words reach the next turn's speakers follows the chain of
`theory/drift.py`, and a paradigm that loses or leaks them does not. The array twin gives the same talks, draw by draw.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from manyminds.conversations.ballots import AGREE, DISAGREE, SOLUTION
from manyminds.conversations.paradigms import Paradigm
from manyminds.core import Seeds
from manyminds.models.request import Request


class Draws(NamedTuple):
    """All chance of some samples: the first solution (samples,), movers and their moves (samples, turns)."""

    first: np.ndarray
    mover: np.ndarray
    move: np.ndarray


def draws(seeds: Seeds, samples: int, turns: int, agents: int) -> Draws:
    """The draws of some samples, from the stream "drift"."""
    rng = seeds.numpy("drift")
    return Draws(rng.random(samples), rng.integers(agents, size=(samples, turns)), rng.random((samples, turns)))


@dataclass(frozen=True)
class Law:
    """A kind of task: the accuracy of first answers, and the rates per turn."""

    first: float
    spoil: float
    mend: float


@dataclass(frozen=True)
class Drifter:
    """One sample's mind at every seat: answers with `right` or `wrong`, which it tells apart in what it is shown."""

    law: Law
    first: float
    mover: tuple[int, ...]
    move: tuple[float, ...]
    right: str = "right"
    wrong: str = "wrong"

    def __call__(self, request: Request) -> str:
        *_, turn, _, _, seat = request.repeat.split("/")
        at = int(turn) - 1
        shown = request.messages[0].content.partition("stands now:\n")[2].strip()
        stands = shown == self.right if shown else self.first < self.law.first
        # Only a debater speaks twice in a turn: it moves at its first words, which all but the first speaker then hear.
        own = [message.content for message in request.messages if message.role == "assistant"]
        fresh = all(f"move {turn}" not in words for words in own)
        moves = self.mover[at] == int(seat) and fresh
        flipped = moves and self.move[at] < (self.law.spoil if stands else self.law.mend)
        said = self.right if stands != flipped else self.wrong
        mark = f" (move {turn})" if moves else ""
        if f"Begin with {AGREE}" not in request.messages[-1].content:
            return f"My draft{mark}.\n{SOLUTION} {said}"
        return f"{DISAGREE} No{mark}.\n{SOLUTION} {said}" if flipped else f"{AGREE} Yes{mark}."


def drifted(paradigm: Paradigm, law: Law, agents: int, drawn: Draws) -> np.ndarray:
    """Was the current solution right at the end of each turn, (samples, turns); one sample a row, all at once.

    What a seat knows is the latest proposal that it has heard: its number and whether it is right.
    """
    samples, turns = drawn.move.shape
    number = np.full((samples, agents), -1)  # of the proposal that each seat knows, -1: of none
    right = np.repeat((drawn.first < law.first)[:, None], agents, axis=1)
    last, current = np.full(samples, -1), right[:, 0].copy()
    found = np.empty((samples, turns), bool)
    spoken = 0
    for turn in range(turns):
        moved = np.zeros(agents, bool)
        for each in paradigm.turn(agents):
            before = number.copy(), right.copy()
            for speech in each:
                seat, chance = speech.speaker, drawn.move[:, turn]
                knows, stands = before[0][:, seat], before[1][:, seat]
                moves = (drawn.mover[:, turn] == seat) & ~moved[seat]
                flips = moves & (chance < np.where(stands, law.spoil, law.mend))
                moved[seat] = True
                said = stands != flips
                proposes = flips | (knows < 0) | speech.drafts
                about = np.where(proposes, spoken, knows)
                for hearer in speech.hearers:
                    newer = about > number[:, hearer]
                    number[:, hearer] = np.where(newer, about, number[:, hearer])
                    right[:, hearer] = np.where(newer, said, right[:, hearer])
                latest = about > last
                last, current = np.where(latest, about, last), np.where(latest, said, current)
                spoken += 1
        found[:, turn] = current
    return found
