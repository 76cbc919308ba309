"""What the hiring paper says, as checks of a run. It has no experiments: figures are ours where nothing is printed."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.models.load import names_model
from manyminds.papers.hiring_agents.rows import Drawn, Learned
from manyminds.theory.hiring_online import slope


def audit_table(results: Any) -> Finding:
    rows = needed(results.canonical)
    worst = max(abs(r.optimum - r.closed_form) for r in rows)
    return Finding(worst, worst < 1e-6, len(rows))


def certified(results: Any) -> Finding:
    """Every recovered mechanism withstands all deviations, and its value is primal, dual and checked value at once."""
    rows = needed([*results.canonical, *results.drawn])
    fine = [
        r.slack >= -1e-9 and abs(r.optimum - r.dual) < 1e-7 and abs(r.optimum - r.checked_value) < 1e-7 for r in rows
    ]
    return Finding(st.share(sum(fine), len(fine)), all(fine))


def correlation_needed(results: Any) -> Finding:
    """Strict gain of the audit at the points where the closed form says so, none at the others."""
    rows = needed(results.canonical)
    right = [(r.optimum - r.uncorrelated > 1e-6) == (r.audited > 1e-9) for r in rows]
    gains = [r.optimum - r.uncorrelated for r in rows]
    return Finding(max(gains), all(right) and max(gains) > 1e-3 and min(gains) > -1e-9, len(rows))


def of(results: Any, kind: str) -> list[Drawn]:
    return needed([r for r in results.drawn if r.kind == kind])


def separable(results: Any) -> Finding:
    rows = of(results, "independent")
    worst = max(max(abs(r.optimum - r.separable), abs(r.gain)) for r in rows)
    return Finding(worst, worst < 1e-7 and sum(r.costly for r in rows) >= len(rows) / 3, len(rows))


def noise_gains(results: Any) -> Finding:
    rows = of(results, "common noise")
    gains = [r.gain for r in rows]
    return Finding(st.share(sum(g > 1e-6 for g in gains), len(gains)), min(gains) > -1e-7 and max(gains) > 1e-6)


def curve(results: Any, plan: str) -> list[Learned]:
    rows = [r for r in results.learned if r.plan == plan and r.width == results.learned[0].width]
    if len(rows) < 2:
        raise NotHere("a slope needs two horizons")
    return rows


def slope_of(rows: list[Learned]) -> float:
    return slope([float(r.rounds) for r in rows], [float(st.mean(r.regrets).value) for r in rows])


def slopes(plan: str, low: float, high: float) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        rows = curve(results, plan)
        found = slope_of(rows)
        return Finding(found, low <= found <= high, len(rows[0].regrets))

    return check


def repaired(results: Any) -> Finding:
    seen = [o for r in curve(results, "commit") for o in r.obedient]
    return Finding(st.share(sum(seen), len(seen)), all(seen))


def unrepaired(results: Any) -> Finding:
    rows = curve(results, "no mixture")
    seen = [o for r in rows for o in r.obedient]
    found = st.share(sum(seen), len(seen))
    return Finding(found, found.value <= 0.05 and slope_of(rows) > 0.8)


def linear(results: Any) -> Finding:
    found = [slope_of(curve(results, plan)) for plan in ("always explore", "never explore")]
    return Finding(", ".join(f"{s:.3f}" for s in found), all(abs(s - 1) < 0.01 for s in found), 2)


def cap_helps(results: Any) -> Finding:
    values = [r.value for r in needed(results.caps)]
    steps = [b - a for a, b in pairwise(values)]
    return Finding(min(steps), min(steps) > -1e-9, len(steps))


def best_replies_obey(results: Any) -> Finding:
    rows = needed([r for r in results.study if r.mind == "best-reply"])
    obeyed, total = sum(r.obeyed for r in rows), sum(r.rounds for r in rows)
    return Finding(st.share(obeyed, total), obeyed == total)


def shirking_hurts(results: Any) -> Finding:
    """The worker that shirks earns less than it was promised for obeying."""
    rows = needed([r for r in results.study if r.seat == "worker" and r.mind.startswith("shirks")])
    lost = st.mean([r.utility - r.promised if r.utility is not None else None for r in rows])
    return Finding(lost, lost.high < 0)


def language_obeys(results: Any) -> Finding:
    rows = [r for r in results.study if names_model(r.mind)]
    if not rows:
        raise NotHere("no language model took part")
    obeyed, total = sum(r.obeyed for r in rows), sum(r.rounds for r in rows)
    if not total:
        raise NotHere("no play of a language model was scored")
    found = st.share(obeyed, total)
    return Finding(found, found.low > 0.5)


def needed(rows: list[Any]) -> list[Any]:
    if not rows:
        raise NotHere("this run computed none of it")
    return rows


CLAIMS = (
    Claim("audit", "the program finds the optimum of the random audit on both sides of its threshold",
          "derived: values .61 .63 .64 .645 .6498 .60 .7875", "0 (largest error)", audit_table),
    Claim("incentives", "obedience and truth withstand every effort with every misreport, at the optimal value",
          "section on the optimal mechanism", "all", certified),
    Claim("correlation", "scoring rules per agent are strictly worse than correlated mechanisms", "abstract",
          "> 0", correlation_needed),
    Claim("separable", "with independent signals a fixed profile and one rule an agent are optimal",
          "uncorrelated mechanisms, restricted cases", "0", separable),
    Claim("common-noise", "with shared noise randomised efforts win strictly in some instances", "derived",
          "some (30 %)", noise_gains),
    Claim("rate", "explore, estimate costs, commit: regret grows with T to the 2/3", "theorem on regret",
          "0.667 up to logarithms", slopes("commit", 0.60, 0.72)),
    Claim("obedient", "mixing in a strict rule restores exact incentives of the learned mechanism", "online algorithm",
          "100 %", repaired),
    Claim("disobedient", "without that mixture nobody obeys and regret is nearly linear", "derived", "0 %, slope .87",
          unrepaired),
    Claim("baselines", "always exploring and never exploring have linear regret", "by definition", "1, 1", linear),
    Claim("cap", "the principal's value never falls when payments may be larger", "derived", ">= 0", cap_helps),
    Claim("rational", "minds that play a best reply obey the contract in every round", "definition of the mechanism",
          "100 %", best_replies_obey),
    Claim("shirking", "what a shirking worker gains over what obedience was promised", "definition of the mechanism",
          "< 0", shirking_hurts, config={"plays": 20, "rounds": 100}),
    Claim("unseen-efforts", "the rate survives when efforts are inferred from reports", "remark, ours", "0.667",
          slopes("commit", 0.60, 0.75), config={"observe_effort": False, "horizons": (10**6, 10**7, 10**8, 10**9)}),
    Claim("language", "language models obey the contract in most rounds", "ours", "-", language_obeys,
          needs="endpoint"),
)  # fmt: skip
