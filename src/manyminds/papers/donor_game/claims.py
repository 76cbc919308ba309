"""What the donor game says, as checks of a run. Genomes stand in for language models; what needs one says so."""

from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.donor_game.organisms import ORGANISMS

SPOKEN = "language"


def evolved(results: Any, name: str) -> Any:
    for one in results.evolved:
        if one.name == name:
            return one
    raise NotHere(f"no population called {name!r} evolved")


def change(one: Any) -> list[float]:
    """By seed, how far the donation fraction moved from the first to the last generation."""
    return [last - first for first, last in zip(one.first, one.last)]


def moves(name: str, up: bool, least: float) -> Any:
    """At least a share of the seeds moves in one direction."""

    def check(results: Any) -> Finding:
        moved = [(c > 0) if up else (c < 0) for c in change(evolved(results, name))]
        seen = st.share(sum(moved), len(moved))
        return Finding(seen, seen.value >= least)

    return check


def stays(results: Any) -> Finding:
    seen = st.mean(change(evolved(results, "unconditional, survival by lot")))
    return Finding(seen, abs(seen.value) < 0.02)


def does_not_rise(results: Any) -> Finding:
    seen = st.mean(change(evolved(results, "reciprocal")))
    return Finding(seen, seen.high < 0)


def protects(results: Any) -> Finding:
    """The last donation of reciprocators, in multiples of that of unconditional givers."""
    kept, lost = (st.mean(evolved(results, name).last) for name in ("reciprocal", "unconditional"))
    return Finding(kept.value / lost.value, kept.value >= 3 * lost.value, kept.n)


def differential(name: str, sign: int, bound: float) -> Any:
    def check(results: Any) -> Finding:
        seen = st.mean(evolved(results, name).differential)
        return Finding(seen, sign * seen.value >= sign * bound)

    return check


def mean_field(results: Any) -> Finding:
    worst = max(abs(seen - told) / told for *_, seen, told in results.identity)
    return Finding(worst, worst < 1e-9, len(results.identity))


def all_give(results: Any) -> Finding:
    seen = next(seen for p, m, seen, _ in results.identity if (p, m) == (1, 2))
    return Finding(seen, abs(seen - 30720) < 1e-6)


def halved(results: Any) -> Finding:
    seen = {p: value for p, value, _ in results.released}
    return Finding(seen[1.0], abs(seen[1.0] - 15360) < 1e-6 and abs(seen[0.5] - 341.171875) < 1e-9)


def inherited(results: Any) -> Finding:
    """How much nearer to its advisers a newborn's sentence is than a stranger's: difference of mean distances."""
    ours, control = ([run.kinship for run in results.runs if run.society == name and run.kinship is not None]
                     for name in ("sentences", "sentences, strangers as models"))  # fmt: skip
    if not ours or not control:
        raise NotHere("no sentences evolved")
    gap = sum(control) / len(control) - sum(ours) / len(ours)
    return Finding(gap, gap > 0, len(ours))


def spoken(results: Any, least: int = 1) -> list[Any]:
    runs = [run for run in results.runs if run.society == SPOKEN and len(run.lines) > 1]
    if len(runs) < least:
        raise NotHere("no language model took part")
    return runs


def rises(results: Any) -> Finding:
    runs = spoken(results)
    up = [run.lines[-1].resources > run.lines[0].resources for run in runs]
    return Finding(st.share(sum(up), len(up)), sum(up) > 0)


def punishes(results: Any) -> Finding:
    rates = [sum(line.rates["punished"] for line in run.lines) / len(run.lines) for run in spoken(results)]
    return Finding(st.mean(rates), sum(rates) > 0)


def depends_on_start(results: Any) -> Finding:
    """Rank correlation over runs of the first donation with the last resources."""
    from scipy.stats import spearmanr

    runs = spoken(results, least=4)
    first, last = [run.lines[0].donation for run in runs], [run.lines[-1].resources for run in runs]
    if len(set(first)) < 2 or len(set(last)) < 2:
        return Finding(0.0, False, len(runs))
    found = float(spearmanr(first, last).statistic)
    return Finding(found, found > 0, len(runs))


OURS = "derived; the paper's question: selection, or generous newborns?"
GENOMES = (
    Claim("selection-eats-givers", "unconditional givers lose donation fraction under truncation", OURS,
          "100 % of seeds", moves("unconditional", False, 1.0)),
    Claim("givers-lose-at-once", "selection differential of unconditional givers in generation 1", OURS, "negative",
          differential("unconditional", -1, -0.1)),
    Claim("lot-is-neutral", "change of donation when survival is by lot", OURS, "|change| < .02", stays),
    Claim("reciprocity-protects", "reciprocators end at a multiple of what unconditional givers end at", OURS, ">= 3",
          protects),
    Claim("reciprocity-unselected", "selection differential of reciprocators in generation 1", OURS, ">= -.02",
          differential("reciprocal", 1, -0.02)),
    Claim("no-repayment", "reciprocators do not rise by selection alone: nobody can repay directly", OURS,
          "change < 0", does_not_rise),
    Claim("generous-reciprocity", "reciprocators with generous copies rise", OURS, ">= 85 % of seeds",
          moves("reciprocal, generous copies", True, 0.85)),
    Claim("generosity-alone", "unconditional givers fall even with more generous copies", OURS, ">= 95 % of seeds",
          moves("unconditional, generous copies", False, 0.95)),
)  # fmt: skip
MULTIPLIERS = tuple(
    Claim(f"multiplier-{m:g}-{claim.id}", f"at multiplier {m:g}: {claim.statement}", "ablation of the multiplier",
          claim.paper, claim.check, config={"multiplier": m})
    for m in (1.5, 3.0) for claim in GENOMES if claim.id in {"selection-eats-givers", "generous-reciprocity"}
)  # fmt: skip
CLAIMS = (
    Claim("mean-field", "largest relative gap to the closed form when all give the same fraction", "derived", "0",
          mean_field),
    Claim("most", "mean resources when all give all", "methods, the maximum", "30,720", all_give),
    Claim("released-schedule", "mean resources when all give all, on the schedule of the released code",
          "released code", "half of 30,720", halved),
    *GENOMES,
    Claim("inheritance", "sentences of newborns are nearer to their advisers than those of strangers",
          "methods, transmission", "> 0", inherited),
    *MULTIPLIERS,
    Claim("rises", "share of runs whose resources rise (language models)", "results, resources over generations",
          "Claude 3.5 Sonnet 3/5, GPT-4o 0/5", rises, needs="endpoint"),
    Claim("punishing", "share of encounters in which a donor punishes (language models)", "results, costly punishment",
          ".0006 to .1429", punishes, needs="endpoint", config={"punishment": True}),
    Claim("start", "rank correlation of first donation and last resources over runs (language models)",
          "results, first generation", "> 0: 50, 53, 54 % against 44, 47 %", depends_on_start, needs="endpoint"),
    *ORGANISMS,
)  # fmt: skip
