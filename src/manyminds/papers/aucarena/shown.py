"""Tables and figures of the auction arena."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from manyminds.core import Estimate, Table
from manyminds.core import statistics as st
from manyminds.core.skill_ratings import elo, ladder, ranks_of
from manyminds.papers.aucarena.claims import TOTALS, estimate
from manyminds.papers.aucarena.organisms import organism_table

THREES, SEATED = "rules in threes, every order", "the seats as given"
NO_FIGURE = "n/a"  # the paper's exact tables were not available to us


def tables(results: Any) -> list[Table]:
    parts = (
        (results.totals, lambda: totals(results)),
        (results.curses, lambda: curses(results.curses)),
        (results.learners, lambda: learners(results.learners)),
        (results.alone, lambda: alone(results.alone)),
        (results.ladder, lambda: minds(THREES, results.ladder)),
        (results.ladder, lambda: money(THREES, results.ladder)),
        (results.controls, lambda: plans(results.controls)),
        (results.noisy, lambda: beliefs(results.noisy)),
        (results.corrected, lambda: beliefs(results.corrected, ", told their errors")),
        (results.logged, lambda: logs(results.logged)),
        (results.organisms, lambda: organism_table(results)),
    )
    found = [make() for rows, make in parts if rows]
    if results.tables:
        found += [minds(SEATED, results.tables), money(SEATED, results.tables), cells(results.tables),
                  plans(results.tables), beliefs(results.tables)]  # fmt: skip
    return found


def totals(results: Any) -> Table:
    rows = []
    for row in results.totals:
        known = TOTALS.get((row["order"], row["budget"]))
        rows.append((row["order"], row["budget"], estimate(row["total"]), known or NO_FIGURE, estimate(row["ratio"]),
                     row["sold"]))  # fmt: skip
    columns = ("order", "budget", "total profit", "independent simulation", "price / start", "sold")
    return Table(
        "three rule bidders",
        columns,
        tuple(rows),
        f"dollars per auction, of at most {results.optimum:,}; 95 % intervals; paper's own figures n/a",
    )


def curses(rows: Sequence[dict[str, Any]]) -> Table:
    shown = tuple((row["overestimate"], estimate(row["profit"]), row["expected"], row["off"]) for row in rows)
    return Table(
        "winner's curse: three who bid up to equal estimates",
        ("overestimate %", "profit / start", "closed form", "furthest off"),
        shown,
    )


def learners(rows: Sequence[dict[str, Any]]) -> Table:
    shown = tuple((row["order"], row["budget"], estimate(row["learner"]), estimate(row["straightforward"]),
                   st.share(row["better"], row["n"]), st.share(row["equal"], row["n"])) for row in rows)  # fmt: skip
    columns = ("order", "budget", "learner", "its twin", "better after item 2", "equal")
    return Table("a learner and its twin, against two who bid up to their estimates", columns, shown,
                 "profit per auction; paired on seeds")  # fmt: skip


def alone(rows: Sequence[Any]) -> Table:
    shown = tuple((row.budget, row.seats[0].profit if row.seats else None, row.seats[0].bound if row.seats else None)
                  for row in rows)  # fmt: skip
    return Table("without rivals", ("budget", "profit of the planner", "knapsack"), shown)


# ---- who did how well


def by_mind(rows: Iterable[Any]) -> dict[str, list[tuple[Any, Any]]]:
    """(auction, seat) of every mind, in the order of the run."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for row in rows:
        for seat in row.seats:
            found.setdefault(seat.mind, []).append((row, seat))
    return found


def in_turn(rows: Iterable[Any]) -> list[Any]:
    """The auctions as a ladder plays them: a round of all tables, then the next."""
    return sorted((row for row in rows if row.seats), key=lambda row: row.repeat)


def skills(rows: Iterable[Any], measure: str = "profit") -> dict[str, Estimate]:
    """TrueSkill with the interval of its belief, by profit or by items won."""
    played = in_turn(rows)
    rated = ladder({seat.mind: getattr(seat, measure) for seat in row.seats} for row in played)
    games = {mind: len(found) for mind, found in by_mind(played).items()}
    return {
        mind: Estimate(r.mu, r.mu - 1.96 * r.sigma, r.mu + 1.96 * r.sigma, games[mind]) for mind, r in rated.items()
    }


def elos(rows: Iterable[Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row in in_turn(rows):
        names = [seat.mind for seat in row.seats]
        ranks = ranks_of([seat.profit for seat in row.seats])
        found |= dict(zip(names, elo([found.get(name, 1500.0) for name in names], ranks)))
    return found


def share_of(part: Iterable[int], whole: Iterable[int]) -> Estimate:
    return st.share(sum(part), sum(whole))


def minds(title: str, rows: Sequence[Any]) -> Table:
    by_profit, by_items, by_elo = skills(rows), skills(rows, "won"), elos(rows)
    shown = []
    for mind, found in sorted(by_mind(rows).items(), key=lambda pair: -by_profit[pair[0]].value):
        seats = [seat for _, seat in found]
        shown.append((mind, by_profit[mind], by_items[mind], by_elo[mind], st.mean([s.profit for s in seats]),
                      st.mean([s.rank for s in seats]), NO_FIGURE))  # fmt: skip
    columns = ("mind", "TrueSkill by profit", "by items", "Elo", "profit", "rank", "paper")
    failed = sum(row.ending != "finished" for row in rows)
    return Table(f"ladder: {title}", columns, tuple(shown), f"{len(rows)} auctions, {failed} failed and unscored; "
                 "TrueSkill with 95 % of its belief")  # fmt: skip


def money(title: str, rows: Sequence[Any]) -> Table:
    """What was done with the budget, and how often a bid was refused."""
    shown = []
    for mind, found in by_mind(rows).items():
        seats = [seat for _, seat in found]
        shown.append((mind, st.mean([s.bound - s.profit for s in seats]), st.mean([sum(s.stages) for s in seats]),
                      share_of((s.overpaid for s in seats), (s.won for s in seats)),
                      share_of((s.failed for s in seats), (s.answers for s in seats)), NO_FIGURE))  # fmt: skip
    columns = ("mind", "regret", "budget used", "overpaid wins", "failed bids", "paper")
    return Table(f"money: {title}", columns, tuple(shown), "regret: below the knapsack bound; overpaid: above the true "
                 "value; failed: refused, of all answers")  # fmt: skip


def cells(rows: Sequence[Any]) -> Table:
    """Profit by order, budget and learning. A forced withdrawal spares money that a bid might have lost, so profit is
    also given over auctions without one."""
    grouped: dict[tuple[Any, ...], list[Any]] = {}
    for mind, found in by_mind(rows).items():
        for row, seat in found:
            grouped.setdefault((row.order, row.budget, "on" if row.learning else "off", mind), []).append(seat)
    shown = []
    for place, seats in sorted(grouped.items(), key=lambda pair: tuple(map(str, pair[0]))):
        free = [seat.profit for seat in seats if not seat.forced]
        early, late = (st.mean([seat.stages[part] for seat in seats]) for part in (0, -1))
        shown.append(
            (
                *place,
                st.mean([s.profit for s in seats]),
                st.mean(free),
                sum(s.forced for s in seats),
                early,
                late,
                st.mean([s.tokens for s in seats]),
                st.mean([s.money for s in seats]),
            )
        )
    columns = (
        "order",
        "budget",
        "learning",
        "mind",
        "profit",
        "unforced profit",
        "forced out",
        "spent early",
        "spent late",
        "tokens",
        "dollars",
    )
    return Table(
        "by order, budget and learning",
        columns,
        tuple(shown),
        "per auction; spent: share of the budget in the "
        "first and last third of the items; forced out: items left for want of a legal bid",
    )


def plans(rows: Sequence[Any]) -> Table:
    shown = []
    for mind, found in by_mind(rows).items():
        seats = [seat for _, seat in found]
        shown.append(
            (
                mind,
                st.mean([s.rho_engagement for s in seats]),
                st.mean([s.rho_spending for s in seats]),
                share_of((s.changed for s in seats), (s.replans for s in seats)),
                sum(s.unplanned for s in seats),
            )
        )
    columns = ("mind", "rho(priority, bids)", "rho(priority, spending)", "plans changed", "plans missing")
    return Table(
        "adherence to plans",
        columns,
        tuple(shown),
        "Spearman's rho over the items of an auction, with the "
        "priority announced before the item; unscored: a plan or a bidding without any difference",
    )


def beliefs(rows: Sequence[Any], how: str = "") -> Table:
    """With correction on, later answers were told the truth: the rate over all answers, which is the released code's,
    then mixes the bidder's memory with its reading."""
    shown = []
    for mind, found in by_mind(rows).items():
        seats = [seat for _, seat in found]
        wrong = sum(s.self_wrong + s.other_wrong for s in seats)
        shown.append((mind, share_of((s.self_wrong for s in seats), (s.self_checked for s in seats)),
                      share_of((s.other_wrong for s in seats), (s.other_checked for s in seats)),
                      share_of((s.all_wrong for s in seats), (s.all_checked for s in seats)),
                      st.share(sum(s.corrected for s in seats), wrong), sum(s.unparsed for s in seats),
                      sum(s.omitted for s in seats), NO_FIGURE))  # fmt: skip
    columns = (
        "mind",
        "own entries wrong",
        "others' wrong",
        "wrong in all answers",
        "corrected",
        "unreadable",
        "left out",
        "paper",
    )
    return Table(
        f"accounts of budget, profits and winnings{how}",
        columns,
        tuple(shown),
        "rates of first answers; the paper's strongest model errs in 0.21 % (at second hand)",
    )


def logs(rows: Sequence[Any]) -> Table:
    """Released logs, analysed as our own auctions are."""
    auctions: dict[int, list[Any]] = {}
    for row in rows:
        auctions.setdefault(row.auction, []).append(row)
    rated = ladder({row.mind: row.profit for row in found} for found in auctions.values())
    shown = []
    for mind, rating in sorted(rated.items(), key=lambda pair: -pair[1].mu):
        own = [row for row in rows if row.mind == mind]
        width = 1.96 * rating.sigma
        shown.append(
            (
                mind,
                Estimate(rating.mu, rating.mu - width, rating.mu + width, len(own)),
                st.mean([r.profit for r in own]),
                st.mean([r.won for r in own]),
                st.mean([1 - r.left / r.budget if r.budget else None for r in own]),
                *(st.mean([getattr(r, name) for r in own]) for name in ("failed_rate", "self_rate", "other_rate")),
            )
        )
    columns = ("model", "TrueSkill", "profit", "items", "budget used", "failed bids", "own errors", "others' errors")
    return Table("logged auctions", columns, tuple(shown), f"{len(auctions)} auctions")


# ---- figures


def figures(results: Any, folder: Path) -> list[Path]:
    import matplotlib

    matplotlib.use("Agg")
    found = []
    if results.totals:
        found.append(totals_drawn(results, folder / "totals.png"))
    if rows := results.ladder or results.tables:
        found += [ladder_drawn(rows, folder / "ladder.png"), budgets_drawn(rows, folder / "budgets.png")]
    return found


def totals_drawn(results: Any, path: Path) -> Path:
    """Total profit of three rule bidders by budget, a line an order, with the bound and the independent figures."""
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 3.6))
    for order in dict.fromkeys(row["order"] for row in results.totals):
        cells = sorted((row["budget"], estimate(row["total"])) for row in results.totals if row["order"] == order)
        axis.plot([budget for budget, _ in cells], [total.value for _, total in cells], marker="o", label=order)
    known = [(budget, total) for (_, budget), total in TOTALS.items()]
    axis.scatter(*zip(*known), marker="x", color="black", zorder=3, label="independent simulation")
    axis.axhline(results.optimum, color="grey", linestyle=":", label="bound")
    axis.set(xlabel="budget of each bidder, dollars", ylabel="total profit, dollars", ylim=(0, None))
    axis.legend(fontsize=8)
    return saved(figure, path)


def ladder_drawn(rows: Sequence[Any], path: Path) -> Path:
    from matplotlib import pyplot as plt

    found = sorted(skills(rows).items(), key=lambda pair: pair[1].value)
    figure, axis = plt.subplots(figsize=(6, 0.5 * len(found) + 1.2))
    for height, (_, skill) in enumerate(found):
        axis.errorbar(skill.value, height, xerr=skill.value - skill.low, fmt="o", color="tab:blue", capsize=3)
    axis.set_yticks(range(len(found)), [mind for mind, _ in found])
    axis.set(xlabel="TrueSkill by profit, with 95 % of its belief")
    return saved(figure, path)


def budgets_drawn(rows: Sequence[Any], path: Path) -> Path:
    """Money left after each item, averaged over auctions: one panel an order, one line a mind."""
    from matplotlib import pyplot as plt

    orders = list(dict.fromkeys(row.order for row in rows))
    figure, axes = plt.subplots(1, len(orders), figsize=(4 * len(orders), 3.2), sharey=True, squeeze=False)
    for axis, order in zip(axes[0], orders):
        left: dict[str, list[list[float]]] = {}
        for row in rows:
            if row.order == order:
                for seat, money in zip(row.seats, row.budgets):
                    left.setdefault(seat.mind, []).append([m / row.budget if row.budget else 0.0 for m in money])
        for mind, curves in left.items():
            axis.plot([sum(point) / len(point) for point in zip(*curves)], marker=".", label=mind)
        axis.set(title=order, xlabel="items sold")
    axes[0][0].set_ylabel("share of the budget left")
    axes[0][-1].legend(fontsize=7)
    return saved(figure, path)


def saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
