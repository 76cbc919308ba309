"""The heart of the library: look together, answer together, then effects; nothing hidden gets out."""

import asyncio
from dataclasses import dataclass, replace

from manyminds.core import Event, NoAnswer, Seeds, Trajectory, View, Whole, play


@dataclass(frozen=True)
class Count:
    turn: int = 0
    total: int = 0


@dataclass(frozen=True)
class Adding:
    """Two seats add numbers from 0 to 9 for three turns; only the first is told the sum."""

    def reset(self, rng):
        return Count()

    def observe(self, state):
        return {} if state.turn == 3 else {seat: View(state.turn, "add", Whole(0, 9)) for seat in ("first", "second")}

    def step(self, state, answers, rng):
        added = sum(0 if isinstance(a, NoAnswer) else a for a in answers.values())
        after = replace(state, turn=state.turn + 1, total=state.total + added)
        return after, [Event("sum", {"total": after.total, "luck": rng.random()}, to=("first",), text=str(after.total))]

    def outcome(self, state):
        return state.total


@dataclass
class Draws:
    """Answers with a draw from its own stream after a pause; remembers the news it was told."""

    pause: float = 0

    def __post_init__(self):
        self.heard = []

    async def act(self, view):
        await asyncio.sleep(self.pause)
        self.heard += [event.text for event in view.news]
        return view.seeds("answer").randrange(10)


def played(slow: float = 0, root: int = 7):
    record, seats = Trajectory(), {"first": Draws(slow), "second": Draws()}
    end = asyncio.run(play(Adding(), seats, Seeds(root), record))
    return end, record.lines, seats


def test_how_fast_a_mind_answers_changes_nothing():
    assert played(slow=0)[:2] == played(slow=0.01)[:2]


def test_another_seed_is_another_play():
    assert played(root=7)[1] != played(root=8)[1]


def test_only_those_addressed_hear():
    _, lines, seats = played()
    sums = [str(line.data["total"]) for line in lines if line.kind == "sum"]
    assert seats["first"].heard == sums[:2]  # what happens in the last turn has no later turn to be heard in
    assert seats["second"].heard == []


def test_an_illegal_answer_reaches_the_world_as_no_answer():
    class Wild:
        async def act(self, view):
            return 99

    end = asyncio.run(play(Adding(), {"first": Wild(), "second": Wild()}, Seeds(1)))
    assert (end.outcome, end.no_answers) == (0, {"illegal": 6})


def test_an_error_of_an_agent_is_an_ending_and_keeps_its_reason():
    class Broken:
        async def act(self, view):
            raise ZeroDivisionError("no more")

    end = asyncio.run(play(Adding(), {"first": Broken(), "second": Draws()}, Seeds(1)))
    assert (end.ending, end.reason, end.outcome) == ("failed", "ZeroDivisionError: no more", 0)


def test_streams_are_named_and_independent():
    seeds = Seeds(3)
    assert seeds("a").random() == seeds("a").random()
    names = [("a",), ("b",), ("a", "b"), ("ab",), (1,), ("1",), ("b", "a")]
    assert len({seeds(*name).random() for name in names}) == len(names)
    assert seeds.child("a")("b").random() == seeds("a", "b").random()
