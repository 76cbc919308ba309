"""What the paper says of Losse, and what our oracles add. Timings are claims by ratio, on whatever machine this is."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st

PLACES = ("maze", "mountain-car", "acrobot", "pendulum")


def finding(measured: Any, holds: Any, n: int = 1) -> Finding:
    """A finding in plain values, also where NumPy compared."""
    return Finding(float(measured) if isinstance(measured, np.floating) else measured, bool(holds), n)


def exactness(results: Any) -> Finding:
    worst = max(results.exact.gram, results.exact.cross)
    return finding(worst, worst < 1e-12 and results.exact.solve < 1e-10 and results.exact.order < 1e-10)


def descent(results: Any) -> Finding:
    found = results.exact
    return finding(f"{found.before:.3g} -> {found.after:.3g}, least {found.least:.3g}", found.rises == found.below == 0)


def sweeps(results: Any) -> Finding:
    return finding(results.exact.swept, abs(results.exact.swept) < 1e-8)


def shift_small(results: Any) -> Finding:
    means = [st.mean(row.losse) for row in results.shift]
    worst = max(means, key=lambda m: m.value)
    return finding(worst, worst.value < 0.01)


def shift_near_exact(results: Any) -> Finding:
    ratios = [np.mean(row.losse) / np.mean(row.exact) for row in results.shift]
    return finding(float(max(ratios)), max(ratios) <= 1.5, len(results.shift[0].losse))


def shift_rivals(results: Any) -> Finding:
    ratios = [np.mean(row.rivals["NN online"]) / np.mean(row.losse) for row in results.shift]
    return finding(float(min(ratios)), min(ratios) >= 10, len(results.shift[0].losse))


def shift_flat(results: Any) -> Finding:
    """The slope of the error in d, a value a seed: forgetting would make it grow. Holds unless it grows for sure."""
    d = [row.correlation for row in results.shift]
    slopes = st.mean(np.polyfit(d, np.array([row.losse for row in results.shift]), 1)[0])
    return finding(slopes, slopes.low <= 0)


def shift_no_forgetting(results: Any) -> Finding:
    """The same of what the sparse step adds to the error of the leader, which forgets nothing by definition."""
    d = [row.correlation for row in results.shift]
    added = np.array([np.subtract(row.losse, row.exact) for row in results.shift])
    slopes = st.mean(np.polyfit(d, added, 1)[0])
    return finding(slopes, slopes.value < 1e-3)


def r_squared(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1] ** 2)


def log_regret(results: Any) -> Finding:
    found = results.regret
    fit = r_squared(np.log(found.times), np.mean(found.exact, 0))
    return finding(fit, fit > 0.95, len(found.exact))


def regret_slope(results: Any) -> Finding:
    """The slope on ln t beside noise^2 times the number of independent features, from t = 1000 on."""
    found = results.regret
    late = np.array(found.times) >= 1000
    slopes = [np.polyfit(np.log(found.times)[late], np.array(one)[late], 1)[0] for one in found.exact]
    ratio = st.mean(np.array(slopes) / found.predicted_slope)
    return finding(ratio, ratio.low <= 1.25 and ratio.high >= 0.75)


def linear_network(results: Any) -> Finding:
    """The exponent of the network's regret in t over the second half of the stream: 1 is linear."""
    found = results.regret
    half = len(found.network_times) // 2
    t = np.log(found.network_times[half:])
    exponents = st.mean([np.polyfit(t, np.log(one[half:]), 1)[0] for one in found.network])
    fit = r_squared(np.array(found.network_times), np.mean(found.network, 0))
    return finding(exponents, fit > 0.95 and exponents.value > 0.7)


def forgets_little(results: Any) -> Finding:
    row = next(r for r in results.regions if r.method == "Losse")
    share = st.mean([later / left - 1 for left, later in zip(row.left, row.later)])
    return finding(share, share.value <= 0.05)


def network_forgets(results: Any) -> Finding:
    """How much the network's error on the first region grows, over the same for Losse (at least 5 % of its error)."""
    rows = {r.method: r for r in results.regions}
    ours, theirs = rows["Losse"], rows["NN online"]
    grown = np.mean(np.subtract(theirs.later, theirs.left))
    floor = max(np.mean(np.subtract(ours.later, ours.left)), 0.05 * np.mean(ours.left))
    return finding(float(grown / floor), grown / floor >= 10, len(ours.left))


def better_map(other: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        rows = {r.features: r for r in results.encodings if r.task == "pendulum"}
        ratio = st.mean(np.array(rows[other].rmse) / np.array(rows["Losse"].rmse))
        return finding(ratio, ratio.low > 1)

    return check


def digits(results: Any) -> Finding:
    rows = {r.features: r for r in results.encodings if r.task == "digits"}
    if not rows:
        raise NotHere("the digits took no part (tasks=digits)")
    ratios = [np.mean(row.rmse) / np.mean(rows["Losse"].rmse) for name, row in rows.items() if name != "Losse"]
    return finding(float(min(ratios)), min(ratios) > 1, len(rows["Losse"].rmse))


def cheap(results: Any) -> Finding:
    ratio = results.cost.dense / results.cost.sparse
    return finding(ratio, ratio >= 30)


def flat_in_size(results: Any) -> Finding:
    ratio = results.cost.larger / results.cost.sparse
    return finding(ratio, ratio < 2)


def flat_in_time(results: Any) -> Finding:
    ratio = results.cost.late / results.cost.early
    return finding(ratio, ratio < 1.5)


def curve(results: Any, place: str, method: str) -> Any:
    found = [c for c in results.curves if (c.place, c.method) == (place, method)]
    if not found:
        raise NotHere(f"{method} did not live in {place}")
    return found[0]


def planning_helps(results: Any) -> Finding:
    """Mean areas: at least as good in every world, and better for sure (paired over seeds) in three of four."""
    areas = [[curve(results, place, method).area for method in ("losse", "model-free")] for place in PLACES]
    gaps = [st.difference(*two, paired=True) for two in areas]
    better, sure = sum(gap.value > 0 for gap in gaps), sum(gap.low > 0 for gap in gaps)
    level = all(gap.value >= 0 for gap in gaps)
    return finding(f"better in {better}, for sure in {sure} of {len(PLACES)}", level and sure >= 3, gaps[0].n)


def beats(method: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        gaps = {p: np.mean(curve(results, p, "losse").area) - np.mean(curve(results, p, method).area) for p in PLACES}
        wins = sum(gap >= 0 for gap in gaps.values())
        said = ", ".join(f"{place} {gap:+.0f}" for place, gap in gaps.items())
        return finding(said, wins == len(PLACES), len(curve(results, "maze", "losse").area))

    return check


SUPERVISED: dict[str, Any] = {"places": ()}
THOROUGH = {
    "places": (),
    "correlations": (0.0, 0.5, 0.9, 0.99),
    "step_sizes": (3e-4, 1e-3, 3e-3, 1e-2),
    "parts": ("shift",),
}
LONG = {"places": (), "regret_steps": 100_000, "parts": ("regret",)}
LIVED = {"places": PLACES, "parts": (), "methods": ("losse", "model-free", "replay", "nn-online", "nn-replay",
         "nn-synaptic", "nn-coreset")}  # fmt: skip
TIMED = {"places": (), "parts": ("cost",)}

CLAIMS = (
    Claim("exactness", "A and B are exact, the solve is batch ridge, order does not matter", "sparse update", "0",
          exactness, config=SUPERVISED),
    Claim("descent", "no sparse step raises F_t, and none goes below the leader", "sparse update; derived", "0 steps",
          descent, config=SUPERVISED),
    Claim("sweeps", "sweeps over the stored blocks converge to ridge (relative gap)", "derived", "0", sweeps,
          config=SUPERVISED),
    Claim("shift-small", "under covariate shift the error stays below .01 (worst mean over d)", "covariate shift",
          "flat in d", shift_small, config=THOROUGH),
    Claim("shift-exact", "at most 1.5 times the error of the exact leader", "sparse update; ours", "<= 1.5",
          shift_near_exact, config=THOROUGH),
    Claim("shift-online", "at least 10 times below a network that learns online, tuned", "covariate shift", ">= 10",
          shift_rivals, config=THOROUGH),
    Claim("shift-flat", "the error does not grow with the correlation (slope in d)", "covariate shift", "<= 0",
          shift_flat, config=THOROUGH),
    Claim("no-forgetting", "what the sparse step adds to the leader's error does not grow with it", "ours", "0",
          shift_no_forgetting, config=THOROUGH),
    Claim("log-regret", "the regret of Follow-The-Leader is logarithmic (R^2 of the fit on ln t)", "online learning",
          "O(log T)", log_regret, config=LONG),
    Claim("regret-slope", "its slope is noise^2 times the rank of the features (ratio)", "derived", "1", regret_slope,
          config=LONG),
    Claim("linear-regret", "a network with one gradient step has linear regret under shift (exponent)", "ours", "1",
          linear_network, config=LONG),
    Claim("forgets-little", "after learning elsewhere the error on the first region grows by at most 5 %", "section 1",
          "0", forgets_little, config=SUPERVISED),
    Claim("network-forgets", "a network's grows at least 10 times as much", "section 1", ">= 10", network_forgets,
          config=SUPERVISED),
    Claim("tiles", "lower test error than tile coding at 64 non-zeros (ratio)", "encodings, figure", "> 1",
          better_map("tile coding"), config=SUPERVISED),
    Claim("fourier", "lower test error than random Fourier features (ratio)", "encodings, figure", "> 1",
          better_map("random Fourier"), config=SUPERVISED),
    Claim("relu", "lower test error than random ReLU features (ratio)", "encodings, figure", "> 1",
          better_map("random ReLU"), config=SUPERVISED),
    Claim("digits", "the same on images (least ratio)", "encodings, figure", "> 1", digits, needs="data",
          config={"places": (), "parts": ("encodings",), "tasks": ("pendulum", "digits")}),
    Claim("cost", "a sparse step is at least 30 times faster than a dense one (ratio)", "sparse update; ours", ">= 30",
          cheap, config=TIMED),
    Claim("cost-size", "a step takes less than twice as long with 16 times the features (ratio)", "sparse update", "1",
          flat_in_size, config=TIMED),
    Claim("cost-time", "a step takes no longer late in a stream (ratio)", "sparse update", "1", flat_in_time,
          config=TIMED),
    Claim("planning", "Dyna with Losse learns faster than without a model (area under the return curve)",
          "Dyna, figures", "better", planning_helps, config=LIVED),
    Claim("dyna-online", "and at least as fast as with a network that learns online", "Dyna, figures", ">= 0",
          beats("nn-online"), config=LIVED),
    Claim("dyna-synaptic", "and as with synaptic intelligence", "Dyna, figures", ">= 0", beats("nn-synaptic"),
          config=LIVED),
    Claim("dyna-coreset", "and as with a coreset", "Dyna, figures", ">= 0", beats("nn-coreset"), config=LIVED),
    Claim("dyna-replay", "and as with a network that replays everything", "Dyna, figures", ">= 0",
          beats("nn-replay"), config=LIVED),
)  # fmt: skip
