"""What GovSim says, as checks of a run; the arithmetic ones are exact, the statistical ones have intervals."""

from collections.abc import Callable
from dataclasses import replace
from math import isclose
from typing import Any

from manyminds.core import Claim, Estimate, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.govsim import published
from manyminds.papers.govsim.labels import shares
from manyminds.papers.govsim.probes import SKILLS
from manyminds.papers.govsim.rows import Row
from manyminds.papers.govsim.skills import accuracy_by_mind, fitted
from manyminds.papers.govsim.tables import contrast, months_by_mind
from manyminds.theory.commons import survival_with_median, survival_without_talk

# Months survived and total caught by five who always wish for the same: arithmetic on paper.
VECTORS = {10: (12, 600), 11: (4, 195), 12: (3, 160), 13: (3, 140), 14: (2, 130), 15: (2, 125), 20: (1, 100)}
SURE = 0.999  # so that of a thousand runs with true claims one is expected to fail


def of(results: Any, society: str, condition: str = "default") -> list[Row]:
    if (results.members, results.length) != (5, 12):
        raise NotHere("five members and twelve months are spoken of")
    rows = [row for row in results.rows if (row.society, row.condition) == (society, condition)]
    if not rows:
        raise NotHere(f"{society} did not play under {condition}")
    return rows


def all_of(rows: list[Row], expected: Callable[[Row], bool]) -> Finding:
    hits = sum(map(expected, rows))
    return Finding(st.share(hits, len(rows)), hits == len(rows))


def months(society: str, expected: int, condition: str = "default") -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        rows = of(results, society, condition)
        return Finding(st.mean([row.months for row in rows]), all(row.months == expected for row in rows))

    return check


def vectors(results: Any) -> Finding:
    """Every repeat of every constant society in every skin hits months and total, and so gain and efficiency."""
    rows = [(row, *VECTORS[wish]) for wish in VECTORS for row in of(results, f"takes:{wish}")]
    hits = 0
    for row, lasted, total in rows:
        right = (row.months, sum(row.caught), row.gain) == (lasted, total, total / 5)
        hits += right and isclose(row.efficiency or 0, total / 600)
    return Finding(st.share(hits, len(rows)), hits == len(rows))


def perfect(results: Any) -> Finding:
    def lasted(row: Row) -> bool:
        return (row.months, row.efficiency, row.equality, row.over_usage) == (results.length, 1, 1, 0)

    return all_of(of(results, "universaliser", "universalisation"), lasted)


def compensated(results: Any) -> Finding:
    """Four of five harvests are within the share; the outsider's never is."""
    rows = of(results, "outsider, compensators")
    held = all((row.months, row.over_usage) == (12, 0.2) for row in rows)
    return Finding(st.mean([row.months for row in rows]), held)


def equals_are_served_equally(results: Any) -> Finding:
    """Units by seat where all want all there is: a multinomial with equal chances, by chi-square."""
    from scipy.stats import chisquare

    rows = [row for row in results.rows if row.society == "greedy" and row.condition != "newcomer" and row.gains]
    if not rows:
        raise NotHere("greedy did not play")
    p = float(chisquare([sum(seat) for seat in zip(*(row.gains for row in rows))]).pvalue)
    return Finding(p, p > 1 - SURE, len(rows))


def planned(results: Any) -> Finding:
    """The planners reach the optimum of the dynamic programme, and nobody in twelve months earns more."""
    best = [sum(row.caught) for row in of(results, "planner")]
    others = [sum(row.caught) for row in results.rows if row.condition != "newcomer"]
    return Finding(st.mean(best), set(best) == {results.optimum} and max(others) <= results.optimum)


def last_month(results: Any) -> Finding:
    """Survival by months does not see that the planners leave nothing."""
    return all_of(of(results, "planner"), lambda row: bool(row.survived) and row.left == 0)


def newcomer_ruins(results: Any) -> Finding:
    """A greedy newcomer among those who take their fair share ends the commons in the month in which it comes."""
    alone, joined = of(results, "fair-share"), of(results, "fair-share", "newcomer")
    gap = st.difference([row.months for row in joined], [row.months for row in alone])
    return Finding(gap, all(row.months == results.joins for row in joined) and all(row.survived for row in alone))


def silence_flatters(results: Any) -> Finding:
    """A society that never answers looks perfectly restrained as played, and is lost in month 1 at worst."""

    def both(row: Row) -> bool:
        played = (row.survived, row.over_usage, row.no_answer) == (True, 0, 1)
        return played and (row.months_at_worst, row.over_usage_at_worst) == (1, 1)

    return all_of(of(results, "mute"), both)


def transparency_not_talk(results: Any) -> Finding:
    """Matchers need to see: with closed books they never learn of the outsider, with or without talk."""
    seen = of(results, "outsider, matchers", "no talk")
    unseen = of(results, "outsider, matchers", "closed books")
    gap = st.difference([row.months for row in unseen], [row.months for row in seen])
    return Finding(gap, gap.low > 0)


# ---- talk as a channel


def believers(agreement: str, expected: float) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        if results.channel is None:
            raise NotHere("the believers did not play")
        found = st.share(results.channel.survived[agreement], results.channel.societies, SURE)
        return Finding(found, found.low <= expected <= found.high)

    return check


def mean_moves_nothing(results: Any) -> Finding:
    if results.channel is None:
        raise NotHere("the believers did not play")
    moved = results.channel.moved_by_mean + results.channel.saved_by_mean
    return Finding(st.share(moved, results.channel.societies), moved == 0)


# ---- sub-skills


def going_together(skill: str, rule: bool) -> Callable[[Any], Finding]:
    """Spearman's correlation over minds. Six rule minds are the least; language models are taken as they come."""

    def check(results: Any) -> Finding:
        fit = fitted(skill, accuracy_by_mind(results.scores, skill, rule), months_by_mind(results))
        if fit is None or (rule and fit.minds < 6):
            raise NotHere(f"accuracy in {skill} and months are known of too few {'rule minds' if rule else 'models'}")
        if rule:
            return Finding(fit.spearman, fit.spearman.value > 0.7)
        return Finding(fit.r_squared, fit.spearman.value > 0 and fit.p < 0.05)

    return check


def hint_lifts_erring(results: Any) -> Finding:
    """Months that the hint adds to societies whose arithmetic slips, over all such rungs."""
    erring = [rung for rung in results.lasting if min(rung.months) < results.length]
    if not erring:
        raise NotHere("no rule minds that err played")
    told = [m for rung in erring for m in rung.months_with_hint]
    gap = st.difference(told, [m for rung in erring for m in rung.months])
    return Finding(gap, gap.low > 0)


# ---- language models


def languages(results: Any) -> list[Row]:
    rows = [row for row in results.rows if row.kind in ("language", "mixed")]
    if not rows:
        raise NotHere("no language model took part")
    return rows


def changed(condition: str, measure: str, sign: int, scale: int = 1) -> Callable[[Any], Finding]:
    """Does the condition move the measure in the paper's direction, with an interval off zero and p < .05?"""

    def check(results: Any) -> Finding:
        found = contrast(languages(results), condition, measure)
        if found is None:
            raise NotHere(f"default and {condition} are needed, at least twice each")
        gap, p = found
        scaled = Estimate(scale * gap.value, scale * gap.low, scale * gap.high, gap.n)
        off_zero = gap.low > 0 if sign > 0 else gap.high < 0
        return Finding(scaled, off_zero and p < 0.05)

    return check


def survives(results: Any) -> Finding:
    rows = [row for row in languages(results) if row.condition == "default" and row.survived is not None]
    if not rows:
        raise NotHere("no language model played by default")
    rate = st.share(sum(bool(row.survived) for row in rows), len(rows))
    rate = replace(rate, value=100 * rate.value, low=100 * rate.low, high=100 * rate.high)
    return Finding(rate, rate.value <= published.DEFAULT[0].survival)


def mostly_negotiation(results: Any) -> Finding:
    """Over societies: the mean share of negotiation, which must be the largest, and relational the smallest."""
    found = [share for row in languages(results) if (share := shares(row.utterances))]
    if not found:
        raise NotHere("nobody labelled the utterances: give labeller=URL#NAME")
    means = {group: sum(share[group] for share in found) / len(found) for group in found[0]}
    negotiation = st.mean([100 * share["negotiation"] for share in found])
    return Finding(negotiation, means["negotiation"] > means["information"] > means["relational"])


def with_endpoint(id: str, statement: str, where: str, paper: str, check: Callable[[Any], Finding]) -> Claim:
    return Claim(id, statement, where, paper, check, needs="endpoint")


RULES, TALK = "rules of the game", "derived: closed form"
OFFLINE = (
    Claim("vectors", "five who always wish for the same survive and earn what the rules say", RULES,
          "all seven exactly", vectors),
    Claim("universalisation", "who takes what could be everybody's catch survives, efficiently and equally",
          "universalisation", "12 months, u=1, e=1, o=0", perfect),
    Claim("unconditional", "with one outsider at 20 and four at 10 the commons is lost in month 3", RULES, "3",
          months("outsider, takers", 3)),
    Claim("matchers", "punishing by matching loses the commons a month sooner", RULES, "2",
          months("outsider, matchers", 2)),
    Claim("compensators", "leaving room for the outsider keeps the commons alive; only the outsider overuses", RULES,
          "12", compensated),
    Claim("three-left", "three left of a hundred do not come back: collapse is tested before growth", RULES, "1",
          months("three left", 1)),
    Claim("hint-moves", "one outsider at 20 and four who follow the hint, which falls with the pool", RULES,
          "4 (derived)", months("outsider, universalisers", 4, "universalisation")),
    Claim("equal-service", "who want the same are served the same (p of a chi-square over seats)", RULES, "p > .001",
          equals_are_served_equally),
    Claim("greedy", "a society that takes all ends in its first month", "main table, months of 1.0", "1",
          months("greedy", 1)),
    Claim("planner", "the planner's optimum is reached and never exceeded", "derived: dynamic programme",
          str(published.PLANNER), planned),
    Claim("last-month", "taking all in the last month counts as survival and leaves nothing", "measures", "survives, 0",
          last_month),
    Claim("newcomer-rules", "months lost to a greedy newcomer by rule minds who take their fair share", "newcomer",
          "collapse in month 3", newcomer_ruins),
    Claim("silence", "no answer looks like restraint; the bound at worst says what it may be", "ours",
          "-", silence_flatters),
    Claim("seeing", "months gained by matchers who cannot see the outsider", "ours: the paper's ablation mixes both",
          "-", transparency_not_talk),
    Claim("channel-none", "believers without talk survive at the rate of the closed form (99.9 % interval)", TALK,
          "0.168", believers("none", survival_without_talk(5, 0.3))),
    Claim("channel-median", "agreement on the median lifts them to the closed form's rate (99.9 % interval)", TALK,
          "0.837", believers("median", survival_with_median(5, 0.3))),
    Claim("channel-mean", "societies to whom agreement on the mean makes a difference: it moves no total", TALK, "0",
          mean_moves_nothing),
    *(Claim(f"{skill}-rules", f"Spearman of accuracy in {skill} and months, over erring rule minds, no language model",
            "sub-skills", "> 0.7 (ours)", going_together(skill, True)) for skill in SKILLS),
    Claim("hint-rules", "months that the hint adds to rule minds that err in arithmetic", "universalisation",
          "> 0 (ours)", hint_lifts_erring),
)  # fmt: skip

NEWS, HINT, MUTED = "newcomer (GPT-4o)", "universalisation, mean over models, p < .001", "ablation of talk"
ENDPOINT = (
    with_endpoint("survival", "survival by default, % of runs, is no higher than the best in the paper",
                  "main table, default", "53.3 (GPT-4o)", survives),
    with_endpoint("hint-months", "months gained by the hint", HINT, "+4", changed("universalisation", "months", 1)),
    with_endpoint("hint-gain", "units per member gained by the hint", HINT, "+29",
                  changed("universalisation", "gain", 1)),
    with_endpoint("hint-efficiency", "efficiency gained by the hint, points", HINT, "+24",
                  changed("universalisation", "efficiency", 1, 100)),
    with_endpoint("talk", "over-usage added by forbidding talk, points, books open (ours: talk alone)", MUTED, "-",
                  changed("no talk", "over_usage", 1, 100)),
    with_endpoint("talk-released", "over-usage added by forbidding talk and closing the books, points, as released",
                  MUTED, "+22", changed("neither", "over_usage", 1, 100)),
    with_endpoint("newcomer-survival", "survival lost to the newcomer, points", NEWS, "53.3 to 33.3",
                  changed("newcomer", "survived", -1, 100)),
    with_endpoint("newcomer-months", "months lost to the newcomer", NEWS, "9.3 to 6.6",
                  changed("newcomer", "months", -1)),
    with_endpoint("newcomer-gain", "units per member lost to the newcomer", NEWS, "66.0 to 34.8",
                  changed("newcomer", "gain", -1)),
    with_endpoint("newcomer-equality", "equality lost to the newcomer, points", NEWS, "94.4 to 71.7",
                  changed("newcomer", "equality", -1, 100)),
    with_endpoint("newcomer-over-usage", "over-usage added by the newcomer, points", NEWS, "10.8 to 15.7",
                  changed("newcomer", "over_usage", 1, 100)),
    with_endpoint("utterances", "most utterances negotiate, fewer inform, hardly any is relational; % that negotiate",
                  "analysis of dialogues", "54, 45 and 1", mostly_negotiation),
    *(with_endpoint(f"{skill}-models", f"R squared of accuracy in {skill} and months over models (probes=true)",
                    "sub-skills, regression", f"{r_squared:g}", going_together(skill, False))
      for skill, r_squared in published.SKILLS.items()),
)  # fmt: skip
CLAIMS = (*OFFLINE, *ENDPOINT)
