"""Who plays the turn world and under which words: seats from words, conditions as data, one match from start to end."""

from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.agents.choosers import Chooser
from manyminds.agents.equilibrists import GENERAL, Replies
from manyminds.agents.repeaters_library import REPEATERS
from manyminds.agents.seats import PERSON, known, seated
from manyminds.core import Lab, play, unknown
from manyminds.models.load import names_model
from manyminds.worlds.games import repeated_measures as measures
from manyminds.worlds.games.matrix import MatrixGame, battle_of_the_sexes, prisoners_dilemma
from manyminds.worlds.games.ordinal import ordinal_games
from manyminds.worlds.games.repeated import Horizon, Repeated, pretended_end
from manyminds.worlds.games.repeated_words import Wording

RULES = {**REPEATERS, **GENERAL}
MADE = {"pd": prisoners_dilemma, "bos": battle_of_the_sexes}
SCOT, REPLY = "scot:", "reply:"
SEATS = ("first", "second")

# Each condition changes the wording, the horizon or who predicts; nothing else differs between them.
CONDITIONS: dict[str, dict[str, Any]] = {
    "base": {},
    "scot": {"scot": True},
    "may err": {"others_err": True},
    "goal": {"goal": True},
    "dollars": {"unit": "dollars"},
    "coins": {"unit": "coins"},
    "cooking": {"story": "cooking"},
    "project": {"story": "project"},
    "game": {"story": "game"},
    "letters": {"labels": None},
    "swapped letters": {"labels": ("F", "J")},
    "words": {"labels": ("blue", "green")},
    "first option first": {"order": "first"},
    "second option first": {"order": "second"},
    "20 rounds": {"horizon": Horizon(20)},
    "hidden": {"horizon": "hidden"},
    "ending 1%": {"horizon": pretended_end(0.01, 20)},
    "ending 40%": {"horizon": pretended_end(0.40, 20)},
    "ending 60%": {"horizon": pretended_end(0.60, 20)},
    "ending 80%": {"horizon": pretended_end(0.80, 20)},
}


class Match(BaseModel, frozen=True):
    """One match of the turn world. Scores are None where it was void or broke off; bounds then say what is possible."""

    game: str
    condition: str
    repeat: int
    first: str
    second: str
    ending: str
    reason: str = ""
    rounds: int = 0
    history: str = ""  # both options by round, in letters C (first) and D (second): "CC CD"
    totals: tuple[float, float] | None = None
    scores: tuple[float, float] | None = None
    bounds: tuple[tuple[float, float], tuple[float, float]] | None = None
    regret: tuple[float, float] | None = None
    efficiency: float | None = None
    cooperation: tuple[float, float] | None = None
    coordination: float | None = None
    alternation: float | None = None
    forgiveness: tuple[float | None, float | None] | None = None
    foreseen: dict[str, tuple[int, int]] = {}
    sure: dict[str, float] = {}  # mean probability of the chosen option, where the server told it
    silent: int = 0
    honest: bool = True


@dataclass(frozen=True)
class Talk:
    """How language models are asked: tokens of an answer, tries for a legal one, temperature."""

    tokens: int = 1
    tries: int = 1
    temperature: float = 0.0


def bare(seat: str) -> str:
    """A seat without what stands before its mind."""
    return seat.removeprefix(SCOT).removeprefix(REPLY)


def checked(seat: str) -> str:
    """The seat as written, if somebody can sit there; raises `BadInput` with the nearest names if not."""
    known(bare(seat), RULES)
    return seat


def language_seat(seat: str) -> bool:
    return names_model(bare(seat))


def open_seat(seat: str) -> bool:
    """Does a person or a model sit here, so that its answers are worth asking for one by one?"""
    return language_seat(seat) or bare(seat) == PERSON


def game_called(name: str) -> MatrixGame:
    """`pd`, `bos`, both with other payoffs after colons if wanted (`bos:9:8:0`), or `144/NUMBER`.

    Raises `ValueError` that says what is wrong.
    """
    if name.startswith("144/"):
        number = name.removeprefix("144/")
        if not number.isdecimal() or not 1 <= int(number) <= 144:
            raise ValueError(f"game {name!r}: the ordinal games are 144/1 to 144/144")
        return ordinal_games()[int(number) - 1].game
    kind, *numbers = name.split(":")
    if kind not in MADE:
        raise ValueError(str(unknown("game", name, [*MADE, "all", "144/1"])))
    takes = len(signature(MADE[kind]).parameters)
    if numbers and len(numbers) != takes:
        raise ValueError(f"game {name!r}: {kind} takes {takes} payoffs ({', '.join(signature(MADE[kind]).parameters)})")
    return MADE[kind](*map(float, numbers))


def worded(condition: str, rounds: int, drawn_labels: bool) -> tuple[Wording, Horizon, bool]:
    """The wording, the horizon and whether everybody predicts, under one condition."""
    settings = dict(CONDITIONS[condition])
    scot, horizon = settings.pop("scot", False), settings.pop("horizon", Horizon(rounds))
    horizon = Horizon(rounds, told="nothing") if horizon == "hidden" else horizon
    labels = {"labels": None} if drawn_labels and "labels" not in settings else {}
    return Wording(**(settings | labels)), horizon, scot


def mind_of(seat: str, place: str, lab: Lab, talk: Talk) -> Any:
    """The mind of a seat. `reply:` and, for rules, `scot:` put the best reply to its forecast around it."""
    mind = seated(bare(seat), place, RULES, lab.model, lambda model, name: Chooser(
        model, temperature=talk.temperature, tokens=talk.tokens, tries=talk.tries))  # fmt: skip
    forced = seat.startswith(REPLY) or (seat.startswith(SCOT) and not open_seat(seat))
    return Replies(mind) if forced else mind


async def match(
    lab: Lab, game: str, condition: str, pair: tuple[str, str], repeat: int, rounds: int, noise: float, talk: Talk
) -> Match:
    """One match from its first round to its last."""
    wording, horizon, everybody = worded(condition, rounds, game.startswith("144/"))
    foresight = tuple(
        place for place, seat in zip(SEATS, pair)
        if seat.startswith((SCOT, REPLY)) or (everybody and open_seat(seat))
    )  # fmt: skip
    table = game_called(game)
    world = Repeated(table, SEATS, horizon, noise, wording, foresight)
    minds = {place: mind_of(seat, place, lab, talk) for place, seat in zip(SEATS, pair)}
    path = (game, condition, *pair, repeat)
    played = await play(world, minds, lab.seeds.child(*path), lab.record("/".join(map(str, path))))
    row: dict[str, Any] = {"game": game, "condition": condition, "repeat": repeat, "first": pair[0], "second": pair[1]}
    sure = {place: float(np.mean(mind.chances)) for place, mind in minds.items() if getattr(mind, "chances", ())}
    row |= {"sure": sure, "silent": sum(played.no_answers.values())}
    if played.ending != "finished":
        return Match(**row, ending=played.ending, reason=played.reason)
    end = played.outcome
    row |= {"rounds": end.rounds, "history": letters(end.history), "bounds": tuple(end.bounds.values()),
            "foreseen": end.foreseen, "honest": end.honest}  # fmt: skip
    if end.ended == "void":
        return Match(**row, ending="void", reason="; ".join(f"{who}: {why}" for who, why in end.silent.items()))
    return Match(**row, ending=end.ended, totals=tuple(end.totals.values()), scores=tuple(end.scores.values()),
                 **measured(table, np.array(end.history)))  # fmt: skip


def letters(history: list[tuple[int, ...]]) -> str:
    return " ".join("".join("CD"[choice] for choice in joint) for joint in history)


def measured(game: MatrixGame, history: np.ndarray) -> dict[str, Any]:
    """The measures of a match beyond its score."""
    first, second = history.T
    mine, theirs = game.seen_by(0)[0], game.seen_by(1)[0]
    forgiving = measures.forgiveness(first, second), measures.forgiveness(second, first)
    turned = float(measures.alternation(first, second))
    return {
        "regret": (float(measures.external_regret(mine, first, second)),
                   float(measures.external_regret(theirs, second, first))),
        "efficiency": float(measures.efficiency(mine, theirs.T, first, second)),
        "cooperation": (float(measures.cooperation(first)), float(measures.cooperation(second))),
        "coordination": float(measures.coordination(mine, theirs.T, first, second)),
        "alternation": None if np.isnan(turned) else turned,
        "forgiveness": tuple(None if np.isnan(value) else float(value) for value in forgiving),
    }  # fmt: skip
