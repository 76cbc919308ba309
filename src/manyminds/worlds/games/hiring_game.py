"""The random audit as it is put on the table: a worker and an auditor under the optimal contract."""

from typing import Any

from pydantic import Field

from manyminds.agents.hired import RULES
from manyminds.agents.language import LanguageAgent
from manyminds.core import PaperConfig, Table
from manyminds.theory.audit import AuditPoint, audit_pays, closed_form, random_audit
from manyminds.theory.hiring import best_deterministic, solve
from manyminds.worlds.games.game import Game
from manyminds.worlds.games.hiring import AUDIT_WORDS, Hiring, Outcome


class Settings(PaperConfig):
    """The canonical point of the random audit."""

    accuracy: float = Field(0.75, gt=0.5, le=1, description="how often the signal of who works is right")
    work: float = Field(0.05, ge=0, le=1, description="cost of work")
    audit: float = Field(0.1, ge=0, le=1, description="cost of an audit")
    cap: float = Field(1.0, gt=0, le=1000, description="largest payment")
    premium: float = Field(0.01, ge=0, le=0.05, description="by how much obedience is better than any other effort")
    rounds: int = Field(10, ge=1, le=100_000)

    @property
    def point(self) -> AuditPoint:
        return AuditPoint(self.accuracy, self.work, self.audit, self.cap)


def world(settings: Settings) -> Hiring:
    instance = random_audit(*settings.point)
    return Hiring(instance, solve(instance, relax=-settings.premium), AUDIT_WORDS, settings.rounds)


def language(model: Any, name: str) -> LanguageAgent:
    return LanguageAgent.direct(model, name)


def value(settings: Settings) -> list[Table]:
    """The principal's value with and without the secret audit, and with the premium that these settings pay."""
    point = settings.point
    instance = random_audit(*point)
    rows = (
        ("optimal mechanism", solve(instance).value),
        ("the same with the premium", solve(instance, relax=-settings.premium).value),
        ("without correlated efforts", best_deterministic(instance).value),
        ("closed form, if effort is worth inducing", closed_form(*point)),
    )
    note = "an audit in secret pays here" if audit_pays(*point) else "an audit does not pay here"
    return [Table("the principal's value per round", ("mechanism", "value"), rows, note)]


def score(outcome: Outcome) -> dict[str, float]:
    return outcome.utilities


GAME = Game(
    "audit", "a worker and an auditor, hired for information", Settings, lambda settings: AUDIT_WORDS.agents, world,
    RULES, language, value, score,
)  # fmt: skip
