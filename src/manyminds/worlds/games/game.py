"""A game as it is put on the table: settings, seats, the rules that can sit there, and what theory expects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from manyminds.agents.seats import Rules
from manyminds.core import Agent, PaperConfig, Table, World


@dataclass(frozen=True)
class Game:
    """One game that any mix of minds can sit at: `manyminds play NAME --seats A,B,...`.

    `world` makes the world from the settings; `seats` names its seats in order. `language` makes an agent of a model
    and the name of its seat. `value` is what theory says of these settings, in tables printed beside the outcome.
    `score` is each seat's payoff, read from the world's outcome. `staff` seats whoever serves the game without playing
    it (a clerk, an auctioneer), by rule.
    """

    name: str
    title: str
    settings: type[PaperConfig]
    seats: Callable[[Any], tuple[str, ...]]
    world: Callable[[Any], World]
    rules: Rules
    language: Callable[[Any, str], Agent]
    value: Callable[[Any], list[Table]]
    score: Callable[[Any], dict[str, float]]
    staff: Callable[[Any], dict[str, Agent]] = field(default=lambda settings: {})
    roles: Mapping[str, Rules] = field(default_factory=dict)  # seat -> its rules, where seats differ in what they do

    def rules_at(self, seat: str) -> Rules:
        """The rules that can sit at a seat."""
        return self.roles.get(seat, self.rules)
