"""What the paper says of learnt swarms, and what theory says of what can be known exactly."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.dec_pomfc.shown import at_training, run_of

Check = Callable[[Any], Finding]


def half_power(results: Any) -> Finding:
    return Finding(results.exact.slope, abs(results.exact.slope + 0.5) <= 0.1)


def smooth(results: Any) -> Finding:
    found = results.exact.steepest["kernel"]
    return Finding(found, found <= results.exact.smooth_bound)


def jumps(results: Any) -> Finding:
    """The same probe must fail for histograms: their change does not shrink with the distance of what is seen."""
    found = results.exact.steepest["histogram"]
    return Finding(found, found > 100 * results.exact.smooth_bound)


def quadratic_of(results: Any, blur: float) -> Any:
    for row in results.quadratic:
        if row.blur == blur:
            return row
    raise NotHere(f"the quadratic world with noise {blur} was not learnt")


def near_optimum(blur: float, most: float) -> Check:
    """(J* - J) / |J*|, mean over seeds."""

    def check(results: Any) -> Finding:
        row = quadratic_of(results, blur)
        short = st.mean([(row.optimum - value) / abs(row.optimum) for value in row.returns])
        return Finding(short, short.value <= most)

    return check


def moves(results: Any) -> Finding:
    """Learnt return less that of the best gain that never moves: who ignores mu and time cannot have more than 0."""
    row = quadratic_of(results, 0.05)
    gain = st.mean([value - row.fixed for value in row.returns])
    return Finding(gain, gain.low > 0)


def brute(results: Any) -> Finding:
    """(V* - J) / |V*| on the world of two states, mean over seeds."""
    if results.two_states is None:
        raise NotHere("the world of two states was not learnt")
    best = results.two_states.optimum
    short = st.mean([(best - value) / abs(best) for value in results.two_states.returns])
    return Finding(short, abs(short.value) <= 0.02)


def sight(results: Any) -> Finding:
    """What a channel that says something is worth over one that says nothing."""
    if results.two_states is None:
        raise NotHere("the world of two states was not learnt")
    gain = results.two_states.optimum - results.two_states.blind
    return Finding(gain, gain > 0)


def learnt_of(results: Any, task: str, learner: str, shape: str = "kernel") -> Any:
    for row in results.learnt:
        if (row.task, row.learner) == (task, learner) and (row.shape == shape or learner in ("ippo", "mappo")):
            return row
    raise NotHere(f"{task} was not learnt by {learner} with {shape}")


def beats(task: str, what: Callable[[Any], float]) -> Check:
    """Return of the lifted learner less another's, by seed."""

    def check(results: Any) -> Finding:
        row = learnt_of(results, task, "field")
        gap = st.mean([value - what(row) for value in at_training(row).totals()])
        return Finding(gap, gap.low > 0)

    return check


def nothing(row: Any) -> float:
    return float(np.mean(row.nothing.total))


def before(row: Any) -> float:
    return float(np.mean(row.untrained))


def near_hand(results: Any) -> Finding:
    """How far below the tuned rule by hand, in parts of its return."""
    row = learnt_of(results, "kuramoto", "field")
    hand = float(np.mean(row.hand.total))
    short = st.mean([(hand - value) / abs(hand) for value in at_training(row).totals()])
    return Finding(short, short.value <= 0.1)


def on_a_par(task: str, other: str) -> Check:
    """Return less the other's, plus one standard error of that difference."""

    def check(results: Any) -> Finding:
        ours, theirs = (at_training(learnt_of(results, task, name)).totals() for name in ("field", other))
        gap = st.difference(ours, theirs)
        error = float(np.sqrt(np.var(ours, ddof=1) / len(ours) + np.var(theirs, ddof=1) / len(theirs)))
        return Finding(gap, gap.value >= -error)

    return check


def kernels(results: Any) -> Finding:
    """Aggregation with s_y = .1: the share of seeds on which kernels are not worse than histograms."""
    ours, theirs = (
        at_training(learnt_of(results, "aggregation", "field", s)).totals() for s in ("kernel", "histogram")
    )
    wins = sum(a >= b for a, b in zip(ours, theirs))
    return Finding(st.share(wins, len(ours)), wins >= 0.8 * len(ours))


def tens_are_many(results: Any) -> Finding:
    """|J^N - J^M| / |J^M| for the least N of 50 or more, first seed."""
    row = learnt_of(results, "kuramoto", "field")
    sizes = [run.agents for run in row.runs if run.way == "mean"]
    some = min(n for n in sizes if n >= 50)
    few, far = (run_of(row, "mean", n).totals()[0] for n in (some, max(sizes)))
    return Finding(abs(few - far) / abs(far), abs(few - far) <= 0.15 * abs(far))


def replay(results: Any) -> Finding:
    """What replaying the rules of the limit loses against an actor that sees mu, in parts of the return."""
    row = learnt_of(results, "kuramoto", "field")
    seen, blind = (np.array(at_training(row, way).totals()) for way in ("mean", "open"))
    loss = st.mean((seen - blind) / np.abs(seen))
    return Finding(loss, loss.value <= 0.1)


def draws_each(results: Any) -> Finding:
    """What a draw of xi for each agent changes against one draw for all, in parts of the return."""
    row = learnt_of(results, "kuramoto", "field")
    shared, own = (np.array(at_training(row, way).totals()) for way in ("shared", "own"))
    loss = st.mean((shared - own) / np.abs(shared))
    return Finding(loss, abs(loss.value) <= 0.1)


QUADRATIC = {"tasks": (), "quadratic_seeds": 5, "blurs": (0.0, 0.05),
             "quadratic_size": {"agents": 200, "copies": 16, "updates": 200, "step_size": 3e-3, "discount": 0.95,
                                "minibatches": 2}}  # fmt: skip
TOY = {"tasks": (), "blurs": (), "two_states": True, "quadratic_seeds": 3}
LONG = {"agents": 100, "copies": 16, "updates": 100, "step_size": 5e-3, "spread": 1.0}
KURAMOTO = {"tasks": ("kuramoto",), "learners": ("field", "ippo", "mappo"), "seeds": 5, "blurs": (), "swarm_size": LONG}
AGGREGATION = {"tasks": ("aggregation",), "learners": ("field", "ippo"), "shapes": ("kernel", "histogram"), "seeds": 5,
               "blurs": (), "swarm_size": LONG}  # fmt: skip

CLAIMS = (
    Claim("half-power", "a fixed policy comes to its limit like N^(-1/2) (slope)", "theorem 1", "-0.5", half_power),
    Claim("smooth", "kernel rules are Lipschitz in what is seen", "assumption 1b", "bounded", smooth),
    Claim("jumps", "histogram rules are not", "assumption 1b", "unbounded", jumps),
    Claim("lq-exact", "quadratic world without noise: within 5 % of the optimum", "ours", "0", near_optimum(0.0, 0.05),
          config=QUADRATIC),
    Claim("lq-noisy", "with noise .05: within 8 % of the best moving gain", "ours", "0", near_optimum(0.05, 0.08),
          config=QUADRATIC),
    Claim("lq-moves", "with noise .05: better than the best gain that never moves", "proposition on stationarity",
          "> 0", moves, config=QUADRATIC),
    Claim("two-states", "two states: within 2 % of dynamic programming by brute force", "ours", "0", brute, config=TOY),
    Claim("sight", "two states: seeing something is worth more than acting blindly", "model", "> 0", sight,
          config=TOY),
    Claim("kuramoto-nothing", "Kuramoto: better than doing nothing", "figures", "> 0", beats("kuramoto", nothing),
          config=KURAMOTO),
    Claim("kuramoto-untrained", "better than the untrained actor", "figures", "> 0", beats("kuramoto", before),
          config=KURAMOTO),
    Claim("kuramoto-hand", "within 10 % of a tuned rule by hand", "ours", "<= .1", near_hand, config=KURAMOTO),
    Claim("kuramoto-ippo", "on a par with IPPO, by one standard error", "figures", "on a par",
          on_a_par("kuramoto", "ippo"), config=KURAMOTO),
    Claim("kuramoto-mappo", "on a par with MAPPO, by one standard error", "figures", "on a par",
          on_a_par("kuramoto", "mappo"), config=KURAMOTO),
    Claim("tens", "tens of agents do nearly as well as the limit", "figures", "within a few percent", tens_are_many,
          config=KURAMOTO),
    Claim("replay", "replaying the rules of the limit loses at most 10 %", "corollary on decentralised execution", "0",
          replay, config=KURAMOTO),
    Claim("draws", "a draw for each agent is as good as one for all, within 10 %", "figures", "0", draws_each,
          config=KURAMOTO),
    Claim("aggregation-nothing", "Aggregation: better than doing nothing", "figures", "> 0",
          beats("aggregation", nothing), config=AGGREGATION),
    Claim("aggregation-untrained", "better than the untrained actor", "figures", "> 0", beats("aggregation", before),
          config=AGGREGATION),
    Claim("aggregation-ippo", "on a par with IPPO, by one standard error", "figures", "on a par",
          on_a_par("aggregation", "ippo"), config=AGGREGATION),
    Claim("kernels", "kernels are not worse than histograms on 4 of 5 seeds", "figures", "better", kernels,
          config=AGGREGATION),
)  # fmt: skip
