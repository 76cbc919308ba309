"""AucArena (arXiv 2310.05746): planning, budgeting and keeping account in ascending auctions with hidden values."""

from dataclasses import replace
from functools import partial
from itertools import combinations, product
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from manyminds.agents.bidders import RULES
from manyminds.agents.seats import PERSON, known
from manyminds.core import Lab, PaperResults
from manyminds.models.load import ModelReference, names_model
from manyminds.papers.aucarena.arena import AuctionRow, Seating, one, series, world_of
from manyminds.papers.aucarena.claims import CLAIMS
from manyminds.papers.aucarena.memos import read_logs, read_memo
from manyminds.papers.aucarena.organisms import Bidding, raised
from manyminds.papers.aucarena.shown import figures, tables
from manyminds.papers.aucarena.simulations import CURSES, Setting, curse, learner, rule_totals
from manyminds.papers.index import paper
from manyminds.theory.auctions import table_optimum
from manyminds.tuning.organisms import Raising
from manyminds.worlds.games.auction import Ties
from manyminds.worlds.games.auction_game import POOLS
from manyminds.worlds.games.auction_items import Desire, Item, Order, Planning, read_entrants, read_items

LADDER = ("rule", "straightforward", "learner", "curse-aware", "planner", "random")
CONTROLS = ("planner", "shuffled-planner", "rule")
PLANTED = (0.05, 0.2)  # rates of false entries


class Config(Raising):
    """Without `model` or `seats` rules bid, and no model is called."""

    model: ModelReference = Field("", description="a model reference for every seat of a table of three")
    seats: tuple[str, ...] = Field((), description="one mind a seat: a rule, a model reference or 'human'")
    parser: ModelReference = Field("", description="a model that reads bids which the grammar cannot; none if empty")
    logs: str = Field("", description="a folder of released auction logs to analyse instead of playing")
    bidders: str = Field("", description="a JSONL file of bidders in place of seats and budgets")
    memo: str = Field("", description="the memo of a former auction that learners read first")
    items: str = Field("", description="a JSONL file of items in place of the pool")
    pool: Literal["standard", "two-level"] = Field("standard", description="ten items at five prices, or 26 at two")
    orders: tuple[Order, ...] = Field(("shuffled", "ascending", "descending"), min_length=1)
    budgets: tuple[int, ...] = Field((10_000, 20_000, 40_000), min_length=1, description="dollars, the same for all")
    auctions: int = Field(10, ge=1, le=100_000, description="auctions per order and budget, with seats or a model")
    overestimate: int = Field(10, ge=-100, le=1000, description="percent by which estimates exceed true values")
    desire: Desire = "profit"
    plan: Planning = "adaptive"
    correct_belief: bool = Field(False, description="tell bidders the errors of their accounts")
    learning: Literal["off", "on", "both"] = Field("off", description="read the last auction's log first")
    temperature: float = Field(0.7, ge=0, le=2)
    deadline: float = Field(0.0, ge=0, description="seconds for a decision of a model; 0 for no limit")
    markup: int = Field(10, ge=1, le=100, description="least raise, percent of the starting price")
    discount: bool = Field(False, description="halve the starting price of what nobody wants, up to three times")
    ties: Ties = Field("uniform", description="who leads among equal bids; arrays draw uniformly")
    tries: int = Field(3, ge=1, le=20, description="refused bids of a round before a bidder is out")
    corrections: int = Field(4, ge=0, le=20, description="corrections of one account at most")
    simulated: int = Field(2000, ge=2, le=1_000_000, description="auctions per cell on arrays")
    twins: int = Field(100, ge=2, le=100_000, description="seeds of the learner and its twin")
    ladder: int = Field(3, ge=1, le=1000, description="auctions per order of every three rules of the ladder")
    organism_auctions: int = Field(20, ge=1, le=10_000, description="auctions in which an organism bids")
    calibration: int = Field(100, ge=2, le=10_000, description="auctions of the planner and its controls")

    @field_validator("seats")
    @classmethod
    def seats_exist(cls, seats: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(known(seat, RULES) for seat in seats)

    @field_validator("budgets")
    @classmethod
    def budgets_are_money(cls, budgets: tuple[int, ...]) -> tuple[int, ...]:
        if any(budget < 0 for budget in budgets):
            raise ValueError("a budget is at least 0")
        return budgets

    @property
    def minds(self) -> tuple[str, ...]:
        """Who sits at the table that was asked for, if any."""
        if self.bidders:
            return tuple(known(mind, RULES) for _, mind, _ in read_entrants(Path(self.bidders)))
        return self.seats or ((self.model,) * 3 if self.model else ())

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that a run of this config will call."""
        return tuple(dict.fromkeys(m for m in (*self.minds, self.parser if self.minds else "") if m and names_model(m)))

    def goods(self) -> tuple[Item, ...]:
        return read_items(Path(self.items)) if self.items else POOLS[self.pool]()


class Logged(BaseModel, frozen=True):
    """One bidder of one logged auction, from released files."""

    auction: int
    name: str
    mind: str
    profit: float
    won: int
    left: int
    budget: int
    failed_rate: float
    self_rate: float
    other_rate: float


class Results(PaperResults):
    """Each part is empty when it was not asked for."""

    totals: list[dict[str, Any]] = Field(default_factory=list)
    curses: list[dict[str, Any]] = Field(default_factory=list)
    learners: list[dict[str, Any]] = Field(default_factory=list)
    alone: list[AuctionRow] = Field(default_factory=list)
    ladder: list[AuctionRow] = Field(default_factory=list)
    controls: list[AuctionRow] = Field(default_factory=list)
    noisy: list[AuctionRow] = Field(default_factory=list)
    corrected: list[AuctionRow] = Field(default_factory=list)  # the same, told their errors
    tables: list[AuctionRow] = Field(default_factory=list)  # the seats that were asked for
    logged: list[Logged] = Field(default_factory=list)
    organisms: list[Bidding] = Field(default_factory=list)
    optimum: int = 0  # of all bidders together, with the largest budget


async def run(config: Config, lab: Lab) -> Results:
    if config.logs:
        return Results(logged=logged(Path(config.logs)))
    items = config.goods()
    if config.minds:
        return Results(tables=await at_the_table(config, lab, items))
    return await offline(config, lab, items)


async def at_the_table(config: Config, lab: Lab, items: tuple[Item, ...]) -> list[AuctionRow]:
    """The seats that were asked for, in every order and with every budget, learning or not or both."""
    past = read_memo(Path(config.memo)).past if config.memo else None
    entrants = tuple(entrant for entrant, *_ in read_entrants(Path(config.bidders))) if config.bidders else ()
    budgets = (max(entrant.budget for entrant in entrants),) if entrants else config.budgets
    jobs: list[Any] = []
    for order, budget in product(config.orders, budgets):
        table = Seating("seats", config.minds, order, budget, entrants=entrants)
        if entrants and any(entrant.learning for entrant in entrants):  # the file says who learns
            jobs.append(series(config, lab, table, items, past))
            continue
        if config.learning != "on":
            jobs += [alone(config, lab, table, items, repeat) for repeat in range(config.auctions)]
        if config.learning != "off" and not entrants:
            jobs.append(series(config, lab, replace(table, learning=True), items, past))
    if PERSON in config.minds:  # a person can sit at one table at a time
        return [row for job in jobs for row in (await lab.gather([job], "auctions"))[0]]
    return [row for rows in await lab.gather(jobs, "auctions") for row in rows]


async def alone(config: Config, lab: Lab, table: Seating, items: tuple[Item, ...], repeat: int) -> list[AuctionRow]:
    """One auction that knows of no other."""
    return [(await one(config, lab, table, items, repeat))[0]]


async def offline(config: Config, lab: Lab, items: tuple[Item, ...]) -> Results:
    """What rules show: theory's cases on arrays, then plans and accounts in the arena itself."""
    setting = Setting(items, config.markup, config.discount)
    cells = list(product(config.orders, config.budgets))
    totals = [
        await lab.once(
            f"totals/{order}/{budget}", partial(rule_totals, lab.seeds, setting, order, budget, 3, config.simulated)
        )
        for order, budget in cells
    ]
    curses = [
        await lab.once(f"curse/{o}", partial(curse, lab.seeds, setting, o, 3, config.simulated // 10 + 1))
        for o in CURSES
    ]
    learners = [
        await lab.once(f"learner/{order}/{budget}",
                       partial(learner, lab.seeds, setting, order, budget, config.overestimate, config.twins))
        for order, budget in cells
    ]  # fmt: skip

    async def rows(name: str, tables: list[Seating], repeats: int) -> list[AuctionRow]:
        async def work() -> list[AuctionRow]:
            jobs = [alone(config, lab, table, items, r) for table in tables for r in range(repeats)]
            return [row for found in await lab.gather(jobs, name) for row in found]

        return [AuctionRow.model_validate(row) for row in await lab.once(name, work)]

    middle = 20_000 if 20_000 in config.budgets else config.budgets[0]
    lone = [Seating("alone", ("planner:0",), "given", budget) for budget in config.budgets]
    threes = [Seating("+".join(minds), minds, order, middle)
              for minds in combinations(LADDER, 3) for order in config.orders]  # fmt: skip
    noisy = Seating("noisy", (*(f"noisy-planner:{error}" for error in PLANTED), "rule"), "shuffled", middle)
    told = tuple(replace(world_of(config, noisy, items, None).bidders[i], correct_belief=True) for i in range(3))
    organisms = [await raised(lab, config, items, seed, config.organism_auctions) for seed in range(config.organisms)]
    return Results(
        organisms=organisms, totals=totals, curses=curses, learners=learners,
        alone=await rows("alone", lone, 1),
        ladder=await rows("ladder", threes, config.ladder),
        controls=await rows("controls", [Seating("controls", CONTROLS, "shuffled", middle)], config.calibration),
        noisy=await rows("noisy", [noisy], config.calibration),
        corrected=await rows("corrected", [replace(noisy, name="corrected", entrants=told)], config.calibration),
        optimum=table_optimum([i.price for i in items], [i.value for i in items], [max(config.budgets)] * 3),
    )  # fmt: skip


def logged(folder: Path) -> list[Logged]:
    """Released logs as rows."""
    found = []
    for number, auction in enumerate(read_logs(folder)):
        for log in auction:
            found.append(Logged(
                auction=number, name=log.bidder_name, mind=log.model_name, profit=log.profit, won=len(log.items_won),
                left=log.money_left, budget=log.budget, failed_rate=log.failed_bid_rate, self_rate=log.self_error_rate,
                other_rate=log.other_error_rate))  # fmt: skip
    return found


PAPER = paper(
    "aucarena",
    authors="Chen, Yuan, Ye, Majumder, Richardson",
    year=2023,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
