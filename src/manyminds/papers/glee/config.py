"""What of GLEE is played, by whom, and how it is analysed."""

from typing import Any

from pydantic import Field, field_validator

from manyminds.agents import bargainers, persuaders
from manyminds.agents.seats import known
from manyminds.core import BadInput
from manyminds.models.load import names_model
from manyminds.papers.glee.analysis import Intervals
from manyminds.papers.glee.grid import FAMILIES, Cell, Family, pairs_of
from manyminds.tuning.organisms import Raising

Players = tuple[str, ...]


class Config(Raising):
    """The paper's grid and our rules. All ordered pairs meet; pairs of rules play on arrays, all others one by one."""

    families: tuple[Family, ...] = Field(FAMILIES, description="which games")
    bargainers: Players = Field(
        ("fair", "equilibrium", "anchor", "tit-for-concession"),
        description="who plays bargaining and negotiation, in both seats: rules, models or 'human'",
    )
    sellers: Players = Field(("truthful", "always", "committed"), description="who recommends in persuasion")
    buyers: Players = Field(("bayesian", "follower", "sceptic"), description="who buys in persuasion")
    players: Players = Field((), description="models or 'human' for every seat of every game, in place of the above")
    repeats: int = Field(5, ge=1, le=10_000, description="games of each pair in each configuration")
    fraction: float = Field(1.0, gt=0, le=1, description="share of the configurations that each pair plays")
    discounts: tuple[float, ...] = Field((0.8, 0.9, 0.95, 1.0), description="discount factors in bargaining")
    factors: tuple[float, ...] = Field((0.8, 1.0, 1.2, 1.5), description="values in negotiation, in units of money")
    priors: tuple[float, ...] = Field((1 / 3, 0.5, 0.8), description="chances of a high quality in persuasion")
    values: tuple[float, ...] = Field((1.2, 1.25, 2.0, 3.0, 4.0), description="a good product's values, in prices")
    money: tuple[float, ...] = Field((1e2, 1e4, 1e6), description="sums at stake")
    bargaining_rounds: tuple[int, ...] = Field((12, 0), description="stages; 0: no end that anybody is told of")
    negotiation_rounds: tuple[int, ...] = Field((1, 10, 0), description="stages; 0: no end that anybody is told of")
    persuasion_rounds: int = Field(20, ge=1, le=1000, description="products offered in a game")
    cap: int = Field(99, ge=1, le=999, description="where a game without end is cut; nobody is told (as released)")
    names: tuple[str, str] = Field(("Alice", "Bob"), description="what the players are called")
    temperature: float = Field(0.0, ge=0, le=2, description="of language players")
    reasks: int = Field(3, ge=0, le=10, description="how often a malformed answer is asked for again")
    intervals: Intervals = Field("clustered", description="by configuration, or 'classical' as in the paper")
    archive: str = Field("", description="games to analyse in place of playing: a .jsonl file or a folder")
    theory: bool = Field(True, description="play the cells in which theory names the result")
    replayed: int = Field(60, ge=0, le=5000, description="games of rules that are played in the turn worlds as well")
    studies: int = Field(50, ge=0, le=10_000, description="synthetic studies with a planted edge")
    edge: float = Field(0.05, description="the planted self-gain")
    study_share: float = Field(0.2, gt=0, le=1, description="share of the cells that each agent of a study plays")
    tilt: float = Field(2.0, ge=0, description="how unbalanced the games of a study are assigned")
    organism_games: int = Field(12, ge=1, le=1000, description="cells in which an organism plays each rule, both seats")
    study_noise: float = Field(0.05, ge=0, description="standard deviation added to the gains of a study")

    @field_validator("bargainers", "sellers", "buyers", "players")
    @classmethod
    def players_exist(cls, players: Players, info: Any) -> Players:
        rules = {"bargainers": bargainers.RULES, "sellers": persuaders.SENDERS, "buyers": persuaders.BUYERS}
        if len(set(players)) != len(players):
            raise ValueError("a player stands there twice; every pair meets anyway")
        try:
            return tuple(known(player, rules.get(info.field_name, {})) for player in players)
        except BadInput as error:
            raise ValueError(str(error)) from None

    @property
    def models(self) -> Players:
        """Every model that a run of this config will call."""
        seats = self.players or (*self.bargainers, *self.sellers, *self.buyers)
        return () if self.archive else tuple(dict.fromkeys(seat for seat in seats if names_model(seat)))

    def seated(self, family: Family) -> tuple[Players, Players]:
        """Who can sit in the first and in the second seat."""
        if self.players:
            return self.players, self.players
        return (self.sellers, self.buyers) if family == "persuasion" else (self.bargainers, self.bargainers)

    def cells(self, family: Family) -> list[Cell]:
        """Every configuration of a family."""
        if family == "bargaining":
            return pairs_of(family, self.discounts, self.discounts, self.money, self.bargaining_rounds)
        if family == "negotiation":
            return pairs_of(family, self.factors, self.factors, self.money, self.negotiation_rounds)
        return pairs_of(family, self.priors, self.values, self.money, (self.persuasion_rounds,))
