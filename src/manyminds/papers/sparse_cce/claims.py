"""What the paper's argument says, as checks of a run. It prints no figures: those given were derived beside it."""

from itertools import pairwise
from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.sparse_cce.rows import Audited
from manyminds.papers.sparse_cce.shown import REFERENCE


def needed(rows: list[Any]) -> list[Any]:
    if not rows:
        raise NotHere("this run computed none of it")
    return rows


def distances(results: Any, of_both: bool) -> list[float]:
    """Distances of every start from the derived table: of the two players' means, or player by player."""
    groups: dict[tuple[int, int, int], list[tuple[float, float]]] = {}
    apart = []
    for r in results.learned:
        if (r.episodes, r.player) not in REFERENCE:
            continue
        markov, regret, gaps = REFERENCE[(r.episodes, r.player)]
        pairs = [(r.markov_gap, markov), (r.stage_regret, regret)]
        pairs += [(r.history_gap, gaps[r.stages])] if r.stages in gaps else []
        apart += [abs(ours - known) for ours, known in pairs]
        for at, pair in enumerate(pairs):
            groups.setdefault((r.start, r.episodes, 10 * r.stages + at), []).append(pair)
    if of_both:
        apart = [abs(sum(o for o, _ in both) - sum(k for _, k in both)) / len(both) for both in groups.values()]
    return needed(apart)


def table(results: Any) -> Finding:
    """Shapley's game looks the same from both seats; which player leads the cycle is a matter of the start."""
    apart = distances(results, of_both=True)
    return Finding(max(apart), max(apart) <= 0.05, len({r.start for r in results.learned}))


def table_by_player(results: Any) -> Finding:
    apart = distances(results, of_both=False)
    return Finding(max(apart), max(apart) <= 0.05, len({r.start for r in results.learned}))


def monotone(results: Any) -> Finding:
    """More stages to learn from never lower the gap per stage, up to sampling error."""
    steps = []
    groups: dict[tuple[int, int, int], list[Audited]] = {}
    for r in results.learned:
        groups.setdefault((r.start, r.episodes, r.player), []).append(r)
    for rows in groups.values():
        ordered = sorted(rows, key=lambda r: r.stages)
        steps += [b.history_gap - a.history_gap + 4 * (a.error + b.error) for a, b in pairwise(ordered)]
    return Finding(min(needed(steps)), min(steps) >= -1e-9, len(steps))


def vanishing(results: Any) -> Finding:
    """From the fewest to the most episodes Markov regret falls, and the gap to memory grows."""
    rows = needed(results.learned)
    ends = min(r.episodes for r in rows), max(r.episodes for r in rows)
    stages = max(r.stages for r in rows)
    if ends[0] == ends[1]:
        raise NotHere("two numbers of episodes are needed")
    early, late = ([r for r in rows if r.episodes == t and r.stages == stages] for t in ends)
    markov = st.difference([r.markov_gap for r in late], [r.markov_gap for r in early])
    gap = st.difference([r.history_gap for r in late], [r.history_gap for r in early])
    return Finding(gap, markov.high < 0 < gap.low)


def within(results: Any) -> Finding:
    rows = needed([*results.bounds, *results.learned])
    fine = [r.within_bounds for r in rows]
    return Finding(st.share(sum(fine), len(fine)), all(fine))


def certificate(results: Any) -> Finding:
    """At T = 1000 some player's certificate is positive from H = 64 on, in every start, and all gaps stay above."""
    rows = [r for r in results.learned if r.episodes == 1000 and r.stages in (64, 128, 256)]
    if {r.stages for r in rows} != {64, 128, 256}:
        raise NotHere("T = 1000 with H = 64, 128 and 256 was not run")
    above = all(r.history_gap + 4 * r.error >= r.certificate for r in rows)
    best: dict[tuple[int, int], float] = {}
    for r in rows:
        best[(r.start, r.stages)] = max(r.certificate, best.get((r.start, r.stages), -1.0))
    longest = st.mean([value for (_, stages), value in best.items() if stages == 256])
    return Finding(longest, above and min(best.values()) > 0)


def phase(results: Any) -> Finding:
    rows = needed(results.phases)
    worst = max(abs(r.gap - r.predicted) for r in rows)
    return Finding(worst, worst <= 0.1, len(rows))


def frontier(results: Any) -> Finding:
    """On the map the gap is large where ln T is below half of H ln 3, and small where plans exhaust all play."""
    import math

    rows = needed(results.map)
    share = [(math.log(r.plans) / r.stages / math.log(3), r.gap) for r in rows]
    low = [gap for x, gap in share if x <= 0.5]
    high = [gap for x, gap in share if x >= 1.5]
    if not low or not high:
        raise NotHere("the map has no cells on both sides of the frontier")
    return Finding(f"{min(low):.2f} / {max(high):.2f}", min(low) > 0.4 > max(high), len(rows))


def threats(results: Any) -> Finding:
    rows = needed(results.threats)
    worst = max(abs(r.plain_gap * r.stages - 0.25) for r in rows)
    return Finding(worst, worst < 1e-9, len(rows))


def kibitzer(results: Any) -> Finding:
    rows = needed(results.threats)
    least = min(r.with_kibitzer for r in rows)
    return Finding(least, least >= 0.25 / 3 - 1e-7, len(rows))


def reacting(results: Any) -> Finding:
    found = needed([r.reacting for r in results.threats if r.reacting is not None])
    return Finding(min(found), min(found) >= 0.1 / 3 - 1e-7, len(found))


def visited(results: Any) -> Finding:
    rows = needed(results.visits)
    spare = min(r.value + 4 * r.error - (r.largest_regret - r.loss) for r in rows)
    found = [r.best for r in rows if "equilibrium" in r.mixture]
    return Finding(spare, spare >= -1e-9 and max(found) < 1e-9, len(rows))


def extracted(results: Any) -> Finding:
    rows = needed(results.extractions)
    hits = [r.regret < 1e-9 for r in rows]
    return Finding(st.share(sum(hits), len(hits)), all(hits))


def tractable(results: Any) -> Finding:
    rows = needed(results.contrasts)
    worst = max(r.worst_gap for r in rows)
    return Finding(worst, worst <= 1e-9, sum(r.games for r in rows))


CLAIMS = (
    Claim("hedge-table", "Hedge on Shapley's game: small Markov gaps, large stage regrets and history gaps, all starts",
          "derived, construction A; means of both players", "within .05 of the table", table),
    Claim("hedge-table-players", "the same for each player alone, though who leads the cycle depends on the start",
          "derived, construction A; one start", "within .05 of the table", table_by_player),
    Claim("vanishing", "as episodes grow, Markov regret vanishes and the gain of memory grows", "introduction",
          "> 0", vanishing),
    Claim("monotone", "a longer horizon gives the deviator more to learn from", "derived", ">= 0", monotone),
    Claim("bounds", "gap >= stage regret - sqrt(2 ln T / H), and divergence <= ln T, in random games too",
          "lemma on aggregation, derived constants", "always", within),
    Claim("bounds-200", "the same in 200 random games, with more histories", "lemma on aggregation, derived constants",
          "always", within, config={"bounds": 200, "samples": 2000, "starts": 1, "stages": (2, 8), "map_plans": (3,),
                                    "map_stages": (4,), "plans": (9,)}),
    Claim("certificate", "Hedge after 1000 episodes is certified to be no CCE from H = 64 on", "derived",
          ".012 at H=64, .244 at H=256 (one start)", certificate),
    Claim("phase", "T random plans of H stages leave a gap of 1 - log3(T)/H", "derived, converse", "within .1", phase),
    Claim("frontier", "sparse approximation fails as long as ln T is small against H", "theorem, frontier ln T ~ H",
          "> .4 / < .4", frontier),
    Claim("threats", "memory defeats extraction: threats leave a gap of exactly .25/H", "derived, construction B",
          "0 (error of gap times H)", threats),
    Claim("kibitzer", "with a kibitzer somebody gains at least .25/3 from such threats, whatever the kibitzer does",
          "construction B after Borgs et al.", ">= .0833", kibitzer),
    Claim("reacting", "and at least .1/3 when threats also react to the kibitzer", "derived", ">= .0333", reacting),
    Claim("visits", "the kibitzer's deviation earns the regrets it visits, less what learning costs", "derived",
          ">= 0 to spare", visited),
    Claim("extraction", "scanning the T H stage profiles finds a planted equilibrium", "theorem, extraction",
          "50 of 50", extracted),
    Claim("tractable", "fresh correlation by backward induction, and one equilibrium throughout, leave no gap",
          "related work, contrast", "<= 1e-9", tractable),
)  # fmt: skip
