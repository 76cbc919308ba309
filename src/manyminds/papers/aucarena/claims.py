"""What the auction arena must show, as checks of a run.

The paper's exact tables were not available to us. What is checked offline are consequences of its rules: closed forms,
and totals that an independent simulation of the same rules gave. What the paper says of language models needs some.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.models.load import names_model
from manyminds.papers.aucarena.organisms import ORGANISMS

# Order, budget -> total profit of three rule bidders, by an independent simulation of 200 auctions, good to 3 %.
TOTALS = {("ascending", 20_000): 15_800, ("descending", 20_000): 14_600, ("ascending", 10_000): 12_100,
          ("descending", 10_000): 18_500}  # fmt: skip
RATIOS = {("descending", 40_000): 1.5, ("descending", 10_000): 1.15}  # sale price over starting price: ample, binding
ALONE = {10_000: 10_000, 20_000: 20_000, 40_000: 30_000}  # the best subset by hand: profit equals starting prices
WITHIN = 0.03


def part(results: Any, name: str) -> Any:
    """A part of the results, if it was asked for."""
    found = getattr(results, name)
    if not found:
        raise NotHere(f"this run has no {name}")
    return found


def cell(results: Any, name: str, order: str, budget: int) -> Any:
    for row in part(results, name):
        if (row["order"], row["budget"]) == (order, budget):
            return row
    raise NotHere(f"no {name} in {order} order with a budget of {budget}")


def estimate(found: dict[str, Any]) -> st.Estimate:
    return st.Estimate(**found)


def cursed(results: Any) -> Finding:
    """Every item of every auction at every over-estimation is off by nothing."""
    rows = part(results, "curses")
    off = max(row["off"] for row in rows)
    return Finding(off, off < 1e-9 and all(row["sold"] == 1 for row in rows), sum(row["items"] for row in rows))


def alone(results: Any) -> Finding:
    rows = [row for row in part(results, "alone") if row.budget in ALONE]
    if not rows:
        raise NotHere("none of the budgets is one that was solved by hand")
    hits = sum(
        row.ending == "finished" and row.seats[0].profit == ALONE[row.budget] == row.seats[0].bound for row in rows
    )
    return Finding(st.share(hits, len(rows)), hits == len(rows))


def learns(results: Any) -> Finding:
    row = cell(results, "learners", "shuffled", 20_000)
    return Finding(st.share(row["better"], row["n"]), row["better"] >= 0.8 * row["n"])


def learner_profits(results: Any) -> Finding:
    row = cell(results, "learners", "shuffled", 20_000)
    found = estimate(row["learner"])
    return Finding(found, found.low > 0)


def total(order: str, budget: int) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = estimate(cell(results, "totals", order, budget)["total"])
        return Finding(found, abs(found.value / TOTALS[order, budget] - 1) <= WITHIN)

    return check


def ratio(order: str, budget: int) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = estimate(cell(results, "totals", order, budget)["ratio"])
        return Finding(found, abs(found.value / RATIOS[order, budget] - 1) <= WITHIN)

    return check


def of(rows: Sequence[Any], mind: str) -> list[Any]:
    found = [seat for row in rows for seat in row.seats if seat.mind == mind]
    if not found:
        raise NotHere(f"{mind} did not take part")
    return found


def adheres(results: Any) -> Finding:
    rho = st.mean([seat.rho_engagement for seat in of(part(results, "controls"), "planner")])
    return Finding(rho, rho.low > 0.5)


def control_does_not(results: Any) -> Finding:
    rho = st.mean([seat.rho_engagement for seat in of(part(results, "controls"), "shuffled-planner")])
    return Finding(rho, abs(rho.value) < 0.1)


def recovered(error: float) -> Callable[[Any], Finding]:
    """The planted rate, from own entries and from others'; the one that is further off decides."""

    def check(results: Any) -> Finding:
        seats = of(part(results, "noisy"), f"noisy-planner:{error}")
        rates = [
            st.share(
                sum(getattr(s, f"{whose}_wrong") for s in seats), sum(getattr(s, f"{whose}_checked") for s in seats)
            )
            for whose in ("self", "other")
        ]
        worst = max(rates, key=lambda rate: abs(rate.value - error))
        return Finding(worst, abs(worst.value - error) <= 0.02)

    return check


# ---- language models


def spoken(results: Any) -> list[Any]:
    rows = [row for row in part(results, "tables") if any(names_model(named(seat.mind)) for seat in row.seats)]
    if not rows:
        raise NotHere("no language model took part")
    return rows


def named(mind: str) -> str:
    """The reference behind a label such as `NAME (2)`."""
    return mind.rpartition(" (")[0] or mind


def lesson_gain(results: Any) -> Finding:
    """Profit with lessons less profit without, on the same seeds, seat by seat; the first auction has none to read."""
    profits: dict[tuple[Any, ...], dict[bool, int]] = {}
    for row in spoken(results):
        for seat in row.seats:
            if row.repeat and names_model(named(seat.mind)):
                profits.setdefault((row.order, row.budget, row.repeat, seat.name), {})[row.learning] = seat.profit
    pairs = [both for both in profits.values() if len(both) == 2]
    if len(pairs) < 2:
        raise NotHere("learning=both and at least two auctions a cell are needed")
    gap = st.difference([both[True] for both in pairs], [both[False] for both in pairs], paired=True)
    return Finding(gap, gap.low > 0)


def waits(results: Any) -> Finding:
    """Budget spent in the last third of the items less that in the first, in ascending order."""
    seats = [s for row in spoken(results) if row.order == "ascending" for s in row.seats if names_model(named(s.mind))]
    if len(seats) < 2:
        raise NotHere("auctions in ascending order are needed")
    gap = st.mean([seat.stages[-1] - seat.stages[0] for seat in seats])
    return Finding(gap, gap.low > 0)


def account_errors(results: Any) -> Finding:
    seats = [s for row in spoken(results) for s in row.seats if names_model(named(s.mind))]
    wrong = sum(s.self_wrong + s.other_wrong for s in seats)
    checked = sum(s.self_checked + s.other_checked for s in seats)
    if not checked:
        raise NotHere("no account was given")
    found = st.share(wrong, checked)
    return Finding(found, found.value < 0.01)


# The setting of which the claims speak: under another one they are not judged.
STANDARD = {"pool": "standard", "items": "", "overestimate": 10, "markup": 10, "discount": False, "ties": "uniform"}
RULES = "section 2, rules"
STATEMENTS = (
    Claim(
        "curse",
        "bidders with equal estimates and money enough end at the estimate: the winner's profit is -2 o SP",
        RULES,
        "exact",
        cursed,
    ),
    Claim(
        "alone",
        "a bidder without rivals earns what the knapsack of its budget holds: 10,000, 20,000 and 30,000",
        RULES,
        "exact",
        alone,
    ),
    Claim(
        "learner",
        "who reads the announced values beats its twin who does not, after two items",
        "section 5, learning",
        ">= 80 % of 100 seeds",
        learns,
    ),
    Claim(
        "learner-profit",
        "and ends with a profit although everybody over-estimates",
        "section 5, learning",
        "> 0",
        learner_profits,
    ),
    *(
        Claim(
            f"total-{order}-{budget // 1000}k",
            f"three rule bidders earn together, {order} order, budget {budget:,}",
            f"{RULES}; independent simulation",
            f"{expected:,} within 3 %",
            total(order, budget),
        )
        for (order, budget), expected in TOTALS.items()
    ),
    *(
        Claim(
            f"price-{order}-{budget // 1000}k",
            f"their price over the starting price, {order} order, budget {budget:,}",
            f"{RULES}; independent simulation",
            f"{expected} within 3 %",
            ratio(order, budget),
        )
        for (order, budget), expected in RATIOS.items()
    ),
    Claim(
        "adherence",
        "a planner bids by its plan: rho of priority and engagement",
        "section 4, measures",
        "> 0.5",
        adheres,
    ),
    Claim(
        "adherence-control",
        "where the announced plan is shuffled, nothing is left of it",
        "section 4, measures",
        "|rho| < 0.1",
        control_does_not,
    ),
    *(
        Claim(
            f"beliefs-{error}",
            f"planted false entries at a rate of {error} are found at that rate",
            "section 4, measures",
            f"{error} within 0.02",
            recovered(error),
        )
        for error in (0.05, 0.2)
    ),
    Claim(
        "lessons",
        "profit gained by learning from the last auction (language models)",
        "section 5, learning",
        "> 0",
        lesson_gain,
        needs="endpoint",
    ),
    Claim(
        "waits",
        "in ascending order the strong model keeps its budget for the end (language models)",
        "section 5, orders",
        "> 0",
        waits,
        needs="endpoint",
    ),
    Claim(
        "account",
        "the strongest model's accounts are wrong in hardly any entry (language models)",
        "section 5, beliefs",
        "0.0021 (at second hand)",
        account_errors,
        needs="endpoint",
    ),
)
CLAIMS = tuple(replace(claim, config=STANDARD | claim.config) for claim in STATEMENTS) + ORGANISMS
