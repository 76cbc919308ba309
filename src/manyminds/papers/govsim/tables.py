"""The tables of a run: survival, welfare, restraint, talk, sub-skills, and the paper's figures beside ours."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from manyminds.core import Estimate, Table
from manyminds.core import statistics as st
from manyminds.papers.govsim import published
from manyminds.papers.govsim.labels import CLASSES, GROUPS
from manyminds.papers.govsim.probes import SKILLS
from manyminds.papers.govsim.rows import Row
from manyminds.papers.govsim.skills import accuracy_by_mind, fitted
from manyminds.theory.commons import survival_with_median, survival_without_talk

FEW = 6  # societies up to which every condition is shown in detail


def percent(estimate: Estimate, digits: int = 1) -> Estimate:
    """A share in percent, as it is printed."""
    value, low, high = (round(100 * share, digits) for share in (estimate.value, estimate.low, estimate.high))
    return replace(estimate, value=value, low=low, high=high)


def mean_of(rows: Iterable[Row], name: str, shares: bool = False) -> Estimate:
    found = st.mean([getattr(row, name) for row in rows])
    found = percent(found) if shares else replace(found, value=round(found.value, 2))
    return found


def rate_of(rows: Iterable[Row], name: str = "survived") -> Estimate:
    """The share of rows for which a field is true, with its Wilson interval; unscored rows are counted apart."""
    values = [getattr(row, name) for row in rows]
    scored = [value for value in values if value is not None]
    return replace(percent(st.share(sum(scored), len(scored))), unscored=len(values) - len(scored))


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """The rows by `key`, in the order of the run."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


SHORT = {"universalisation": "universal.", "closed books": "closed"}


def short(condition: str) -> str:
    return SHORT.get(condition, condition)


def by_condition(rows: Sequence[Row], title: str, cell: Callable[[list[Row]], Estimate], note: str) -> list[Table]:
    """Societies by conditions, one table a scenario."""
    found = []
    for scenario, inside in grouped(rows, lambda row: row.scenario).items():
        conditions = list(dict.fromkeys(row.condition for row in inside))
        lines = []
        for society, own in grouped(inside, lambda row: row.society).items():
            cells = grouped(own, lambda row: row.condition)
            lines.append((society, *(cell(cells[name]) if name in cells else None for name in conditions)))
        columns = ("society", *(short(name) for name in conditions))
        found.append(Table(f"{title}, {scenario}", columns, tuple(lines), note))
    return found


WELFARE = (("months", False), ("gain", False), ("efficiency", True), ("equality", True))
RESTRAINT = (("over_usage", True), ("over_usage_of_records", True), ("over_usage_at_worst", True), ("no_answer", True))


def details(rows: Sequence[Row]) -> list[Table]:
    """Welfare and restraint of every society under every condition; under the first alone where many played."""
    many = len({row.society for row in rows}) > FEW
    chosen = [row for row in rows if row.condition == rows[0].condition] if many else rows
    title = f", {rows[0].condition}" if many else ""
    tables = []
    for scenario, inside in grouped(chosen, lambda row: row.scenario).items():
        own = grouped(inside, lambda row: row.society if many else f"{row.society}, {short(row.condition)}")
        welfare = tuple((name, *(mean_of(group, *measure) for measure in WELFARE)) for name, group in own.items())
        columns = ("society", "months", "gain", "efficiency %", "equality %")
        note = "gain: units per member" + ("; other conditions in detail: condition=NAME" if many else "")
        tables.append(Table(f"Welfare{title}, {scenario}", columns, welfare, note))
        restraint = tuple((name, *(mean_of(group, *measure) for measure in RESTRAINT)) for name, group in own.items())
        columns = ("society", "over-usage %", "of records %", "at worst %", "no answer %")
        note = "over-usage of harvests, as defined; of harvests and utterances; with each silence counted as over-usage"
        tables.append(Table(f"Restraint{title}, {scenario}", columns, restraint, note))
    return tables


def bounds(rows: Sequence[Row]) -> list[Table]:
    """Where answers are missing: what was measured, and what it would be had the silent taken all they could."""
    lines = []
    for (society, scenario, condition), own in grouped(rows, lambda r: (r.society, r.scenario, r.condition)).items():
        if any(row.no_answer for row in own):
            place = f"{society}, {short(condition)}, {scenario}"
            lines.append((place, mean_of(own, "no_answer", True), rate_of(own), rate_of(own, "survived_at_worst"),
                          mean_of(own, "gain"), mean_of(own, "gain_at_worst")))  # fmt: skip
    columns = ("where", "no answer %", "survival %", "at worst %", "gain", "at worst")
    note = "no answer counts as nothing taken; at worst: the first who gave none took all there was"
    return [Table("Missing answers, both bounds", columns, tuple(lines), note)] if lines else []


COUNTED = ("invalid", "clipped", "strangers", "silent_talks", "unrated", "unlabelled")


def faults(rows: Sequence[Row]) -> list[Table]:
    """What went wrong on the way, society by society; plays that failed are in no mean."""
    lines = []
    for society, own in grouped(rows, lambda row: row.society).items():
        failed = sum(row.ending == "failed" for row in own)
        counts = tuple(sum(getattr(row, name) for row in own) for name in COUNTED)
        lines.append((society, len(own), failed, *counts))
    columns = ("society", "plays", "failed", "asked again", "clipped", "strangers", "silent", "unrated", "unlabelled")
    note = "strangers: next speakers that do not exist; silent: turns to speak and minutes without an answer; unrated:"
    note += " memories without a legal rating, which count as 5"
    return [Table("What went wrong", columns, tuple(lines), note)]


def agreements(rows: Sequence[Row]) -> list[Table]:
    """What was agreed on, against what would last, and who kept to it."""
    lines = []
    for (society, condition), own in grouped(rows, lambda row: (row.society, row.condition)).items():
        if any(row.limited for row in own):
            measured = (mean_of(own, "limited", True), mean_of(own, "limit_gap"), mean_of(own, "compliance", True))
            lines.append((society, condition, *measured))
    columns = ("society", "condition", "months with limit %", "limit - share", "compliance %")
    note = "share: what each may take without loss; compliance: harvests within the limit in force"
    return [Table("Agreed limits", columns, tuple(lines), note)] if lines else []


def utterances(rows: Sequence[Row]) -> list[Table]:
    """Utterances by class, with the paper's shares of the groups."""
    counts = {name: sum(row.utterances.get(name, 0) for row in rows) for name in CLASSES}
    total, unlabelled = sum(counts.values()), sum(row.unlabelled for row in rows)
    if not total + unlabelled:
        return []
    lines = []
    for group in GROUPS:
        inside = {name: n for name, n in counts.items() if CLASSES[name][0] == group}
        split = ", ".join(f"{name} {n}" for name, n in inside.items())
        lines.append((group, split, percent(st.share(sum(inside.values()), total)), published.UTTERANCES[group]))
    note = f"{unlabelled} utterances got no label; in the paper labels agreed with people's in 72 %"
    return [Table("Utterances", ("group", "classes", "share %", "paper %"), tuple(lines), note)]


# ---- language models beside the paper's


def contrast(rows: Sequence[Row], condition: str, measure: str) -> tuple[Estimate, float] | None:
    """Mean under `condition` less mean by default with its interval, and the p-value by permutation."""
    a = [float(v) for row in rows if row.condition == condition and (v := getattr(row, measure)) is not None]
    b = [float(v) for row in rows if row.condition == "default" and (v := getattr(row, measure)) is not None]
    if len(a) < 2 or len(b) < 2:
        return None
    return st.difference(a, b), st.permutation_test(a, b)


def newcomer(measure: str) -> float:
    before, after = published.NEWCOMER[measure]
    return round(after - before, 1)


CONTRASTS = (
    ("universalisation", "months", 1, published.UNIVERSALISATION["months"]),
    ("universalisation", "gain", 1, published.UNIVERSALISATION["gain"]),
    ("universalisation", "efficiency", 100, published.UNIVERSALISATION["efficiency"]),
    ("no talk", "over_usage", 100, None),
    ("closed books", "over_usage", 100, None),
    ("neither", "over_usage", 100, published.NO_TALK["over_usage"]),
    ("newcomer", "survived", 100, newcomer("survival")),
    ("newcomer", "months", 1, newcomer("months")),
    ("newcomer", "gain", 1, newcomer("gain")),
    ("newcomer", "equality", 100, newcomer("equality")),
    ("newcomer", "over_usage", 100, newcomer("over_usage")),
)


def contrasts(rows: Sequence[Row]) -> list[Table]:
    """What each condition changed, all language models and scenarios together, beside the paper's change."""
    lines = []
    for condition, measure, scale, paper in CONTRASTS:
        found = contrast(rows, condition, measure)
        gap, p = found if found else (None, None)
        if gap is not None:
            gap = replace(gap, value=scale * gap.value, low=scale * gap.low, high=scale * gap.high)
        lines.append((condition, measure.replace("_", " ") + (" %" if scale == 100 else ""), gap, p, paper))
    note = "condition less default; p by permutation. Paper: universalisation over all models (p < .001); no talk: its"
    note += " released configuration, which closes the books too; newcomer: GPT-4o"
    return [Table("What the conditions change", ("condition", "measure", "ours", "p", "paper"), tuple(lines), note)]


def beside_the_paper(rows: Sequence[Row]) -> Table:
    """The main table: our language models, scenarios pooled, then the paper's."""
    lines: list[tuple[Any, ...]] = []
    for model, own in grouped([row for row in rows if row.condition == "default"], lambda row: row.society).items():
        measured = (mean_of(own, name, shares) for name, shares in (*WELFARE, ("over_usage", True)))
        lines.append((f"ours: {model}", rate_of(own), *measured))
    lines += [tuple(row) for row in published.DEFAULT]
    columns = ("model", "survival %", "months", "gain", "effic. %", "equal. %", "over %")
    ours = "" if rows else "no language model played here: give model=URL#NAME. "
    return Table("Default setting, language models", columns, tuple(lines), ours + published.OVER_USAGE_NOTE)


# ---- sub-skills, and talk as a channel


def abilities(results: Any) -> list[Table]:
    """Accuracy of each mind in each skill beside the months that it survives, and how they go together."""
    if not results.scores:
        return []
    tables, lines = [], []
    months = months_by_mind(results)
    for mind in dict.fromkeys(score.mind for score in results.scores):
        own = [score for score in results.scores if score.mind == mind]
        cells = []
        for skill in SKILLS:
            inside = [score for score in own if score.skill == skill and not score.hint]
            cells.append(accuracy(inside))
        hinted = accuracy([score for score in own if score.hint])
        lasted = round(months[mind], 2) if mind in months else None
        lines.append((mind, *cells, hinted, sum(score.unscored for score in own), lasted))
    columns = ("mind", "dynamics", "action", "same", "belief", "hint", "unscored", "months")
    note = "accuracy in %, over both wordings without the hint, then in all skills with it; calculates:P is a rule mind"
    note += " whose arithmetic slips with probability P, no language model"
    tables.append(Table("Sub-skills", columns, tuple(lines), note))
    fits = []
    for rule, who in ((True, "rule minds"), (False, "language models")):
        for skill in SKILLS:
            fit = fitted(skill, accuracy_by_mind(results.scores, skill, rule), months)
            if fit:
                fits.append((who, skill, fit.r_squared, fit.spearman, fit.p, fit.minds, published.SKILLS[skill]))
    if fits:
        columns = ("over", "skill", "R squared", "Spearman", "p", "minds", "paper")
        note = "paper: R squared over its language models"
        tables.append(Table("Accuracy against months survived", columns, tuple(fits), note))
    return tables


def accuracy(scores: Sequence[Any]) -> Estimate:
    return percent(st.share(sum(s.right for s in scores), sum(s.scored for s in scores)), 0)


def months_by_mind(results: Any) -> dict[str, float]:
    """Mean months of each mind's societies, without hint: of the ladder, and of language societies by default."""
    found = {rung.mind: sum(rung.months) / len(rung.months) for rung in results.lasting}
    for society, own in grouped([r for r in results.rows if r.condition == "default"], lambda r: r.society).items():
        months = [row.months for row in own if row.months is not None]
        if months and own[0].kind == "language":
            found[society] = sum(months) / len(months)
    return found


def channel(results: Any) -> list[Table]:
    """Survival of believers by how they agree, beside the closed forms."""
    if results.channel is None:
        return []
    n, survived = results.channel.societies, results.channel.survived
    expected = {"none": survival_without_talk(5, 0.3), "median": survival_with_median(5, 0.3)}
    expected["mean"] = expected["none"]
    names = {"none": "no talk", "median": "agree on the median", "mean": "agree on the mean"}
    lines = tuple((names[how], percent(st.share(survived[how], n)), round(100 * expected[how], 1)) for how in survived)
    note = "five who each believe 20 a safe catch with probability .3, else 10; arrays of rule minds"
    return [Table("Talk as a channel", ("talk", "survival %", "closed form %"), lines, note)]


def tables(results: Any) -> list[Table]:
    """All tables of a run."""
    rows = results.rows
    language = [row for row in rows if row.kind in ("language", "mixed")]
    wilson = "share of societies that lasted to the last month; n and intervals over societies"
    lengths = f"at most {results.length}; under newcomer {results.length + results.joins}"
    found = by_condition(rows, "Survival %", rate_of, wilson)
    found += by_condition(rows, "Months survived", lambda own: mean_of(own, "months"), lengths)
    found += [*details(rows), *bounds(rows), *agreements(rows), *utterances(rows), beside_the_paper(language)]
    if language:
        found += [*contrasts(language), *faults(language)]
    return [*found, *abilities(results), *channel(results)]
