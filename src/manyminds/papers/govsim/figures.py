"""The pictures of a run: pools over months with the harvests, survival by condition, accuracy against months."""

from pathlib import Path
from typing import Any

from manyminds.papers.govsim.probes import SKILLS
from manyminds.papers.govsim.skills import accuracy_by_mind
from manyminds.papers.govsim.tables import FEW, grouped, mean_of, months_by_mind, rate_of


def figures(results: Any, folder: Path) -> list[Path]:
    """Draw what the results hold; returns the files."""
    import matplotlib

    matplotlib.use("Agg")
    drawn = [pools(results, folder), survival(results, folder)]
    if results.scores:
        drawn.append(skills(results, folder))
    return drawn


def saved(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path


def pools(results: Any, folder: Path) -> Path:
    """The pool before each harvest and the harvest, one panel a society, in the first condition that was played."""
    from matplotlib import pyplot as plt
    from matplotlib.ticker import MaxNLocator

    first = results.rows[0].condition
    inside = [row for row in results.rows if row.condition == first]
    chosen = [own[0] for own in grouped(inside, lambda row: (row.society, row.scenario)).values()][:20]
    figure, axes = plt.subplots(-(-len(chosen) // 5), min(5, len(chosen)), sharex=True, sharey=True, squeeze=False)
    figure.set_size_inches(2.6 * axes.shape[1], 2.1 * axes.shape[0] + 0.5)
    for axis, row in zip(axes.flat, chosen):
        axis.plot(range(1, len(row.pools) + 1), row.pools, color="tab:blue", marker=".", label="pool")
        axis.bar(range(1, len(row.caught) + 1), row.caught, color="tab:orange", alpha=0.7, label="harvest")
        axis.set_title(row.society, fontsize=9)
    for axis in axes.flat[len(chosen) :]:
        axis.set_visible(False)
    figure.legend(*axes.flat[0].get_legend_handles_labels(), loc="lower right", fontsize=8, ncols=2)
    axes.flat[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.supxlabel(f"month ({first})")
    figure.supylabel("units")
    return saved(figure, folder / "pools.png")


def survival(results: Any, folder: Path) -> Path:
    """The share of societies that survive, by condition: bars with intervals for a few, a chart of cells for many."""
    from matplotlib import pyplot as plt

    societies = list(dict.fromkeys(row.society for row in results.rows))
    conditions = list(dict.fromkeys(row.condition for row in results.rows))
    groups = grouped(results.rows, lambda row: (row.society, row.condition))
    cells = {key: rate_of(own) for key, own in groups.items()}
    months = {key: mean_of(own, "months") for key, own in groups.items()}
    if len(societies) > FEW:
        figure, axis = plt.subplots(figsize=(8, 0.32 * len(societies) + 2))
        axis.imshow([[cells[society, name].value for name in conditions] for society in societies],
                    cmap="Blues", vmin=0, vmax=200, aspect="auto")  # fmt: skip
        for y, society in enumerate(societies):
            for x, name in enumerate(conditions):
                text = f"{cells[society, name].value:.0f} ({months[society, name].value:.1f})"
                axis.text(x, y, text, ha="center", va="center", fontsize=8)
        axis.set_yticks(range(len(societies)), societies, fontsize=8)
        axis.set_xticks(range(len(conditions)), conditions, fontsize=8, rotation=20)
    else:
        figure, axis = plt.subplots(figsize=(8, 3.5))
        width = 0.8 / len(societies)
        for k, society in enumerate(societies):
            found = [cells[society, name] for name in conditions]
            at = [x + k * width for x in range(len(conditions))]
            spread = [[e.value - e.low for e in found], [e.high - e.value for e in found]]
            axis.bar(at, [e.value for e in found], width, yerr=[[max(0, s) for s in side] for side in spread],
                     capsize=3, label=society)  # fmt: skip
        axis.set_xticks([x + 0.4 - width / 2 for x in range(len(conditions))], conditions, fontsize=8, rotation=20)
        axis.set_ylim(0, 105)
        axis.legend(fontsize=8)
    axis.set_title("survival, % of societies" + (" (months)" if len(societies) > FEW else ""), fontsize=10)
    return saved(figure, folder / "survival.png")


def skills(results: Any, folder: Path) -> Path:
    """Accuracy of each mind in each skill against the months that its societies survive."""
    from matplotlib import pyplot as plt

    months = months_by_mind(results)
    figure, axes = plt.subplots(1, len(SKILLS), figsize=(12, 3), sharey=True)
    for axis, skill in zip(axes, SKILLS):
        for rule, colour, who in ((True, "tab:gray", "rule minds"), (False, "tab:red", "language models")):
            accuracy = accuracy_by_mind(results.scores, skill, rule)
            minds = [mind for mind in accuracy if mind in months]
            if minds:
                axis.scatter([accuracy[m] for m in minds], [months[m] for m in minds], color=colour, label=who)
        axis.set_title(skill.replace("_", ", "), fontsize=9)
        axis.set_xlabel("accuracy")
    axes[0].set_ylabel("months survived")
    axes[0].legend(fontsize=8)
    return saved(figure, folder / "skills.png")
