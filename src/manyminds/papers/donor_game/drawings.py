"""The figures of the donor game: every run is drawn, the mean on top."""

from pathlib import Path
from statistics import mean, stdev
from typing import Any

PAPERS_SCALE = {"Claude 3.5 Sonnet, best runs": 6000, "Gemini 1.5 Flash, best runs": 600, "GPT-4o": 30}


def figures(results: Any, folder: Path) -> list[Path]:
    """Genomes, societies with strategies as texts, donation matrices, and the last against the first generation."""
    import matplotlib

    matplotlib.use("Agg")
    paths = []
    if results.evolved:
        paths.append(genomes(results, folder / "genomes.png"))
        paths.append(threshold(results, folder / "first_and_last.png"))
    texts = [run for run in results.runs if run.lines]
    if texts:
        paths.append(societies(texts, folder / "societies.png"))
        spoken = [run for run in texts if run.society == "language"] or texts
        paths.append(matrix(spoken[0], folder / "donations.png"))
    return paths


def kept(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def panels(count: int, across: int = 3) -> tuple[Any, list[Any]]:
    from matplotlib import pyplot as plt

    rows = -(-count // across)
    figure, axes = plt.subplots(rows, min(across, count), sharex=True, sharey=True, squeeze=False)
    figure.set_size_inches(4 * axes.shape[1], 2.6 * rows)
    for axis in list(axes.flat)[count:]:
        axis.set_visible(False)
    return figure, list(axes.flat)[:count]


def genomes(results: Any, path: Path) -> Path:
    """The donation fraction over the generations, one thin line a seed."""
    figure, axes = panels(len(results.evolved))
    for axis, one in zip(axes, results.evolved):
        generations = range(1, len(one.donation_curves[0]) + 1)
        for curve in one.donation_curves:
            axis.plot(generations, curve, color="tab:blue", alpha=0.2, linewidth=0.7)
        means = [sum(column) / len(column) for column in zip(*one.donation_curves)]
        axis.plot(generations, means, color="black", linewidth=2)
        axis.set_title(one.name, fontsize=9)
        axis.set_ylim(0, 1)
    figure.supxlabel(f"generation (the first {len(results.evolved[0].donation_curves)} seeds, their mean in black)")
    figure.supylabel("mean fraction given")
    return kept(figure, path)


def threshold(results: Any, path: Path) -> Path:
    """What a population ends with against how generously it began, one dot a seed."""
    figure, axes = panels(len(results.evolved))
    for axis, one in zip(axes, results.evolved):
        axis.scatter(one.first, one.resources, s=4, alpha=0.4)
        axis.set_yscale("log")
        axis.set_title(one.name, fontsize=9)
    figure.supxlabel("mean fraction given in generation 1")
    figure.supylabel("mean resources in the last generation")
    return kept(figure, path)


def societies(runs: list[Any], path: Path) -> Path:
    """Mean resources over the generations, one line a run, mean and standard error of runs that lasted on top.

    The scale of the paper's figures is dotted.
    """
    names = list(dict.fromkeys(run.society for run in runs))
    figure, axes = panels(len(names))
    for axis, name in zip(axes, names):
        for run in (run for run in runs if run.society == name):
            generations = [line.generation for line in run.lines]
            axis.plot(generations, [line.resources for line in run.lines], marker=".", linewidth=1)
        whole = [[line.resources for line in run.lines] for run in runs if run.society == name]
        whole = [curve for curve in whole if len(curve) == max(map(len, whole)) and None not in curve]
        if len(whole) > 1:
            columns = list(zip(*whole))
            means = [mean(column) for column in columns]
            errors = [stdev(column) / len(column) ** 0.5 for column in columns]
            axis.errorbar(range(1, len(means) + 1), means, errors, color="black", linewidth=2, capsize=2)
        for label, level in PAPERS_SCALE.items() if name == "language" else ():
            axis.axhline(level, linestyle=":", color="grey")
            axis.annotate(f"{label} (paper)", (1, level), fontsize=7, va="bottom")
        axis.set_yscale("log")
        axis.set_title(name, fontsize=9)
    figure.supxlabel("generation")
    figure.supylabel("mean final resources")
    return kept(figure, path)


def matrix(run: Any, path: Path) -> Path:
    """Who gave how much in which generation; a line joins those who lived on."""
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(1.2 + 0.9 * len(run.lines), 5))
    order = [sorted(line.donations, key=line.donations.get, reverse=True) for line in run.lines]
    for x, (line, names) in enumerate(zip(run.lines, order)):
        shades = [line.donations[name] for name in names]
        axis.scatter([x] * len(names), range(len(names)), c=shades, vmin=0, vmax=1, s=170, marker="s", cmap="viridis")
        for y, name in enumerate(names):
            axis.annotate(name, (x, y), ha="center", va="center", fontsize=5, color="white")
            if name in line.survivors and x + 1 < len(order) and name in order[x + 1]:
                axis.plot([x, x + 1], [y, order[x + 1].index(name)], color="grey", linewidth=0.6, zorder=0)
    axis.set_xticks(range(len(order)), [line.generation for line in run.lines])
    axis.invert_yaxis()
    axis.set_xlabel("generation")
    axis.set_ylabel("members, most generous first")
    axis.set_title(f"fraction given, {run.society}, run {run.repeat}", fontsize=9)
    return kept(figure, path)
