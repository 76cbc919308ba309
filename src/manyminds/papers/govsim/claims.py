"""What GovSim says, as checks of a run; the arithmetic ones are exact, the statistical ones have intervals."""

from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st

# Months survived and total caught by five who always wish for the same (fact sheet, test vectors).
VECTORS = {10: (12, 600), 11: (4, 195), 12: (3, 160), 13: (3, 140), 14: (2, 130), 15: (2, 125), 20: (1, 100)}


def of(results: Any, society: str, condition: str = "default") -> list[Any]:
    rows = [row for row in results.rows if (row.society, row.condition) == (society, condition)]
    if not rows:
        raise NotHere(f"{society} did not play under {condition}")
    return rows


def months(society: str, expected: int) -> Any:
    def check(results: Any) -> Finding:
        rows = of(results, society)
        return Finding(st.mean([row.months for row in rows]), all(row.months == expected for row in rows))

    return check


def vectors(results: Any) -> Finding:
    """Every repeat of every constant society in every skin hits months and total exactly."""
    rows = [(row, VECTORS[wish]) for wish in VECTORS for row in of(results, f"takes:{wish}")]
    hits = sum((row.months, sum(row.caught)) == expected for row, expected in rows)
    return Finding(st.share(hits, len(rows)), hits == len(rows))


def perfect(results: Any) -> Finding:
    rows = of(results, "universaliser", "universalisation")
    measured = [(row.months == results.length, row.efficiency, row.equality, row.over_usage) for row in rows]
    return Finding(st.share(sum(m == (True, 1, 1, 0) for m in measured), len(rows)),
                   all(m == (True, 1, 1, 0) for m in measured))  # fmt: skip


def transparency_not_talk(results: Any) -> Finding:
    """Matchers need to see: with closed books they never learn of the outsider, with or without talk."""
    seen = of(results, "outsider and matchers", "no talk")
    unseen = of(results, "outsider and matchers", "closed books")
    gap = st.difference([row.months for row in unseen], [row.months for row in seen])
    return Finding(gap, gap.low > 0)


def languages(results: Any) -> list[Any]:
    rows = [row for row in results.rows if row.society.startswith(("http", "openai/", "hf:", "scripted:", "house"))]
    if not rows:
        raise NotHere("no language model took part")
    return rows


def hint_helps(results: Any) -> Finding:
    rows = languages(results)
    with_hint = [row.months for row in rows if row.condition == "universalisation" and row.months is not None]
    without = [row.months for row in rows if row.condition == "default" and row.months is not None]
    if len(with_hint) < 2 or len(without) < 2:
        raise NotHere("both conditions are needed, at least twice each")
    gap = st.difference(with_hint, without)
    return Finding(gap, gap.low > 0)


def talk_restrains(results: Any) -> Finding:
    rows = languages(results)
    silent = [row.over_usage for row in rows if row.condition == "no talk" and row.over_usage is not None]
    talking = [row.over_usage for row in rows if row.condition == "default" and row.over_usage is not None]
    if len(silent) < 2 or len(talking) < 2:
        raise NotHere("both conditions are needed, at least twice each")
    gap = st.difference(silent, talking)
    return Finding(gap, gap.low > 0)


CLAIMS = (
    Claim("vectors", "five who always wish for the same survive and earn what the rules say", "section 2, rules",
          "all seven exactly", vectors),
    Claim("universalisation", "who takes what could be everybody's catch survives, efficiently and equally",
          "section 2.3", "12 months, u=1, e=1, o=0", perfect),
    Claim("unconditional", "with one outsider at 20 and four at 10 the commons is lost in month 3", "rules", "3",
          months("outsider and unconditional", 3)),
    Claim("matchers", "punishing by matching loses the commons a month sooner", "rules", "2",
          months("outsider and matchers", 2)),
    Claim("compensators", "leaving room for the outsider keeps the commons alive", "rules", "12",
          months("outsider and compensators", 12)),
    Claim("greedy", "a society that takes all ends in its first month", "table of results, months", "1",
          months("greedy", 1)),
    Claim("seeing", "months gained by matchers who cannot see the outsider", "ours: the paper's ablation mixes both",
          "-", transparency_not_talk),
    Claim("hint", "months gained by the universalisation hint (language models)", "section 3.4", "+4", hint_helps,
          needs="endpoint"),
    Claim("talk", "over-usage added by forbidding talk (language models)", "section 3.5", "+0.22", talk_restrains,
          needs="endpoint"),
)  # fmt: skip
