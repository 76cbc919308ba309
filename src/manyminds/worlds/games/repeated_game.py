"""Repeated matrix games as they are put on the table: the prisoner's dilemma, battle of the sexes, and any matrix."""

from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from manyminds.agents.choosers import Chooser
from manyminds.agents.equilibrists import GENERAL
from manyminds.agents.repeaters_library import REPEATERS
from manyminds.core import Agent, PaperConfig, Table
from manyminds.theory.normal_form import dominated, equilibria, mixed_value, pure_equilibria
from manyminds.theory.repeated_games import dilemma, finite_values, grim_threshold, turn_taking
from manyminds.worlds.games.game import Game
from manyminds.worlds.games.matrix import MatrixGame, battle_of_the_sexes, from_text, prisoners_dilemma
from manyminds.worlds.games.repeated import Horizon, Outcome, Repeated
from manyminds.worlds.games.repeated_words import Order, Story, Wording

RULES = {**REPEATERS, **GENERAL}


class Settings(PaperConfig):
    """What all repeated games share."""

    rounds: int = Field(10, ge=1, le=100_000, description="rounds; with an ending probability the most that are played")
    ending: float = Field(0.0, ge=0, lt=1, description="probability that the play ends after a round")
    told: Literal["rounds", "ending", "nothing"] = Field("rounds", description="what the players know of the horizon")
    noise: float = Field(0.0, ge=0, le=1, description="probability that a choice is carried out as another one")
    labels: tuple[str, ...] = Field(("J", "F"), description="names of the options; empty: letters drawn by lot")
    order: Order = Field("random", description="in which order the options are named")
    unit: str = Field("points", description="what payoffs are called")
    story: Story = Field("plain", description="the cover story")

    @model_validator(mode="after")
    def told_what_is_true(self) -> Self:
        if self.ending and self.told == "rounds":
            raise ValueError(
                "with an ending probability there is no number of rounds to tell; set told=ending or nothing"
            )
        return self

    def game(self) -> MatrixGame:
        raise TypeError(f"{type(self).__name__} must say which game it is")

    def seats(self) -> tuple[str, ...]:
        return tuple(f"player {i + 1}" for i in range(self.game().players))

    def world(self) -> Repeated:
        options = max(self.game().shape)
        labels = self.labels if len(self.labels) >= options else None
        wording = Wording(labels=labels, order=self.order, unit=self.unit, story=self.story)
        return Repeated(self.game(), self.seats(), Horizon(self.rounds, self.ending, self.told), self.noise, wording)


class DilemmaSettings(Settings):
    reward: float = Field(8, description="both cooperate")
    sucker: float = Field(0, description="cooperates alone")
    temptation: float = Field(10, description="defects alone")
    punishment: float = Field(5, description="both defect")

    @model_validator(mode="after")
    def is_a_dilemma(self) -> Self:
        if not self.temptation > self.reward > self.punishment > self.sucker:
            raise ValueError("a prisoner's dilemma has temptation > reward > punishment > sucker")
        return self

    def game(self) -> MatrixGame:
        return prisoners_dilemma(self.reward, self.sucker, self.temptation, self.punishment)


class BattleSettings(Settings):
    preferred: float = Field(10, description="for who meets where it likes")
    other: float = Field(7, description="for who meets where the other likes")
    apart: float = Field(0, description="for who does not meet")

    @model_validator(mode="after")
    def is_a_battle(self) -> Self:
        if not self.preferred > self.other > self.apart:
            raise ValueError("a battle of the sexes has preferred > other > apart")
        return self

    def game(self) -> MatrixGame:
        return battle_of_the_sexes(self.preferred, self.other, self.apart)


class MatrixSettings(Settings):
    payoffs: str = Field(
        "8,8 0,10 / 10,0 5,5", description="rows of cells ROW,COLUMN, rows parted by a slash; or shapley, chicken, ..."
    )

    @field_validator("payoffs")
    @classmethod
    def payoffs_are_a_game(cls, text: str) -> str:
        from_text(text)
        return text

    def game(self) -> MatrixGame:
        return from_text(self.payoffs)


def value(settings: Settings) -> list[Table]:
    """The equilibria of one round, and what follows for the repeated game."""
    game = settings.game()
    payoffs = game.payoffs
    world = settings.world()
    labels = world.wording.labels or tuple(map(str, range(1, max(game.shape) + 1)))
    found = equilibria(payoffs) if game.players == 2 else [
        tuple(np.eye(k)[a] for k, a in zip(game.shape, at)) for at in pure_equilibria(payoffs)
    ]  # fmt: skip
    rows = [(*(mix_in_words(part, labels) for part in profile), *map(float, mixed_value(payoffs, profile)))
            for profile in found]  # fmt: skip
    columns = (*settings.seats(), *(f"payoff {i + 1}" for i in range(game.players)))
    note = f"{game.name}, one round; dominated: {dominated_in_words(payoffs, labels)}"
    return [Table("Equilibria of one round", columns, tuple(rows), note),
            Table("Repeated", ("statement", "value"), statements(settings, payoffs))]  # fmt: skip


def statements(settings: Settings, payoffs: np.ndarray) -> tuple[tuple[str, Any], ...]:
    """What the theory of repeated games says of these settings."""
    rows: list[tuple[str, Any]] = []
    finite = finite_values(payoffs, 1)
    if settings.told == "rounds" and finite is not None:
        rows.append(("points a round in the only subgame-perfect equilibrium of a told number of rounds",
                     ", ".join(f"{v:g}" for v in finite)))  # fmt: skip
    if dilemma(payoffs) is not None:
        least = grim_threshold(payoffs)
        rows.append(("grim sustains cooperation from this continuation probability on", least))
        if settings.told == "ending":
            verdict = "yes" if 1 - settings.ending >= least else "no"
            rows.append((f"does it with the ending probability {settings.ending:g}?", verdict))
    turns = turn_taking(payoffs)
    if turns is not None:
        rows.append(("points a round when the two take turns between the pure equilibria", turns))
    return tuple(rows)


def mix_in_words(mix: np.ndarray, labels: tuple[str, ...]) -> str:
    return " + ".join(label if p > 1 - 1e-9 else f"{p:.3f} {label}" for p, label in zip(mix, labels) if p > 1e-9)


def dominated_in_words(payoffs: np.ndarray, labels: tuple[str, ...]) -> str:
    rows = [f"{labels[a]} of player {i + 1}" for i, gone in enumerate(dominated(payoffs)) for a in gone]
    return ", ".join(rows) or "nothing"


def scores(outcome: Outcome) -> dict[str, float]:
    """The points of each seat, over the rounds that were played."""
    return outcome.totals


def language(model: Any, name: str) -> Agent:
    return Chooser(model, tokens=16, tries=3)


def table(name: str, title: str, settings: type[Settings]) -> Game:
    return Game(
        name=name,
        title=title,
        settings=settings,
        seats=lambda chosen: chosen.seats(),
        world=lambda chosen: chosen.world(),
        rules=RULES,
        language=language,
        value=value,
        score=scores,
    )


PRISONERS_DILEMMA = table("prisoners-dilemma", "The repeated prisoner's dilemma", DilemmaSettings)
BATTLE_OF_THE_SEXES = table("battle-of-the-sexes", "The repeated battle of the sexes", BattleSettings)
MATRIX = table("matrix", "Any repeated matrix game of two players", MatrixSettings)
