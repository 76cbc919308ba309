"""What is read from finished games: effects of markets and minds by regression, the game of choosing a mind, anchors.

One regression a family and measure, on one-hot parameters, both players, and one joint factor for the market
(section 4). Two players of one name in one seat are one mind, whatever games they happened to play.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel

from manyminds.core import Estimate
from manyminds.core import statistics as st
from manyminds.core.regression import Factor, Regression, fit
from manyminds.core.seeds import Seeds
from manyminds.papers.glee.grid import DEFAULTS, METRICS, PARAMETERS, Cell, Family
from manyminds.papers.glee.playing import Games
from manyminds.theory.normal_form import pure_equilibria, two_players

Intervals = Literal["clustered", "classical"]
SEATS = ("Alice", "Bob")
SEVERAL = 3  # fewer games say nothing about a correlation


class Value(BaseModel, frozen=True):
    """An estimate as plain values."""

    value: float
    low: float
    high: float
    n: int
    unscored: int = 0

    @classmethod
    def of(cls, estimate: Estimate) -> "Value":
        return cls(**asdict(estimate))

    @property
    def estimate(self) -> Estimate:
        return Estimate(self.value, self.low, self.high, self.n, self.unscored)


class Effect(BaseModel, frozen=True):
    """The effect of a level on a measure, against the reference level, all else equal; in units of the measure."""

    family: Family
    measure: str
    level: str
    reference: str
    effect: Value
    mean: float  # plain, over the games that happened to be played: no ranking


class Meta(BaseModel, frozen=True):
    """The game of two who choose the mind that plays for them: expected gains over all configurations alike."""

    family: Family
    rows: list[str]
    columns: list[str]
    first: list[list[float]]
    second: list[list[float]]
    equilibria: list[tuple[str, str]]


class Anchoring(BaseModel, frozen=True):
    """How what Alice's first offer leaves to Bob goes with what Bob gets, for one mind in Bob's seat."""

    family: Family
    bob: str
    correlation: float | None  # None: one of the two never varies
    n: int


class Misfit(BaseModel, frozen=True):
    """Root mean squared error on games that were held out: of the regression, and of the mean of each (cell, pair)."""

    family: Family
    measure: str
    linear: float
    cells: float
    n: int


def label(number: float) -> str:
    return f"{number:.4g}"


def reference(labels: np.ndarray, wanted: str) -> str:
    """The level to compare with: the paper's, or else the most frequent one."""
    counts = Counter(labels.tolist())
    return wanted if wanted in counts else min(counts, key=lambda level: (-counts[level], level))


def market_factors(cells: Sequence[Cell], games: Games) -> list[Factor]:
    """One factor for each parameter and one for the market, each with the paper's default as its reference."""
    family = cells[0].family
    default = DEFAULTS[family]
    values = {
        PARAMETERS[family][0]: ([label(c.first) for c in cells], label(default.first)),
        PARAMETERS[family][1]: ([label(c.second) for c in cells], label(default.second)),
        "money": ([label(c.money) for c in cells], label(default.money)),
        "market": ([c.market for c in cells], default.market),
    }
    taken = {name: np.array(labels)[games.cell] for name, (labels, _) in values.items()}
    return [Factor(name, taken[name], reference(taken[name], wanted)) for name, (_, wanted) in values.items()]


def player_factors(games: Games, base: str = "") -> list[Factor]:
    return [Factor(seat, names, reference(names, base)) for seat, names in zip(SEATS, (games.player_a, games.player_b))]


def regression(
    outcome: np.ndarray, factors: list[Factor], games: Games, intervals: Intervals = "clustered"
) -> Regression:
    """The fit; `clustered` intervals allow for games of one cell to have the same lack of fit."""
    return fit(outcome, factors, games.cell if intervals == "clustered" else None)


def effects(
    cells: Sequence[Cell],
    games: Games,
    outcome: np.ndarray,
    name: str,
    measure: str,
    intervals: Intervals,
    base: str = "",
) -> list[Effect]:
    """The effect on `outcome` of every level of the factor `name`; NaN for a level at which nothing could be scored."""
    scored = ~np.isnan(outcome)
    kept, values = games.take(scored), outcome[scored]
    factors = market_factors(cells, kept) + player_factors(kept, base)
    fitted = regression(values, factors, kept, intervals)
    (factor,) = (f for f in factors if f.name == name)
    (whole,) = (f for f in market_factors(cells, games) + player_factors(games) if f.name == name)
    found, missing = [], int((~scored).sum())
    for level in np.unique(whole.labels):
        mine = values[factor.labels == level]
        estimate = fitted.estimate(name, level) if len(mine) else Estimate(np.nan, np.nan, np.nan, 0)
        found.append(Effect(family=cells[0].family, measure=measure, level=str(level), reference=str(factor.reference),
                            effect=Value.of(replace(estimate, unscored=missing)),
                            mean=float(mine.mean()) if len(mine) else np.nan))  # fmt: skip
    return found


def market_effects(cells: Sequence[Cell], games: Games, intervals: Intervals) -> list[Effect]:
    """Efficiency and fairness by market."""
    found: list[Effect] = []
    for measure in METRICS:
        found += effects(cells, games, getattr(games, measure), "market", measure, intervals)
    return found


def mind_effects(cells: Sequence[Cell], games: Games, intervals: Intervals, base: str = "") -> list[Effect]:
    """Self-gain by mind, for each seat."""
    found: list[Effect] = []
    for seat, gain in zip(SEATS, (games.gain_a, games.gain_b)):
        found += effects(cells, games, gain, seat, f"self-gain of {seat}", intervals, base)
    return found


def meta_game(cells: Sequence[Cell], games: Games) -> Meta | None:
    """The bimatrix of expected gains, by a regression on ordered pairs; None unless every pair has met.

    Gains are averaged over all cells: where every pair played every cell they are the plain means.
    """
    played = games.take(~games.void)
    rows, columns = sorted(set(played.player_a.tolist())), sorted(set(played.player_b.tolist()))
    pairs = np.char.add(np.char.add(played.player_a.astype(str), "|"), played.player_b.astype(str))
    if len(set(pairs.tolist())) < len(rows) * len(columns) or len(rows) * len(columns) == 1:
        return None
    factors = [*market_factors(cells, played), Factor("pair", pairs, reference(pairs, f"{rows[0]}|{columns[0]}"))]
    tables = []
    for gain in (played.gain_a, played.gain_b):
        fitted = regression(gain, factors, played, "classical")  # no interval is read from it
        everywhere = average(fitted, cells)
        tables.append([[everywhere + coefficient(fitted, "pair", f"{a}|{b}") for b in columns] for a in rows])
    stable = pure_equilibria(two_players(*map(np.array, tables)))
    return Meta(family=cells[0].family, rows=rows, columns=columns, first=tables[0], second=tables[1],
                equilibria=[(rows[i], columns[j]) for i, j in stable])  # fmt: skip


def anchoring(family: Family, games: Games) -> list[Anchoring]:
    """The correlation of first offer and final payoff for each mind in Bob's seat."""
    found = []
    for bob in sorted(set(games.player_b.tolist())):
        chosen = (games.player_b == bob) & ~np.isnan(games.first_offer) & ~np.isnan(games.gain_b)
        offer, payoff = games.first_offer[chosen], games.gain_b[chosen]
        varies = chosen.sum() >= SEVERAL and np.ptp(offer) > 1e-9 and np.ptp(payoff) > 1e-9
        r = float(np.corrcoef(offer, payoff)[0, 1]) if varies else None
        found.append(Anchoring(family=family, bob=bob, correlation=r, n=int(chosen.sum())))
    return found


def misfit(cells: Sequence[Cell], games: Games, measure: str, seeds: Seeds) -> Misfit | None:
    """Is the linear model enough? Its error on a fifth of the games beside that of the mean of each (cell, pair).

    None where too few games were played to hold any out.
    """
    outcome = getattr(games, measure)
    games, outcome = games.take(~np.isnan(outcome)), outcome[~np.isnan(outcome)]
    order = seeds.numpy("held out", cells[0].family, measure).permutation(len(games))
    test, train = order[: len(games) // 5], order[len(games) // 5 :]
    if len(test) < 20:
        return None
    learnt = games.take(train)
    fitted = fit(outcome[train], market_factors(cells, learnt) + player_factors(learnt))
    linear = predicted(fitted, cells, games.take(test))
    keys = games.cell * 10_000 + np.unique(np.char.add(games.player_a, games.player_b), return_inverse=True)[1]
    known, at = np.unique(keys[train], return_inverse=True)
    means = np.bincount(at, outcome[train]) / np.bincount(at)
    where = np.minimum(np.searchsorted(known, keys[test]), len(known) - 1)
    saturated = np.where(known[where] == keys[test], means[where], linear)
    seen = ~np.isnan(linear)
    errors = [float(np.sqrt(np.mean((guess[seen] - outcome[test][seen]) ** 2))) for guess in (linear, saturated)]
    return Misfit(family=cells[0].family, measure=measure, linear=errors[0], cells=errors[1], n=int(seen.sum()))


def average(fitted: Regression, cells: Sequence[Cell]) -> float:
    """What a regression expects of the reference pair, over all cells alike whose levels it has seen."""
    one_each = np.full(len(cells), "")
    nothing = np.full(len(cells), np.nan)
    each = Games(np.arange(len(cells)), one_each, one_each, nothing, *(nothing,) * 6, nothing)
    return float(np.nanmean(totals(fitted, market_factors(cells, each))))


def predicted(fitted: Regression, cells: Sequence[Cell], games: Games) -> np.ndarray:
    """What a regression expects of each game; NaN where a level was never seen."""
    return totals(fitted, market_factors(cells, games) + player_factors(games))


def totals(fitted: Regression, factors: Sequence[Factor]) -> np.ndarray:
    """Intercept and coefficients summed for each observation; NaN where a level was never seen."""
    total = np.full(len(factors[0].labels), fitted.intercept.value)
    for factor in factors:
        levels, at = np.unique(np.asarray(factor.labels).astype(str), return_inverse=True)
        total += np.array([coefficient(fitted, factor.name, level) for level in levels])[at]
    return total


def coefficient(fitted: Regression, factor: str, level: str) -> float:
    try:
        return fitted.estimate(factor, level).value
    except KeyError:
        return float("nan")


def correlation_interval(r: float, n: int) -> Estimate:
    """A correlation with Fisher's interval."""
    if n < SEVERAL + 1 or abs(r) >= 1:
        return Estimate(r, r, r, n)
    width = 1.959964 / np.sqrt(n - 3)
    return Estimate(r, float(np.tanh(np.arctanh(r) - width)), float(np.tanh(np.arctanh(r) + width)), n)


def share_outside(games: Games) -> Estimate:
    """How often fairness left [0, 1]."""
    fair = games.fairness[~np.isnan(games.fairness)]
    return st.share(int(((fair < 0) | (fair > 1)).sum()), len(fair))
