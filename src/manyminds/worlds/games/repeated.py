"""A matrix game played again and again by the same players, who choose at the same time and see all past rounds.

The horizon is told, hidden or random; choices may slip (`noise`); seats in `foresight` are first asked what the other
will do and then, with their own forecast before them, what they do (arXiv 2305.16867). A seat that gives no legal
answer voids the play: its rounds up to there stay on the record, it has no score, and both bounds of one are reported.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, NamedTuple

import numpy as np

from manyminds.core import Event, NoAnswer, View, render
from manyminds.worlds.games.matrix import MatrixGame
from manyminds.worlds.games.repeated_words import Option, Wording, described, listed

Ended = Literal["", "rounds", "chance", "void"]
Joint = tuple[int, ...]


@dataclass(frozen=True)
class Horizon:
    """How long a play lasts and what its players are told of it.

    After `rounds` rounds it is over; before that it ends with probability `ending` after each round. `told` says what
    stands in the rules. What is told may be untrue (`told_ending` where no chance is involved, as in the paper's
    conditions with an ending probability, which all play the same number of rounds); then `honest` is False.
    """

    rounds: int = 10
    ending: float = 0.0
    told: Literal["rounds", "ending", "nothing"] = "rounds"
    told_rounds: int | None = None
    told_ending: float | None = None

    def __post_init__(self) -> None:
        if self.rounds < 1 or not 0 <= self.ending <= 1:
            raise ValueError("a horizon has at least one round and an ending probability from 0 to 1")

    @property
    def length(self) -> int | None:
        """The number of rounds that players are told."""
        if self.told != "rounds":
            return None
        return self.rounds if self.told_rounds is None else self.told_rounds

    @property
    def chance(self) -> float | None:
        """The ending probability that players are told."""
        if self.told != "ending":
            return None
        return self.ending if self.told_ending is None else self.told_ending

    @property
    def honest(self) -> bool:
        if self.told == "rounds":
            return self.length == self.rounds and self.ending == 0
        return self.told == "nothing" or self.chance == self.ending


def fixed(rounds: int) -> Horizon:
    return Horizon(rounds)


def hidden(rounds: int) -> Horizon:
    return Horizon(rounds, told="nothing")


def random_end(ending: float, most: int = 10_000) -> Horizon:
    """Ends with this probability after each round, and after `most` rounds in any case."""
    return Horizon(most, ending, told="ending")


def pretended_end(ending: float, rounds: int) -> Horizon:
    """Players are told of an ending probability, but `rounds` rounds are played (the paper's indefinite conditions)."""
    return Horizon(rounds, 0.0, told="ending", told_ending=ending)


class Sight(NamedTuple):
    """All that one player may know. Its own entries come first in `payoffs` and in every past round."""

    name: str
    place: int  # its seat, from 0
    others: tuple[str, ...]
    phase: Literal["predict", "act"]
    round: int  # whole rounds behind us
    length: int | None  # as told
    ending: float | None  # as told
    payoffs: np.ndarray  # (n, own options, others' options)
    history: tuple[Joint, ...]  # as carried out
    options: tuple[str, ...]  # labels of its own options
    their_options: tuple[tuple[str, ...], ...]
    prediction: int | None  # its own forecast of the other's option this round


@dataclass(frozen=True)
class State:
    labels: tuple[str, ...]
    orders: tuple[Joint, ...]  # for each seat, in which order its options are named this round
    history: tuple[Joint, ...] = ()
    meant: tuple[Joint, ...] = ()  # before slips
    phase: Literal["predict", "act"] = "act"
    predictions: tuple[dict[str, int | None], ...] = ()  # of each round, by seat; None: it gave none
    ended: Ended = ""
    silent: dict[str, str] | None = None  # who voided the play, and why


@dataclass(frozen=True)
class Outcome:
    """What is left of a play. Scores are None when it was void; `bounds` hold in any case.

    Neither exists for a player whose largest payoff is not above zero: there is nothing to divide by.
    """

    rounds: int
    ended: Ended
    labels: tuple[str, ...]
    history: list[Joint]
    meant: list[Joint]
    totals: dict[str, float]  # of the rounds that were played
    scores: dict[str, float | None]  # points per round over the largest payoff in the matrix
    bounds: dict[str, tuple[float, float] | None]  # the same, if the rounds that are missing paid least or most
    predictions: list[dict[str, int | None]]
    foreseen: dict[str, tuple[int, int]]  # forecasts that came true, forecasts given
    silent: dict[str, str]
    honest: bool  # was the horizon the one that was told?


@dataclass(frozen=True)
class Repeated:
    """The world. `seats` are the names of the players in the order of the game's."""

    game: MatrixGame
    seats: tuple[str, ...] = ("player 1", "player 2")
    horizon: Horizon = Horizon()
    noise: float = 0.0
    wording: Wording = Wording()  # noqa: RUF009  a frozen value
    foresight: tuple[str, ...] = ()  # seats that predict before they act

    def __post_init__(self) -> None:
        if len(self.seats) != self.game.players:
            raise ValueError(f"{self.game.name} has {self.game.players} players, not {len(self.seats)}")
        if self.foresight and self.game.players != 2:
            raise ValueError("foresight is about one other player; this game has more")
        if not set(self.foresight) <= set(self.seats):
            raise ValueError(f"foresight names seats that do not exist: {set(self.foresight) - set(self.seats)}")
        if not 0 <= self.noise <= 1:
            raise ValueError("noise is a probability")
        self.wording.drawn(max(self.game.shape), Random(0))  # too few labels fail here and not in the first round

    def reset(self, rng: Random) -> State:
        labels = self.wording.drawn(max(self.game.shape), rng)
        return self.asking(State(labels, ()), rng)

    def asking(self, state: State, rng: Random) -> State:
        """The state in which the next round is asked for, with the order of the options in the questions."""
        orders = tuple(self.wording.ordered(k, rng) for k in self.game.shape)
        return replace(state, orders=orders, phase="predict" if self.foresight else "act")

    # ---- what is seen

    def observe(self, state: State) -> dict[str, View]:
        if state.ended:
            return {}
        due = self.foresight if state.phase == "predict" else self.seats
        return {name: self.view(state, self.seats.index(name)) for name in due}

    def sight(self, state: State, player: int) -> Sight:
        order = [player, *(i for i in range(self.game.players) if i != player)]
        asked = state.phase == "act" and len(state.predictions) > len(state.history)
        prediction = state.predictions[-1].get(self.seats[player]) if asked else None
        return Sight(
            name=self.seats[player],
            place=player,
            others=tuple(self.seats[i] for i in order[1:]),
            phase=state.phase,
            round=len(state.history),
            length=self.horizon.length,
            ending=self.horizon.chance,
            payoffs=self.game.seen_by(player),
            history=tuple(tuple(joint[i] for i in order) for joint in state.history),
            options=state.labels[: self.game.shape[player]],
            their_options=tuple(state.labels[: self.game.shape[i]] for i in order[1:]),
            prediction=prediction,
        )

    def view(self, state: State, player: int) -> View:
        sight = self.sight(state, player)
        about = sight.options if sight.phase == "act" else sight.their_options[0]
        order = state.orders[player if sight.phase == "act" else 1 - player]
        asked = tuple(about[i] for i in order)
        told = None if sight.prediction is None else sight.their_options[0][sight.prediction]
        text = render(__package__, f"repeated/{sight.phase}", asked=listed(asked), prediction=told,
                      **described(sight, self.wording))  # fmt: skip
        return View(sight, text, Option(asked))

    # ---- what happens

    def step(self, state: State, answers: dict[str, Any], rng: Random) -> tuple[State, list[Event]]:
        if state.phase == "predict":
            return self.predicted(state, answers)
        silent = {who: answer.reason for who, answer in answers.items() if isinstance(answer, NoAnswer)}
        if silent:
            record = {"round": len(state.history) + 1, "silent": silent}
            return replace(state, ended="void", silent=silent), [Event("void", record)]
        meant = tuple(state.labels.index(answers[name]) for name in self.seats)
        done = tuple(self.slipped(choice, k, rng) for choice, k in zip(meant, self.game.shape))
        after = replace(state, history=(*state.history, done), meant=(*state.meant, meant))
        now = len(after.history)
        record = {"round": now, "choices": dict(zip(self.seats, (state.labels[c] for c in done))),
                  "points": dict(zip(self.seats, self.game.paid(done))), "orders": [list(o) for o in state.orders],
                  "slips": [name for name, a, b in zip(self.seats, meant, done) if a != b]}  # fmt: skip
        ended: Ended = ""
        if self.horizon.ending and rng.random() < self.horizon.ending:
            ended = "chance"
        elif now == self.horizon.rounds:
            ended = "rounds"
        after = replace(after, ended=ended)
        return (after if ended else self.asking(after, rng)), [Event("round", record)]

    def slipped(self, choice: int, options: int, rng: Random) -> int:
        """The choice as it is carried out: with probability `noise` another option, any of them alike."""
        if not self.noise or rng.random() >= self.noise or options == 1:
            return choice
        return rng.choice([other for other in range(options) if other != choice])

    def predicted(self, state: State, answers: dict[str, Any]) -> tuple[State, list[Event]]:
        """Forecasts are kept for the round. Who gives none acts without one; that voids nothing."""
        given: dict[str, int | None] = {
            who: None if isinstance(answer, NoAnswer) else state.labels.index(answer) for who, answer in answers.items()
        }
        silent = {who: answer.reason for who, answer in answers.items() if isinstance(answer, NoAnswer)}
        said = {who: None if at is None else state.labels[at] for who, at in given.items()}
        event = Event("forecast", {"round": len(state.history) + 1, "expected": said, "silent": silent})
        return replace(state, phase="act", predictions=(*state.predictions, given)), [event]

    def outcome(self, state: State) -> Outcome:
        paid = np.array([self.game.paid(joint) for joint in state.history]).reshape(-1, self.game.players)
        rounds, totals = len(paid), paid.sum(axis=0)
        void = state.ended == "void" or not rounds
        planned = max(rounds, self.horizon.rounds) if void else rounds
        missing = planned - rounds
        scores: list[float | None] = []
        bounds: list[tuple[float, float] | None] = []
        for total, best, worst in zip(totals, self.game.best, self.game.worst):
            most = planned * best
            bounds.append((float((total + missing * worst) / most), float((total + missing * best) / most))
                          if best > 0 else None)  # fmt: skip
            scores.append(None if void or best <= 0 else float(total / most))
        return Outcome(
            rounds=rounds,
            ended=state.ended,
            labels=state.labels,
            history=list(state.history),
            meant=list(state.meant),
            totals=dict(zip(self.seats, map(float, totals))),
            scores=dict(zip(self.seats, scores)),
            bounds=dict(zip(self.seats, bounds)),
            predictions=list(state.predictions),
            foreseen={name: self.came_true(state, name) for name in self.foresight},
            silent=dict(state.silent or {}),
            honest=self.horizon.honest,
        )

    def came_true(self, state: State, name: str) -> tuple[int, int]:
        """How many forecasts of this seat came true, and how many it gave."""
        other = 1 - self.seats.index(name)
        given = [(forecast[name], joint[other]) for forecast, joint in zip(state.predictions, state.history)]
        given = [pair for pair in given if pair[0] is not None]
        return sum(expected == done for expected, done in given), len(given)
