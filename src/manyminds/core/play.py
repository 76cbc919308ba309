"""One play: a world and its agents, from the first state to a named ending."""

from asyncio import gather
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from manyminds.core.actions import Action, Invalid, NoAnswer
from manyminds.core.errors import ManymindsError
from manyminds.core.seeds import Seeds
from manyminds.core.views import Event, View
from manyminds.core.world import Agent, World

Ending = Literal["finished", "cut short", "failed"]


@dataclass(frozen=True)
class Step:
    """One turn on the record: what each seat was shown, what it answered, and what happened."""

    turn: int
    views: dict[str, View]
    answers: dict[str, Any]
    events: list[Event]


class Record(Protocol):
    def __call__(self, step: Step) -> None: ...


@dataclass(frozen=True)
class Played:
    """How a play ended. `outcome` is None only when the play failed before its first state."""

    ending: Ending
    outcome: Any
    turns: int
    reason: str = ""
    no_answers: dict[str, int] = field(default_factory=dict)  # by cause: the reason up to its first colon


async def play(
    world: World, agents: Mapping[str, Agent], seeds: Seeds, record: Record | None = None, turns: int | None = None
) -> Played:
    """Play `world` with `agents` (by seat) until nobody is due, or for at most `turns` turns.

    All look first, then all answer, then the effects apply: how fast a mind answers changes nothing. An error of a
    world or an agent ends this play as `failed` with the reason; it stays in the sample. A spent budget or a dead
    endpoint is raised, because it ends the run and not this play.
    """
    state: Any = None
    turn = 0
    waiting: dict[str, list[Event]] = {}
    missing: dict[str, int] = {}

    def ended(ending: Ending, reason: str = "") -> Played:
        return Played(ending, None if state is None else world.outcome(state), turn, reason, missing)

    try:
        state = world.reset(seeds("reset"))
        while due := world.observe(state):
            if turns is not None and turn >= turns:
                return ended("cut short")
            views = {seat: shown(view, seat, turn, waiting, seeds) for seat, view in due.items()}
            given = await gather(*(agents[seat].act(view) for seat, view in views.items()))
            answers = {seat: checked(view.action, answer) for (seat, view), answer in zip(views.items(), given)}
            for answer in answers.values():
                if isinstance(answer, NoAnswer):
                    cause = answer.reason.partition(":")[0]
                    missing[cause] = missing.get(cause, 0) + 1
            state, events = world.step(state, answers, seeds("step", turn))
            for event in events:
                for seat in event.to:
                    waiting.setdefault(seat, []).append(event)
            if record:
                record(Step(turn, views, answers, events))
            turn += 1
    except ManymindsError:
        raise
    except Exception as error:  # the one boundary: whatever breaks inside a play is kept as its ending
        return ended("failed", f"{type(error).__name__}: {error}")
    return ended("finished")


def shown(view: View, seat: str, turn: int, waiting: dict[str, list[Event]], seeds: Seeds) -> View:
    """The view as its seat receives it: with its name, its news and its own random stream."""
    return replace(view, seat=seat, turn=turn, news=tuple(waiting.pop(seat, ())), seeds=seeds.child("seat", seat, turn))


def checked(action: Action, answer: Any) -> Any:
    """The answer if it is legal, else a `NoAnswer` that says why: no agent of any kind can force an illegal action."""
    if isinstance(answer, NoAnswer):
        return answer
    try:
        return action.check(answer)
    except Invalid as reason:
        return NoAnswer(f"illegal: {reason}", repr(answer)[:200])
