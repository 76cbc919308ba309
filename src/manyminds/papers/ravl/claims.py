"""What the paper says of the edge of reach, and what must hold where everything can be counted."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st


def cell(results: Any, method: str, steps: int) -> Any:
    for found in results.grid:
        if (found.method, found.steps) == (method, steps):
            return found
    raise NotHere(f"{method} at k={steps} was not run")


def gap(results: Any, method: str, steps: int) -> st.Estimate:
    """How far the mean return stays below the best there is."""
    return st.mean([results.optimum - value for value in cell(results, method, steps).returns])


def falls_short(steps: int) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = gap(results, "base", steps)
        return Finding(found, found.value >= 2)

    return check


def close(method: str, steps: int, most: float) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = gap(results, method, steps)
        return Finding(found, found.value <= most)

    return check


def over(method: str, steps: int, measure: str, holds: Callable[[float], bool]) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = st.mean(getattr(cell(results, method, steps), measure))
        return Finding(found, holds(found.value))

    return check


def apart(results: Any) -> Finding:
    """The pessimism of the ensemble falls on the edge: mean less lowest there, less the same within reach."""
    gaps = [
        a - b for k in (3, 5) for c in [cell(results, "ravl-30", k)] for a, b in zip(c.apart_at_edge, c.apart_within)
    ]
    return Finding(st.mean(gaps), min(gaps) > 0)


def edge_vanishes(results: Any) -> Finding:
    """From the least k beyond the farthest cell on, no target is at the edge; before, some are."""
    beyond = [v for c in results.grid if c.steps > results.exact.diameter for v in c.edge]
    before = [v for c in results.grid if c.steps <= 5 and c.method == "base" for v in c.edge]
    holds = results.exact.empty_from == results.exact.diameter + 1 and max(beyond) == 0 and min(before) > 0
    return Finding(st.mean(beyond), holds)


def grows_with_members(results: Any) -> Finding:
    """More members, more pessimism: the gap of 30 is no larger than that of 10, which is no larger than the base's."""
    rows = [[gap(results, m, k).value for m in ("base", "ravl-10", "ravl-30")] for k in (3, 5)]
    return Finding(str([[round(v, 2) for v in row] for row in rows]), all(a >= b >= c for a, b, c in rows), 2)


def propagation(results: Any) -> Finding:
    return Finding(results.exact.worst, results.exact.worst < 1e-12, results.exact.rollouts)


def edges(results: Any) -> Finding:
    found = results.exact
    return Finding(st.share(found.edges, found.graphs), found.edges == found.graphs)


def blend(results: Any, method: str, share: float) -> Any:
    for found in results.blends:
        if found.method == method and found.share == share:
            return found
    raise NotHere(f"{method} at u={share} was not run")


def worse_when_true(method: str) -> Callable[[Any], Finding]:
    """What the truth costs a penalised base: return with the learned model less return with the true one."""

    def check(results: Any) -> Finding:
        learned, true = blend(results, method, 0.0).returns, blend(results, method, 1.0).returns
        found = st.mean([a - b for a, b in zip(learned, true)])
        return Finding(found, found.value >= 2)

    return check


def keeps_its_level(results: Any) -> Finding:
    losses = [results.optimum - np.mean(row.returns) for row in results.blends if row.method == "ravl-30"]
    return Finding(max(losses), max(losses) <= 0.5, len(losses))


def no_doubt(results: Any) -> Finding:
    """All three penalties, over every cell and action, at u = 1; and above 0 at u = 0, or nothing was shown."""
    if not {"0.0", "1.0"} <= set(results.doubts):
        raise NotHere("u = 0 and u = 1 were not both run")
    at_one = max(results.doubts["1.0"].values())
    return Finding(at_one, at_one == 0 and min(results.doubts["0.0"].values()) > 0, 3)


def correlated(results: Any) -> Finding:
    found = blend(results, "ravl-30", 0.0).correlation
    return Finding(st.mean(found), min(found) > 0)


def on_plane(results: Any, method: str) -> Any:
    for found in results.plane:
        if found.method == method:
            return found
    raise NotHere(f"{method} was not run on the plane")


def diverges(results: Any) -> Finding:
    """The mean target passes every possible value, and the policy gets little of what it could."""
    found = on_plane(results, "base")
    tops = [max(row) for row in found.target]
    return Finding(st.mean(tops), min(tops) > 100 and max(found.returns) < 0.5 * results.plane_best)


def bounded(method: str) -> Callable[[Any], Finding]:
    """No critic says more than any true value, on a square half as wide again as the reach."""

    def check(results: Any) -> Finding:
        found = on_plane(results, method)
        return Finding(st.mean(found.largest), max(found.largest) <= 100)

    return check


def as_good_as_patch(method: str) -> Callable[[Any], Finding]:
    """Return over that of the oracle patch (true values of the policy being learnt), mean over seeds."""

    def check(results: Any) -> Finding:
        patch = float(np.mean(on_plane(results, "patch-own").returns))
        found = st.mean([value / patch for value in on_plane(results, method).returns])
        return Finding(found, found.value >= 0.9)

    return check


def scored(results: Any) -> Finding:
    rows = [np.mean(r.scores) for r in results.data if r.scores and r.method == "ravl"]
    if not rows:
        raise NotHere("no data set was given (data=PATH), or no simulator is installed to score a policy in")
    return Finding(st.mean(rows), min(rows) > 0)


GRID = {"blended": (), "exact": 20, "seeds": 20}
BLEND = {"methods": (), "exact": 20}
NO_GRID = {"methods": (), "blended": (), "exact": 20}
PLANE = NO_GRID | {"plane": ("base", "ravl"), "plane_seeds": 5}
# Smaller networks, shorter, and less entropy at first: five seeds of ten critics in minutes.
REMEDY = NO_GRID | {
    "plane": ("patch-own", "ravl-norm", "ravl-prior"),
    "plane_size": {"width": 32, "depth": 2, "updates": 6000, "start_temperature": 0.01},
}
FIGURE = "section 4, definition 1 and simple environment"

CLAIMS = (
    Claim("void-3", "k=3, true dynamics: the base stays 2 or more below the optimum", FIGURE, ">= 2",
          falls_short(3), config=GRID),
    Claim("void-5", "k=5: the same", FIGURE, ">= 2", falls_short(5), config=GRID),
    Claim("full", "k=40, past every cell: the base is optimal, so it is no bad learner", FIGURE, "0",
          close("base", 40, 0.01), config=GRID),
    Claim("patch-3", "true values written in at the edge mend it, k=3 (within 1.5)", FIGURE, "<= 1.5",
          close("patch", 3, 1.5), config=GRID),
    Claim("patch-5", "the same at k=5 (within .05)", FIGURE, "<= .05", close("patch", 5, 0.05), config=GRID),
    Claim("ravl-3", "30 diverse tables mend it, k=3 (within .5)", "section 5", "<= .5", close("ravl-30", 3, 0.5),
          config=GRID),
    Claim("ravl-5", "the same at k=5 (within .05)", "section 5", "<= .05", close("ravl-30", 5, 0.05), config=GRID),
    Claim("members", "more members are never worse, k=3 and 5", "section 5", "-", grows_with_members, config=GRID),
    Claim("bias-base", "the base believes 2 or more above the best value there is, k=5", "section 4", "> 2",
          over("base", 5, "over_best", lambda v: v > 2), config=GRID),
    Claim("bias-ravl", "RAVL with 30 tables does not believe above it, k=5", "section 5", "<= 0",
          over("ravl-30", 5, "over_best", lambda v: v <= 0), config=GRID),
    Claim("bias-own", "nor above the value of its own policy, on all visited cells, k=5", "section 5", "<= 0",
          over("ravl-30", 5, "over_own", lambda v: v <= 0), config=GRID),
    Claim("apart", "the ensemble disagrees more at the edge than within reach, every seed", "section 5", "> 0", apart,
          config=GRID),
    Claim("edge-vanishes", "no target is at the edge once k passes the farthest cell", "definition 1", "0",
          edge_vanishes, config=GRID),
    Claim("low", "control: one table that only begins low does as well as 30, k=3", "ours", "<= .5",
          close("low", 3, 0.5), config=GRID),
    Claim("propagation", "an error at the last state is discount^t of it t steps before", "section 4, proposition",
          "< 1e-12", propagation, config={"methods": (), "blended": ()}),
    Claim("edges", "the edge of reach is what lies at distance exactly k", "definition 1", "all graphs", edges,
          config={"methods": (), "blended": ()}),
    Claim("mopo-worse", "MOPO loses 2 or more as the model becomes true", "figure 1, table 1", "worse",
          worse_when_true("mopo"), config=BLEND),
    Claim("morel-worse", "so does MOReL", "figure 1, table 1", "worse", worse_when_true("morel"), config=BLEND),
    Claim("mobile-worse", "so does MOBILE", "figure 1, table 1", "worse", worse_when_true("mobile"), config=BLEND),
    Claim("ravl-keeps", "RAVL stays within .5 of the optimum for every u", "figure 1", "level", keeps_its_level,
          config=BLEND),
    Claim("no-doubt", "the three penalties are exactly 0 at u=1", "section 4", "0", no_doubt, config=BLEND),
    Claim("correlated", "MOPO's penalty goes with the variance of RAVL's critics (rank correlation)", "section 6",
          "> 0", correlated, config=BLEND),
    Claim("plane-diverges", "plane, two critics: targets pass 1/(1 - discount) within 12 000 updates", "section 4",
          "> 100", diverges, config=PLANE),
    Claim("plane-ravl", "plane, 10 plain critics: no critic passes it", "section 5", "<= 100", bounded("ravl"),
          config=PLANE),
    Claim("plane-norm", "plane, 10 critics with layer norms: no critic passes it", "ours", "<= 100",
          bounded("ravl-norm"), config=REMEDY),
    Claim("plane-prior", "plane, 10 critics with random priors: no critic passes it", "ours", "<= 100",
          bounded("ravl-prior"), config=REMEDY),
    Claim("plane-norm-return", "plane, layer norms: return at least .9 of the patch's", "ours", ">= .9",
          as_good_as_patch("ravl-norm"), config=REMEDY),
    Claim("plane-prior-return", "plane, random priors: return at least .9 of the patch's", "ours", ">= .9",
          as_good_as_patch("ravl-prior"), config=REMEDY),
    Claim("d4rl", "on D4RL, RAVL scores above a random policy", "table 2", "as the best model-based methods", scored,
          needs="data"),
)  # fmt: skip
