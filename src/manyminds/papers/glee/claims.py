"""What GLEE says, as checks of a run: theory exactly, the method on planted truth, behaviour only where minds spoke."""

from typing import Any

import numpy as np

from manyminds.core import Claim, Estimate, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.glee.analysis import correlation_interval
from manyminds.papers.glee.organisms import ORGANISMS

ENOUGH = 0.02  # what a flexible model may gain on the linear one (the paper: at most .01)


def oracle(name: str) -> Any:
    """Every cell of one comparison with theory is right, to 1e-9."""

    def check(results: Any) -> Finding:
        for found in results.oracles:
            if found.name == name:
                return Finding(found.gap, found.right == found.cells and found.gap <= 1e-9, found.cells)
        raise NotHere(f"{name} was not played")

    return check


def grid(results: Any) -> Finding:
    cells = {played.family: played.cells for played in results.played}
    if results.archived or len(cells) < 3:
        raise NotHere("not all three families were enumerated")
    return Finding(float(sum(cells.values())), cells == {"bargaining": 384, "negotiation": 576, "persuasion": 360}, 3)


def obeyed(results: Any) -> Finding:
    """In every (prior, value) the rate of sales is within four standard errors of the theory's."""
    if not results.sold:
        raise NotHere("the best commitment was not played")
    off = [abs(s.played - s.theory) / s.error if s.error else float(abs(s.played - s.theory) > 1e-9) * np.inf
           for s in results.sold]  # fmt: skip
    off = [0.0 if np.isnan(x) else x for x in off]
    return Finding(float(max(off)), max(off) < 4, len(off))


def same(results: Any) -> Finding:
    if results.twin is None:
        raise NotHere("no game was played twice")
    return Finding(results.twin.gap, results.twin.gap <= 1e-9, results.twin.games)


def studied(results: Any) -> list[Any]:
    if not results.studies:
        raise NotHere("no synthetic study was made")
    return results.studies


def recovered(results: Any) -> Finding:
    made = studied(results)
    covered = st.share(sum(s.covered for s in made), len(made))
    return Finding(covered, covered.value >= 0.9)


def means_mislead(results: Any) -> Finding:
    """The error of the difference of plain means, over the studies."""
    off = st.mean([abs(s.raw - results.edge) for s in studied(results)])
    return Finding(off, off.low > 0.02)


def spoke(results: Any) -> None:
    if not results.language:
        raise NotHere("no language model took part")


def market(family: str, level: str, measure: str, sign: int) -> Any:
    """The effect of a market against the default one has this sign, with its whole interval."""

    def check(results: Any) -> Finding:
        spoke(results)
        for effect in results.markets:
            if (effect.family, effect.level, effect.measure) == (family, level, measure):
                found = effect.effect.estimate
                return Finding(found, (found.low if sign > 0 else -found.high) > 0)
        raise NotHere(f"the market {level} of {family} was not played")

    return check


def linear(results: Any) -> Finding:
    spoke(results)
    if not results.misfits:
        raise NotHere("too few games to hold any out")
    gained = [m.linear - m.cells for m in results.misfits]
    return Finding(float(max(gained)), max(gained) <= ENOUGH, len(gained))


def people_anchor(results: Any) -> Finding:
    """In Bob's seat people follow the first offer more than models; needs games of both."""
    people = [a for a in results.anchors if a.bob in ("human", "otree") and a.correlation is not None]
    models = [a for a in results.anchors if a.bob not in ("human", "otree") and a.correlation is not None]
    if not results.archived or not people or not models:
        raise NotHere("games of people and of models in Bob's seat are needed (archive=PATH)")
    gap = float(np.mean([a.correlation for a in people]) - np.mean([a.correlation for a in models]))
    low = correlation_interval(people[0].correlation, people[0].n).low
    return Finding(Estimate(gap, -np.inf, np.inf, len(people) + len(models)), gap > 0 and low > 0)


CLAIMS = (
    Claim("grid", "the three families span 384, 576 and 360 configurations", "section 4, table of parameters", "1320",
          grid),
    Claim("division", "equilibrium play divides at once, as the closed forms say (largest gap, all cells)", "section 2",
          "0", oracle("division")),
    Claim("trade", "with a known end and known values the last proposer takes the gain (largest gap)", "section 2", "0",
          oracle("trade")),
    Claim("advice", "best commitment: closed form, linear program and brute force agree (largest gap)", "section 2",
          "0", oracle("advice")),
    Claim("obeyed", "an obedient buyer and the best commitment trade at the rate min(pv, 1) (gap in standard errors)",
          "section 2", "< 4", obeyed),
    Claim("recovered", "the regression's 95 % interval holds the planted edge, each agent playing a fifth of the cells",
          "section 4, method", ">= 0.9", recovered),
    Claim("means", "how far the difference of plain means is off when games are assigned unevenly", "section 4, method",
          "> 0.02", means_mislead),
    Claim("twin", "games on arrays are those of the turn worlds (largest difference)", "ours", "0", same),
    *ORGANISMS,
    Claim("bargaining-market", "without knowledge, with messages and without an end bargaining is more efficient",
          "section 5, markets", "+0.028", market("bargaining", "inf, incomplete, messages", "efficiency", 1),
          needs="endpoint"),
    Claim("negotiation-market", "without an end negotiation is more efficient than in one round", "section 5, markets",
          "+0.174", market("negotiation", "inf, complete, silent", "efficiency", 1), needs="endpoint"),
    Claim("persuasion-market", "text to buyers who come once makes persuasion less efficient", "section 5, markets",
          "-0.247", market("persuasion", "complete, text, myopic", "efficiency", -1), needs="endpoint"),
    Claim("linear", "a model of every cell and pair hardly predicts better than the linear one", "appendix, checks",
          "<= 0.01", linear, needs="endpoint"),
    Claim("anchoring", "people follow a first offer more than models do (difference of correlations)", "section 5",
          "+0.45", people_anchor, needs="data"),
)  # fmt: skip
