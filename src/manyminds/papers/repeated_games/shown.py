"""How the results are shown: tables with the paper's figures beside ours, and figures."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from manyminds.core import Estimate, Table
from manyminds.core import statistics as st
from manyminds.papers.repeated_games import published
from manyminds.papers.repeated_games.organisms import organism_table
from manyminds.papers.repeated_games.seating import Match, open_seat
from manyminds.worlds.games.ordinal import FAMILIES, ordinal_games

SHOWN = (*FAMILIES, "all")
NAMES = {"pd": "Prisoner's dilemma", "bos": "Battle of the sexes"}


def tables(results: Any) -> list[Table]:
    others = [name for name in dict.fromkeys(row.game for row in results.matches)
              if name not in NAMES and not name.startswith("144/")]  # fmt: skip
    found = [
        family_table(results),
        case_table(results, "pd", published.DILEMMA, "GPT-4 (paper)"),
        case_table(results, "bos", published.BATTLE, "GPT-4 (paper)"),
        *(case_table(results, name, {}, "") for name in others),
        turn_table(results),
        shadow_table(results),
        comparison_table(results),
        answer_table(results),
        renaming_table(results),
        organism_table(results),
    ]
    if results.released is not None:
        found += released_tables(results.released)
    return [table for table in found if table.rows]


def family_table(results: Any) -> Table:
    """Normalised scores by family: our players on all 144 games, and the paper's models on its own table of games."""
    ours: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in results.families:
        once = row.low is None or row.high is None
        cell = row.score if once else Estimate(row.score, row.low, row.high, row.repetitions)
        ours[row.player][row.family] = cell
    overall = {row.player: row.score for row in results.families if row.family == "all"}
    order = sorted(ours, key=lambda name: -overall[name])
    rows = [(name, *(ours[name][family] for family in SHOWN)) for name in order]
    rows += [(f"{player} (turn world)", *scores) for player, scores in turn_world_families(results.matches)]
    rows += [(f"{model} (paper)", *(published.FAMILY_SCORES[family][i] for family in SHOWN))
             for i, model in enumerate(published.MODELS)]  # fmt: skip
    note = (
        "points per round over the player's largest payoff; mean over seats, opponents of the same table and games; "
        "± is over repetitions. The paper's models met each other, in a table of which 15 games repeat a rank"
    )
    return Table("Score by family of games", ("player", *SHOWN), tuple(rows), note)


def turn_world_families(matches: Iterable[Match]) -> list[tuple[str, list[Any]]]:
    """Scores by family of those who played ordinal games in the turn world, unscored matches counted."""
    families = {f"144/{entry.number}": entry.family for entry in ordinal_games()}
    kept: dict[str, dict[str, list[float | None]]] = defaultdict(lambda: defaultdict(list))
    for row in matches:
        if row.game in families:
            for place, player in enumerate((row.first, row.second)):
                score = None if row.scores is None else row.scores[place]
                for family in (families[row.game], "all"):
                    kept[player][family].append(score)
    found = []
    for player, by_family in kept.items():
        cells = []
        for family in SHOWN:
            values, unscored = st.scored(by_family.get(family, []))
            said = f"{values.mean():.3f}" if len(values) else "-"
            cells.append(f"{said} ({unscored} void)" if unscored else said)
        found.append((player, cells))
    return found


def case_table(results: Any, game: str, paper: dict[str, tuple[int, int]], named: str) -> Table:
    """Own and other's total of each player in the first seat, by opponent and condition."""
    rows = [row for row in results.matches if row.game == game]
    opponents = list(dict.fromkeys(row.second for row in rows))
    players = list(dict.fromkeys((row.first, row.condition) for row in rows))
    sat = {row.first for row in rows if row.first == row.second}  # who plays itself is a player
    lines = []
    for player, condition in players:
        if player in sat:
            cells = [totals([r for r in rows if (r.first, r.second, r.condition) == (player, o, condition)])
                     for o in opponents]  # fmt: skip
            lines.append((player, condition, *cells))
    if lines and paper:
        cells = ["/".join(map(str, paper[o])) if o in paper else "-" for o in opponents]
        lines.append((named, "base", *cells))
        lines += foresight_row(game, opponents)
    note = "own/other's points after the last round, as first player; the paper's row is one deterministic run"
    return Table(
        NAMES.get(game, game), ("player", "condition", *(f"vs {name}" for name in opponents)), tuple(lines), note
    )


def foresight_row(game: str, opponents: Sequence[str]) -> list[tuple[Any, ...]]:
    if game != "bos":
        return []
    cells = ["/".join(map(str, published.BATTLE_FORESIGHT.get(o, ()))) or "-" for o in opponents]
    return [("GPT-4 (paper)", "scot", *cells)]


def totals(rows: Sequence[Match]) -> str:
    kept = [row.totals for row in rows if row.totals is not None]
    void = len(rows) - len(kept)
    if not kept:
        return f"{void} void" if void else "-"
    said = "/".join(f"{sum(pair[i] for pair in kept) / len(kept):g}" for i in (0, 1))
    return f"{said} ({void} void)" if void else said


def turn_table(results: Any) -> Table:
    """What it is worth to foresee that the other alternates."""
    rows = (
        ("predict, then reply (foresight)", results.turns.exact["foresight"], st.mean(results.turns.foresight), 7.1),
        ("best reply to frequencies", results.turns.exact["best-reply"], st.mean(results.turns.best_reply), 5.0),
        ("ceiling: taking turns", 8.5, None, None),
    )
    note = "points a round in battle of the sexes; by lot: the alternator opens with either option"
    columns = ("player", "opens with J", "opens by lot", "GPT-4 (paper), with and without predicting")
    return Table("Against the alternator", columns, rows, note)


def shadow_table(results: Any) -> Table:
    rows = tuple((row.ending, row.expected, Estimate(row.gain, row.low, row.high, row.n),
                  "cooperation holds" if row.expected <= 0 else "defection pays")
                 for row in results.shadows)  # fmt: skip
    columns = ("ending probability", "gain by theory", "gain measured", "so")
    note = (
        "points that always-defect gains over cooperating with grim; the threshold is 0.6. "
        "The paper's GPT-4 defects at 1 % as at 80 %"
    )
    return Table("The shadow of the future", columns, rows, note)


def comparison_table(results: Any) -> Table:
    return Table("Compared game by game", COMPARED, tuple(map(comparison_row, results.comparisons)),
                 "paired t-test, Cohen's d of the differences, JZS Bayes factor for a difference")  # fmt: skip


COMPARED = ("first", "second", "over", "n", "gap", "t", "p", "d", "Bayes factor")


def comparison_row(row: Any) -> tuple[Any, ...]:
    return (row.first, row.second, row.over, row.n, row.gap, row.t, row.p, row.d, row.bayes)


def answer_table(results: Any) -> Table:
    """How models and people answered: void matches, forecasts that came true, how sure the model was."""
    rows = []
    seats = dict.fromkeys((seat, row.condition) for row in results.matches for seat in (row.first, row.second)
                          if open_seat(seat))  # fmt: skip
    for seat, condition in seats:
        mine = [(row, place) for row in results.matches if row.condition == condition
                for place, who in enumerate((row.first, row.second)) if who == seat]  # fmt: skip
        void = sum(row.scores is None for row, _ in mine)
        names = ("first", "second")
        right, given = (sum(row.foreseen.get(names[place], (0, 0))[i] for row, place in mine) for i in (0, 1))
        sure = [row.sure[names[place]] for row, place in mine if names[place] in row.sure]
        bounds = [row.bounds[place] for row, place in mine if row.bounds is not None]
        low, high = (sum(pair[i] for pair in bounds) / len(bounds) if bounds else None for i in (0, 1))
        rows.append((seat, condition, len(mine), st.share(void, len(mine)), low, high,
                     st.share(right, given) if given else None, sum(sure) / len(sure) if sure else None,
                     "yes" if all(row.honest for row, _ in mine) else "no"))  # fmt: skip
    columns = ("seat", "condition", "matches", "void", "score at least", "at most", "forecasts true", "P(choice)",
               "told the truth")  # fmt: skip
    note = (
        "a match is void from the first answer that is no option; bounds take the missing rounds at worst and at best"
    )
    return Table("Answers", columns, tuple(rows), note)


def renaming_table(results: Any) -> Table:
    rows = tuple((name, row.questions, row.right, row.letters, row.order) for name, row in results.imitation.items())
    columns = ("trained on", "questions", "as the population", "letters swapped: changed", "order swapped: changed")
    note = "a small network that reads the tokens of the question and imitates four strategies; held-out matches"
    return Table("What renaming the options changes", columns, rows, note)


def released_tables(released: Any) -> list[Table]:
    models = [name for name in published.MODELS if name in released.scores]
    rows = tuple((family, *(released.scores[name].get(family) for name in models)) for family in SHOWN)
    note = (
        f"{released.games} games, {released.rounds} rounds, {released.void} pairs void, {released.disagreeing} rounds "
        f"with points that do not follow from the table; ranks repeat in games {', '.join(map(str, released.flawed))}"
    )
    people = tuple((row.over, row.n, row.gap, row.t, row.p, row.d, row.bayes_greater) for row in released.humans)
    shares = ", ".join(
        f"{kind}: {share:.3f} cooperation, {released.both_defect[kind]:.3f} defection"
        for kind, share in released.both_cooperate.items()
    )
    columns = ("measure", "persons", "gap", "t", "p", "d", "Bayes factor, greater")
    return [Table("Released records, computed anew", ("family", *models), rows, note),
            Table("Human study: predict-then-act less the plain policy", columns, people,
                  f"persons are the units. Both in the dilemma, {shares}")]  # fmt: skip


# ---- figures


def figures(results: Any, folder: Path) -> list[Path]:
    """The families as a map, and how predicting pays against the alternator."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    ours: dict[str, list[float]] = defaultdict(list)
    for family in SHOWN:
        for row in results.families:
            if row.family == family:
                ours[row.player].append(row.score)
    order = sorted(ours, key=lambda name: -ours[name][-1])
    rows = [ours[name] for name in order]
    rows += [[published.FAMILY_SCORES[family][i] for family in SHOWN] for i in range(len(published.MODELS))]
    figure, axis = plt.subplots(figsize=(8, 0.35 * len(rows) + 1.2))
    image = axis.imshow(rows, aspect="auto", cmap="viridis", vmin=0.4, vmax=1)
    axis.set_xticks(range(len(SHOWN)), SHOWN, rotation=30, ha="right")
    axis.set_yticks(range(len(rows)), [*order, *(f"{name} (paper)" for name in published.MODELS)])
    axis.axhline(len(order) - 0.5, color="white", linewidth=2)
    figure.colorbar(image, label="normalised score")
    figure.tight_layout()
    families = folder / "families.png"
    figure.savefig(families, dpi=120)
    plt.close(figure)

    figure, axis = plt.subplots(figsize=(5, 3))
    for name, values, colour in (("foresight", results.turns.foresight, "tab:orange"),
                                 ("best reply", results.turns.best_reply, "tab:blue")):  # fmt: skip
        axis.plot(range(1, len(values) + 1), sorted(values), marker=".", label=name, color=colour)
    axis.axhline(8.5, color="grey", linestyle="--", label="taking turns")
    axis.set_xlabel("alternator (by lot), in order of the score")
    axis.set_ylabel("points a round")
    axis.legend(fontsize=8)
    figure.tight_layout()
    turns = folder / "alternator.png"
    figure.savefig(turns, dpi=120)
    plt.close(figure)
    return [families, turns]
