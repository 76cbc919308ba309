"""The checks behind the claims: each reads the rows of one experiment and says whether a statement holds."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from manyminds.core import Finding, NotHere
from manyminds.core import statistics as st


def ran(field: str, check: Callable[[Any], Finding]) -> Callable[[Any], Finding]:
    """A check of what one experiment found, which has nothing to say when that was not among the parts that ran."""

    def checked(results: Any) -> Finding:
        if not getattr(results, field):
            raise NotHere(f"the experiment behind `{field}` did not run")
        return check(results)

    return checked


def decomposition(results: Any) -> Finding:
    worst = max(r["error"] for r in results.decompositions)
    return Finding(worst, worst < 1e-10, len(results.decompositions))


def simulated(results: Any) -> Finding:
    """Mean and variance of every simulated run within four standard errors of the closed form."""
    worst = max(max(abs(r["variance_off"]), abs(r["mean_off"])) for r in results.simulations)
    return Finding(worst, worst < 4, len(results.simulations))


def decay(column: str, rate: float) -> Callable[[Any], Finding]:
    """How fast KL falls with T, between T = 4 and T = 8, and that quadrature agrees with the closed form."""

    def check(results: Any) -> Finding:
        early, late = (r for r in results.initialisation if r["end"] in (4.0, 8.0))
        found = np.log(early[column] / late[column]) / (late["end"] - early["end"])
        agree = all(abs(r["exact"] / r["quadrature"] - 1) < 1e-9 for r in results.initialisation)
        return Finding(float(found), abs(found - rate) < 0.05 * rate and agree)

    return check


def bounded(results: Any) -> Finding:
    """Every KL below its bound, and next to none left with the exact score and T = 8."""
    hits = sum(r["kl"] <= r["bound"] for r in results.bounds)
    clean = [r["kl"] for r in results.bounds if r["error"] == 0 and r["end"] == 8]
    return Finding(st.share(hits, len(results.bounds)), hits == len(results.bounds) and max(clean) < 1e-12)


def halves(results: Any) -> Finding:
    ratios, coarse = results.discretisation["ratios"], results.discretisation["coarse_off"]
    holds = all(1.95 <= r <= 2.2 for r in ratios) and max(map(abs, coarse)) < 4
    return Finding(", ".join(f"{r:.2f}" for r in ratios), holds, len(ratios))


def one_law(results: Any) -> Finding:
    """Each test at .05 divided by their number, so that all of them together reject by chance in 5 % of runs."""
    found = results.same_law
    return Finding(min(found), min(found) > 0.05 / len(found), len(found))


def at(results: Any, weight: float) -> dict[str, Any]:
    for row in results.guided:
        if row["weight"] == weight:
            return row
    raise NotHere(f"the weight {weight:g} was not among those that ran")


def raised(results: Any) -> Finding:
    shares = [r["raised"] for r in results.guided[1:]]
    return Finding(min(shares), min(shares) == 1.0, 4000)


def sharpened(results: Any) -> Finding:
    """Confidence rises, entropy and width fall, from the figures at w = 0 to those at w = 8."""
    rows = [r for r in results.guided if r["weight"] >= 0]
    monotone = all(a["confidence"] < b["confidence"] and a["entropy"] > b["entropy"] for a, b in pairwise(rows))
    first, last = at(results, 0.0), at(results, 8.0)
    near = (abs(first["confidence"] - 0.766) < 0.02 and abs(last["confidence"] - 0.998) < 0.002
            and abs(first["std"] - 1) < 0.05 and abs(last["std"] - 0.47) < 0.03)  # fmt: skip
    text = f"{first['confidence']:.3f} -> {last['confidence']:.3f}, std {first['std']:.2f} -> {last['std']:.2f}"
    return Finding(text, monotone and near, 4000)


def not_tilted(results: Any) -> Finding:
    """At w = 1 sampler and tilted density differ by far more than the noise of 4000 samples (std / sqrt n ~ .012)."""
    row = at(results, 1.0)
    holds = row["mean"] - row["tilted_mean"] > 0.2 and row["tilted_std"] - row["std"] > 0.05
    tilt = abs(row["tilted_mean"] - 1.290) < 1e-3 and abs(row["tilted_std"] - 0.863) < 1e-3
    text = f"sampler {row['mean']:.3f}, {row['std']:.3f}; tilted {row['tilted_mean']:.3f}, {row['tilted_std']:.3f}"
    return Finding(text, holds and tilt, 4000)


def conventions(results: Any) -> Finding:
    """w = 0 is the class alone (mean 1) and w = -1 both classes (mean 0), within five standard errors and what is
    left of the initialisation (mu e^-4, times the propagator of the flow)."""
    apart = max(abs(at(results, 0.0)["mean"] - 1), abs(at(results, -1.0)["mean"]))
    return Finding(apart, apart < 0.03 + 5 * 1.42 / np.sqrt(4000), 4000)


def over(results: Any) -> Finding:
    fates = {(r["steps"], r["weight"] > 0): r["fate"] for r in results.over}
    holds = fates[20, True] == "split" and fates[200, True] == "collapsed" and fates[200, False] == "as conditional"
    text = "; ".join(f"{r['steps']} steps, w={r['weight']:g}: {r['fate']} (std {r['std']:.2g})" for r in results.over)
    return Finding(text, holds, 4000)


def memorises(results: Any) -> Finding:
    """Every sample near a training point, and fresh data further from all of them than that."""
    row = results.memorised
    return Finding(row["furthest"], row["furthest"] < row["limit"], int(row["points"]))


def learned_within(results: Any) -> Finding:
    rows = results.within_bound
    text = "; ".join(f"{r['kl']:.4f} <= {r['bound']:.4f}" for r in rows)
    return Finding(text, all(r["kl"] <= r["bound"] for r in rows), len(rows))


def of(results: Any, net: str, dimension: int) -> list[dict[str, Any]]:
    return [r for r in results.subspaces if (r["net"], r["dimension"]) == (net, dimension)]


def found_subspace(results: Any) -> Finding:
    rows = [r for r in results.subspaces if r["net"] == "encoder-decoder"]
    holds = all(r["angle"] < 0.05 and abs(r["off"] - 1) < 0.2 for r in rows)
    return Finding(max(r["angle"] for r in rows), holds, len(rows))


def growth(results: Any, net: str) -> list[float]:
    """Score error at the largest D over that at the smallest, seed by seed."""
    sizes = sorted({r["dimension"] for r in results.subspaces})
    small, large = of(results, net, sizes[0]), of(results, net, sizes[-1])
    return [b["error"] / a["error"] for a, b in zip(small, large)]


def adapts(results: Any) -> Finding:
    """The mean over seeds changes by less than a factor of two; ratios of single seeds are in the table."""
    ratio = float(np.exp(np.mean(np.log(growth(results, "encoder-decoder")))))
    return Finding(ratio, 0.5 < ratio < 2, len(growth(results, "encoder-decoder")))


def plain_grows(results: Any) -> Finding:
    ratios = growth(results, "plain")
    return Finding(st.mean(ratios), min(ratios) > 2, len(ratios))


def rewards(field: str) -> Callable[[Any], Finding]:
    """Mean over seeds of the realised reward within 10 % of the formula at a = 1, 2, 3."""

    def check(results: Any) -> Finding:
        rows, off = getattr(results, field), []
        for target in (1.0, 2.0, 3.0):
            some = [r for r in rows if r["target"] == target]
            off.append(abs(np.mean([r["realised"] for r in some]) / np.mean([r["formula"] for r in some]) - 1))
        return Finding(float(max(off)), max(off) < 0.1, len({r["seed"] for r in rows}))

    return check


def falls_behind(results: Any) -> Finding:
    """a - E f* of the samples, f* with its penalty off the subspace: it grows with a, in the mean over seeds."""
    targets = sorted({r["target"] for r in results.rewarded})
    gaps = [float(np.mean([t - r["true"] for r in results.rewarded if r["target"] == t])) for t in targets]
    holds = all(a < b for a, b in pairwise(gaps)) and gaps[0] > 0
    return Finding(
        ", ".join(f"{g:.2f} at {t:g}" for g, t in zip(gaps, targets)), holds, len(results.rewarded) // len(targets)
    )


def generalises(results: Any) -> Finding:
    ratios = [r["ratio"] for r in results.generalised]
    return Finding(st.mean(ratios), min(ratios) > 0.8, len(ratios))


def exponents(results: Any) -> dict[tuple[int, int], float]:
    """Minus the slope of log distance (mean over seeds) on log n, by (d, D)."""
    found = {}
    for key in dict.fromkeys((r["latent"], r["dimension"]) for r in results.rates):
        rows = [r for r in results.rates if (r["latent"], r["dimension"]) == key]
        counts = sorted({r["count"] for r in rows})
        means = [np.mean([r["distance"] for r in rows if r["count"] == n]) for n in counts]
        found[key] = float(-np.polyfit(np.log(counts), np.log(means), 1)[0])
    return found


def rate_falls(results: Any) -> Finding:
    found = exponents(results)
    dimension = min(size for _, size in found)
    by_latent = [found[key] for key in sorted(found) if key[1] == dimension]
    text = ", ".join(f"{e:.3f}" for e in by_latent)
    return Finding(text, all(a > b for a, b in pairwise(by_latent)), len(results.rates))


def rate_stays(results: Any) -> Finding:
    found = exponents(results)
    sizes = sorted({size for _, size in found})
    apart = max(abs(found[d, sizes[0]] - found[d, sizes[-1]]) for d in {latent for latent, _ in found})
    return Finding(apart, apart < 0.05, len(results.rates))


def reaches(results: Any) -> Finding:
    """Held goals are reached on every seed, and the same plans without the goal held do not get there."""
    shares = [r["reached"] for r in results.between]
    blind = max(r["unheld"] for r in results.between)
    return Finding(st.mean(shares), min(shares) > 0.9 and blind < 0.5, len(shares))


def asks(results: Any) -> Finding:
    """Realised returns rise over the three targets, and the highest beats behaviour cloning, on every seed."""
    rows = results.asked
    hits = sum(r["realised"][0] < r["realised"][1] < r["realised"][2] > r["cloned"] for r in rows)
    return Finding(st.share(hits, len(rows)), hits == len(rows))
