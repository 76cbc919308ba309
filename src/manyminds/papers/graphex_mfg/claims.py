"""What the paper says of learning on sparse graphs, and what must hold where everything is known."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.theory.graphexes import PowerLaw

Check = Callable[[Any], Finding]


def limit_of(results: Any, game: str) -> Any:
    for limit in results.limits:
        if limit.game == game:
            return limit
    raise NotHere(f"{game} was not solved")


def chosen(limit: Any) -> Any:
    return next(c for c in limit.curves if c.solver == limit.chosen)


def learnt(game: str, most: float, fall: float) -> Check:
    """Exploitability of the core at most `most` of |return|, and down by `fall` from the uniform policy."""

    def check(results: Any) -> Finding:
        curve = chosen(limit_of(results, game))
        relative = curve.gain[-1] / abs(curve.own)
        return Finding(relative, relative <= most and curve.gain[0] >= fall * curve.gain[-1])

    return check


def plain_stalls(results: Any) -> Finding:
    """Plain descent on the game that is not monotone: still exploitable by more than the regularised one."""
    by = {c.solver: c for c in limit_of(results, "sis").curves}
    relative = by["mirror"].gain[-1] / abs(by["mirror"].own)
    return Finding(relative, relative > 0.025)


def answers(results: Any) -> Finding:
    """The largest gain of any degree against the core's flow, relative to its return (closure "iid")."""
    worst = [max(g / abs(j) for g, j in zip(d.gain, d.own)) for limit in results.limits for d in limit.degrees
             if d.closure == "iid"]  # fmt: skip
    return Finding(max(worst), max(worst) <= 1e-3, len(worst))


def cells_of(results: Any, game: str, sampled: bool = True) -> list[Any]:
    rows = [c for c in results.cells if c.game == game and c.graph.startswith("nu=") == sampled]
    if not rows:
        raise NotHere(f"{game} was not played on such graphs")
    return rows


def falls(game: str) -> Check:
    def check(results: Any) -> Finding:
        means = [float(np.mean(c.overall)) for c in cells_of(results, game)]
        return Finding(", ".join(f"{100 * m:.2f}" for m in means), all(a > b for a, b in itertools.pairwise(means)),
                       len(means))  # fmt: skip

    return check


def small(game: str) -> Check:
    def check(results: Any) -> Finding:
        found = at_size(results, game, 400)
        error = st.mean([100 * x for x in found.overall])
        return Finding(error, error.value <= 8)

    return check


def at_size(results: Any, game: str, size: float) -> Any:
    for found in cells_of(results, game):
        if found.graph == f"nu={size:g}":
            return found
    raise NotHere(f"{game} was not played at nu={size}")


def better(game: str) -> Check:
    """Hybrid less LPGMFG on the same graphs, in points of percent."""

    def check(results: Any) -> Finding:
        found = at_size(results, game, 400)
        gap = st.difference(100 * np.array(found.overall), 100 * np.array(found.graphon), paired=True)
        return Finding(gap, gap.high < 0)

    return check


def better_on_networks(given: bool) -> Check:
    """The share of (game, network) pairs on which the hybrid predicts better; `given`: networks from files."""

    def check(results: Any) -> Finding:
        rows = [c for c in results.cells if not c.graph.startswith("nu=") and (Path(c.graph).suffix != "") == given]
        if not rows:
            raise NotHere("no edge list was given (networks=FILE)" if given else "no network was played on")
        wins = sum(np.mean(c.overall) < np.mean(c.graphon) for c in rows)
        return Finding(st.share(int(wins), len(rows)), wins == len(rows))

    return check


def remembers(results: Any) -> Finding:
    """Error of the joint closure less that of the independent one at k = 1, 2, 3, in points of percent."""
    if not results.closures:
        raise NotHere("the closures were not compared")
    iid, joint = (100 * np.array(results.closures[name])[1:4].mean(1) for name in ("iid", "joint"))
    return Finding(
        ", ".join(f"{a:.2f}" for a in joint - iid), bool((joint < iid).all()), len(results.closures["iid"][0])
    )


def quiet_core(results: Any) -> Finding:
    core = st.mean([100 * x for x in results.closures["joint"][0]])
    return Finding(core, core.value <= 3)


def size_law(measure: str) -> Check:
    """How many standard errors the mean number of nodes or edges is from its closed form, at worst."""

    def check(results: Any) -> Finding:
        off = []
        for f in (f for f in results.facts if f.name.startswith("nu=")):
            values, expected = getattr(f, measure), getattr(PowerLaw(f.s), measure)(f.size)
            off.append(abs(np.mean(values) - expected) / (np.std(values, ddof=1) / np.sqrt(len(values))))
        return Finding(float(max(off)), max(off) <= 3, len(off))

    return check


def degree_law(results: Any) -> Finding:
    """The same for the numbers of nodes of degree 1 to 4."""
    off = []
    for f in (f for f in results.facts if f.name.startswith("nu=")):
        seen = np.array(f.shares)[:, :4] * np.array(f.nodes)[:, None]
        expected = PowerLaw(f.s).degrees(f.size, np.arange(1, 5))
        off.append(np.abs(seen.mean(0) - expected) / (seen.std(0, ddof=1) / np.sqrt(len(seen))))
    worst = float(np.max(off))
    return Finding(worst, worst <= 3, len(off))


def approaches(results: Any) -> Finding:
    """The share of leaves comes down to the limiting law's as graphs grow."""
    rows = [f for f in results.facts if f.name.startswith("nu=")]
    off = [abs(np.mean(f.shares, 0)[0] - float(PowerLaw(f.s).degree_law(1))) for f in rows]
    return Finding(", ".join(f"{x:.4f}" for x in off), off[-1] < off[0], len(off))


def alike(field: str, most: float) -> Check:
    def check(results: Any) -> Finding:
        worst = max(getattr(limit, field) for limit in results.limits)
        return Finding(worst, worst <= most, len(results.limits))

    return check


def degree_matters(results: Any) -> Finding:
    """SIS: what nodes of one neighbour earn more than nodes of five, under the joint closure."""
    own = next(d.own for d in limit_of(results, "sis").degrees if d.closure == "joint")
    return Finding(own[0] - own[4], own[0] > own[4])


def nearly_nash(results: Any) -> Finding:
    """SIR and SIS: the mean gain of a core node on a finite graph, relative to the core's return, at worst."""
    worst = max(results.replies[g]["core"] / abs(chosen(limit_of(results, g)).own) for g in ("sis", "sir"))
    return Finding(worst, worst <= 0.1, 2)


WHOLE = {"sizes": (100.0, 200.0, 400.0, 800.0), "networks": (), "deviators": 0, "memory_size": 0.0}
MEMORY = {"games": (), "networks": (), "sizes": (), "memory_size": 400.0}
NETWORKS = {"sizes": (), "networks": ("attachment", "chung-lu", "hubs"), "deviators": 0, "memory_size": 0.0}
REPLIES = {"sizes": (400.0,), "networks": (), "memory_size": 0.0, "deviators": 100}
LAW = {"games": (), "networks": (), "sizes": (100.0, 400.0, 1600.0), "runs": 40, "memory_size": 0.0}
NAMES = {"sis": "SIS", "sir": "SIR", "rumour": "rumour"}

CLAIMS = (
    Claim("core-sir", "SIR: the core's exploitability falls 1000-fold, below .1 % of |return|", "learning, figures",
          "towards 0", learnt("sir", 1e-3, 1000)),
    Claim("core-rumour", "rumour: the same", "learning, figures", "towards 0", learnt("rumour", 1e-3, 1000)),
    Claim("core-sis", "SIS (not monotone): below 2.5 % of |return|", "learning, figures", "towards 0",
          learnt("sis", 0.025, 1)),
    Claim("plain-stalls", "SIS: plain mirror descent stays above 2.5 %", "ours", "> .025", plain_stalls),
    Claim("degrees", "every degree's policy is within .1 % of its best reply to the core", "learning", "0", answers),
    *(Claim(f"falls-{g}", f"{NAMES[g]}: Delta mu falls as graphs grow (%)", "theorem on convergence", "towards 0",
            falls(g), config=WHOLE) for g in NAMES),
    *(Claim(f"small-{g}", f"{NAMES[g]}: Delta mu at nu = 400, at most 8 (%)", "table 3", "a few percent", small(g),
            config=WHOLE) for g in NAMES),
    *(Claim(f"better-{g}", f"{NAMES[g]}: the hybrid predicts better than LPGMFG at nu = 400 (points)", "table 3", "< 0",
            better(g), config=WHOLE) for g in NAMES),
    Claim("networks", "on networks with hubs the hybrid predicts better than LPGMFG, every game", "table 3", "most",
          better_on_networks(False), config=NETWORKS),
    Claim("edge-lists", "on given networks the hybrid predicts better than LPGMFG", "table 3", "most",
          better_on_networks(True), needs="data"),
    Claim("memory", "neighbours remembered predict better than neighbours drawn anew, k = 1, 2, 3 (points)", "ours",
          "< 0", remembers, config=MEMORY),
    Claim("quiet-core", "SIS that nobody fights: Delta mu of the core at nu = 400, at most 3 (%)",
          "theorem on convergence", "towards 0", quiet_core, config=MEMORY),
    Claim("nodes", "nodes of a sampled graphex: closed form, in standard errors", "derived", "<= 3", size_law("nodes"),
          config=LAW),
    Claim("edges", "edges: nu^2 s^2 / 2, in standard errors", "derived", "<= 3", size_law("edges"), config=LAW),
    Claim("degree-law", "nodes of degree 1 to 4: closed form at finite size, in standard errors", "derived", "<= 3",
          degree_law, config=LAW),
    Claim("approaches", "the share of leaves nears s as graphs grow", "model", "0", approaches, config=LAW),
    Claim("labels", "a separable graphex: one policy for all labels of the core", "derived", "0",
          alike("labels_apart", 1e-9)),
    Claim("graphon", "LPGMFG's separable graphon is the plain mean-field game", "derived", "0",
          alike("graphon_apart", 1e-9)),
    Claim("degree-matters", "SIS: a node of one neighbour is better off than one of five", "discussion", "> 0",
          degree_matters),
    Claim("nearly-nash", "a core node gains at most 10 % of |return| on a finite graph (SIS, SIR)",
          "theorem on approximate equilibria", "towards 0", nearly_nash, config=REPLIES),
)  # fmt: skip
