"""The tables and figures of the shopping experiment: ours beside the paper's, with what is missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manyminds.core import Table
from manyminds.core import statistics as st
from manyminds.papers.tin_men import published
from manyminds.papers.tin_men.analysis import (
    POSITION,
    RIGID,
    cells,
    competence,
    conflict_index,
    count,
    effect,
    order_test,
    override,
    regression,
    rigidity,
)
from manyminds.papers.tin_men.organisms import organism_table
from manyminds.papers.tin_men.recovery import SETTINGS
from manyminds.papers.tin_men.rows import Row
from manyminds.theory.choice import TERMS
from manyminds.worlds.games.shop import VISIBILITIES


def groups(results: Any) -> dict[str, list[Row]]:
    """Everybody who bought, by a name to print."""
    found = {who: rows for (who,), rows in cells(results.rules, "who").items()}
    for source, rows in (("", results.models), (" (released)", results.files)):
        for (who, temperature), members in cells(rows, "who", "temperature").items():
            found[f"{who} T{temperature:g}{source}"] = members
    return found


def tables(results: Any) -> list[Table]:
    found = [behaviour(groups(results)), soundness(groups(results)), vehicle(results)]
    asked = [*results.models, *results.files]
    if asked:
        found += [missing(asked), *regressions(results)]
    if results.organisms:
        found.append(organism_table(results))
    return [*found, recovery(results), contracts(results)]


def behaviour(all_rows: dict[str, list[Row]]) -> Table:
    rows = []
    for who, members in all_rows.items():
        index, stiff = conflict_index(members), rigidity(members)
        word = "" if stiff != stiff else " rigid" if stiff >= RIGID else " nuanced"
        rows.append((who, override(members, "customer").share, override(members, "principal").share, index,
                     effect(members).gap, effect(members, "customer").gap, f"{stiff:.2f}{word}"))  # fmt: skip
    columns = ("who", "overrides customer", "overrides principal", "conflict index", "principal sees", "customer sees",
               "rigidity")  # fmt: skip
    note = "valid choices in conflicts; 'sees': change of the share that serves that party when it sees the explanation"
    return Table("whom the assistant serves", columns, tuple(rows), note)


def soundness(all_rows: dict[str, list[Row]]) -> Table:
    rows = []
    for who, members in all_rows.items():
        able, order = competence(members), order_test(members)
        ordered = order.seen.valid and order.unseen.valid
        flag = " flagged" if order.p < POSITION else ""
        rows.append((who, able.agreed.share if able.agreed.valid else None, str(able.overspent) if able.overspent.total
                     else None, f"{order.p:.2g}{flag}" if ordered else "order was fixed",
                     sum(not row.valid for row in members), len(members)))  # fmt: skip
    columns = ("who", "right where all agree", "beyond budget", "order test, p", "no valid choice", "purchases")
    return Table("is it interest, or incompetence, or position?", columns, tuple(rows))


def vehicle(results: Any) -> Table:
    """The published table beside what ran here, in the scenario in which anything varied."""
    rows = []
    for (who, temperature), counts in published.VEHICLE.items():
        rows.append((f"{who} T{temperature:g} (paper)", *(f"{k}/{n}" for k, n in counts)))
    for who, members in groups(results).items():
        kept = [row for row in members if row.scenario == "vehicle"]
        if kept:
            rows.append((who, *(str(count(row for row in kept if row.condition == name)) for name in VISIBILITIES)))
    note = "principal's product of valid choices; in the film scenario all valid choices of the paper are of it"
    return Table("the company's car, by who sees the explanation", ("who", *VISIBILITIES), tuple(rows), note)


def missing(asked: Sequence[Row]) -> Table:
    rows = []
    found = cells(asked, "who", "temperature", "scenario", "condition")
    for (who, temperature, scenario, condition), members in found.items():
        seen, again = count(members), sum(row.asked_again for row in members)
        if seen.valid < seen.total or again:
            low, high = seen.bounds
            rows.append((f"{who} T{temperature:g}", scenario, condition, str(seen), seen.missing, seen.invalid,
                         seen.refused, again, f"{low:.2f} to {high:.2f}"))  # fmt: skip
    columns = ("who", "scenario", "condition", "second", "missing", "invalid", "refused", "asked again", "bounds")
    note = "bounds: the share of the second product whatever the missing answers were"
    return Table("cells with answers that could not be read", columns, tuple(rows), note)


def regressions(results: Any) -> list[Table]:
    found = []
    for source in (results.models, results.files):
        for (who, temperature), members in cells(source, "who", "temperature").items():
            fitted = regression(members)
            if fitted is None:
                continue
            rows = tuple((name, fitted.estimate(name), fitted.p_value(name)) for name in fitted.names)
            note = f"logistic regression on {fitted.n} valid choices, scenarios as fixed effects"
            if fitted.separated:
                note += f"; separated, so without a finite estimate: {', '.join(fitted.separated)}"
            title = f"choosing the second product, {who} T{temperature:g}"
            found.append(Table(title, ("term", "log odds", "p"), rows, note))
    return found


def recovery(results: Any) -> Table:
    rows = []
    for setting in SETTINGS:
        kept = [one for one in results.recovered if one.setting == setting.name]
        if not kept:
            continue
        shares = (st.share(sum(one.within[name] for one in kept), len(kept)).value for name in TERMS[3:])
        seen = (st.mean([one.estimates[name] for one in kept]) for name in TERMS[3:])
        truth = (kept[0].truth[name] for name in TERMS[3:])
        (c, p), (tc, tp), (sc, sp) = tuple(seen), tuple(truth), tuple(shares)
        rows.append((setting.name, tp, p, sp, tc, c, sc, st.mean([one.rigidity for one in kept]),
                     st.share(sum(one.classified for one in kept), len(kept)).value))  # fmt: skip
    columns = ("agent", "b_P", "found", "within 2 s.e.", "b_C", "found", "within 2 s.e.", "rigidity", "told apart")
    return Table("agents with known weights", columns, tuple(rows), f"means over seeds; rigid: at least {RIGID:g}")


def contracts(results: Any) -> Table:
    rows = tuple((one.high, one.low, one.cost, one.bonus, one.bonus_found, one.pay, one.pay_found, one.rent,
                  one.rent_found, one.worthwhile) for one in results.contracts)  # fmt: skip
    columns = ("p_H", "p_L", "cost", "bonus", "by LP", "pay", "by LP", "rent", "by LP", "worth it")
    return Table("what hidden effort costs", columns, rows, "closed form beside the linear programme")


def figures(results: Any, folder: Path) -> list[Path]:
    """The share of the second product by condition, with Wilson intervals and the bounds under missingness."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = {f"{who} T{t:g} (paper)": rows for (who, t), rows in cells(published.rows(), "who", "temperature").items()}
    shown |= groups(results)
    across = 4
    figure, axes = plt.subplots(-(-len(shown) // across), across, sharey=True, sharex=True, squeeze=False)
    figure.set_size_inches(12, 2.4 * axes.shape[0])
    for axis in axes.flat[len(shown) :]:
        axis.set_visible(False)
    for axis, (who, rows) in zip(axes.flat, shown.items()):
        kept = [row for row in rows if row.scenario == "vehicle"]  # as the paper's, where it took part
        kept = kept or [row for row in rows if row.kind() == "customer-principal"]
        for x, name in enumerate(VISIBILITIES):
            seen = count(row for row in kept if row.condition == name)
            low, high = seen.bounds
            axis.plot([x, x], [low, high], color="tab:orange", linewidth=5, alpha=0.4)
            if seen.valid:
                share = seen.share
                axis.errorbar(x, share.value, [[share.value - share.low], [share.high - share.value]], fmt="o",
                              color="tab:blue", markersize=4)  # fmt: skip
        axis.set_title(who, fontsize=8)
        axis.set_xticks(range(4), VISIBILITIES, fontsize=7, rotation=20)
        axis.set_ylim(-0.05, 1.05)
    figure.supylabel("share of the principal's product")
    figure.supxlabel("who sees the explanation (orange: bounds whatever the missing answers were)", fontsize=9)
    figure.tight_layout()
    path = folder / "conditions.png"
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return [path]
