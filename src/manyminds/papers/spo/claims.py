"""What the paper says of self-play on preferences, what follows from it, and the traps around it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere, Seeds
from manyminds.core import statistics as st
from manyminds.papers.spo import flights, writers


def identity(results: Any) -> Finding:
    worst = max(row.identity for row in results.matrices)
    return Finding(worst, worst < 1e-10, len(results.matrices))


def bound(results: Any) -> Finding:
    tuned = [row for row in results.matrices if row.tuned]
    return Finding(st.mean([row.average for row in tuned]), all(row.average <= row.bound for row in tuned))


def programme(results: Any) -> Finding:
    worst = max(results.programmes["value"], results.programmes["exploitability"])
    return Finding(worst, worst < 1e-9, int(results.programmes["games"]))


def slope(results: Any) -> Finding:
    found = results.rates["slope"]
    return Finding(found, -0.7 <= found <= -0.3, len(results.rates["rounds"]))


def fast(results: Any) -> Finding:
    scaled, expected = results.favourite["scaled"], results.favourite["theory"]
    steady = np.ptp(scaled) <= 0.01 * min(scaled)
    return Finding(scaled[-1], bool(steady and abs(scaled[-1] / expected - 1) < 0.01), len(scaled))


def trap(results: Any) -> Finding:
    found = results.trap
    chosen = int(np.argmax(found["minimax"])), int(np.argmax(found["borda"])), int(np.argmax(found["bradley_terry"]))
    return Finding(f"minimax {chosen[0]}, Borda {chosen[1]}, Bradley-Terry {chosen[2]}", chosen == (0, 1, 1))


def last_cycles(results: Any) -> Finding:
    """The last mixture is beaten by more than the average, on every matrix at the larger constant rate."""
    rows = [row for row in results.matrices if row.rate == max(r.rate for r in results.matrices)]
    hits = sum(row.last > row.average for row in rows)
    return Finding(st.share(hits, len(rows)), hits == len(rows))


def walk(results: Any, method: str) -> Any:
    found = [row for row in results.walks if row.method == method]
    if not found:
        raise NotHere(f"no walks were learnt by {method}")
    return found[0]


def ring_average(method: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = walk(results, method).average
        return Finding(st.mean(found), max(found) <= 0.06)

    return check


def ring_model(results: Any) -> Finding:
    """The reward model got as many comparisons, and its last policy stands on one vertex."""
    row, ours = walk(results, "reward model"), walk(results, "self-play")
    return Finding(st.mean(row.last), min(row.last) >= 0.19 and row.comparisons == ours.comparisons)


def ring_plain(results: Any) -> Finding:
    """Plain policy gradient is not a rule without regret: it leaves a larger exploitability than the mirror step."""
    plain, ours = walk(results, "plain gradient").average, walk(results, "self-play").average
    return Finding(st.difference(plain, ours), float(np.mean(plain)) > float(np.mean(ours)))


def flight(results: Any, family: str, method: str) -> Any:
    found = [row for row in results.flights if (row.family, row.method) == (family, method)]
    if not found:
        raise NotHere(f"no flights of {family} were learnt by {method}")
    return found[0]


def means(row: Any) -> np.ndarray:
    return np.mean(row.returns, axis=1)


def near_oracle(family: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        ratios = means(flight(results, family, "self-play")) / means(flight(results, family, "true reward"))
        return Finding(st.bootstrap(ratios, seeds=Seeds(0)), float(np.mean(ratios)) >= 0.95)

    return check


def over_model(results: Any) -> Finding:
    gaps = means(flight(results, "noisy", "self-play")) - means(flight(results, "noisy", "reward model"))
    return Finding(st.bootstrap(gaps, seeds=Seeds(0)), float(np.mean(gaps)) >= 0)


def preferred(results: Any) -> Finding:
    chance = flights.beats(flight(results, "strides", "self-play"), flight(results, "strides", "reward model"))
    found = st.bootstrap(chance, seeds=Seeds(0))
    return Finding(found, found.value > 0.5)


def spread(results: Any) -> Finding:
    """Self-play's average is beaten by less than where reward modelling ends, on every seed; and by less than the
    average of reward modelling, so that it is not the averaging alone."""
    model = flight(results, "regions", "reward model")
    ours = flights.exploited(flight(results, "regions", "self-play").regions)
    gaps = np.array(flights.exploited(flights.last_regions(model))) - ours
    fair = np.mean(flights.exploited(model.regions)) - np.mean(ours)
    return Finding(st.bootstrap(gaps, seeds=Seeds(0)), bool(gaps.min() > 0 and fair > 0))


def duel(results: Any) -> Finding:
    """Dueling reaches what self-play reaches, within .05 of its return, with twice the rollouts."""
    ratios = means(flight(results, "noisy", "duel")) / means(flight(results, "noisy", "self-play"))
    return Finding(st.bootstrap(ratios, seeds=Seeds(0)), abs(float(np.mean(ratios)) - 1) <= 0.05)


def notes(results: Any, rubric: Any, method: str) -> list[Any]:
    """One row a seed."""
    found = [row for row in results.notes if (row.rubric, row.method) == (rubric, method)]
    if not found:
        raise NotHere(f"no notes were learnt on the rubric {rubric} by {method}; note_iterations=300 does that")
    return found


def won(rubric: Any, which: str) -> Callable[[Any], Finding]:
    """The held-out win rate of self-play's average or last policy against the start model; the seeds are repeats."""

    def check(results: Any) -> Finding:
        rows = notes(results, rubric, "self-play")
        found = st.mean([writers.win_rate(rubric, getattr(row, which), row.start) for row in rows])
        return Finding(found, found.low > 0.5)

    return check


def kept_mixed(results: Any) -> Finding:
    found = [writers.spread("cycle", row.average) for row in notes(results, "cycle", "self-play")]
    return Finding(st.mean(found), min(found) >= 0.9)


def one_style(results: Any) -> Finding:
    """On as many comparisons: an iterate of the reward model writes one style, and an iterate of self-play less so."""
    model, ours = notes(results, "cycle", "reward model"), notes(results, "cycle", "self-play")
    found = [writers.settled(row) for row in model]
    fewer = all(writers.settled(b) < a for a, b in zip(found, ours))
    same = model[0].comparisons == ours[0].comparisons
    return Finding(st.mean(found), min(found) >= 0.8 and fewer and same)


def note_mixture(results: Any) -> Finding:
    """As for flights over regions: against where the reward model ends on every seed, and against its average."""
    model, ours = notes(results, "cycle", "reward model"), notes(results, "cycle", "self-play")
    ends = np.array([writers.exploited("cycle", row.last) for row in model])
    means, own = ([writers.exploited("cycle", row.average) for row in rows] for rows in (model, ours))
    gaps = ends - own
    return Finding(st.mean(gaps), bool(gaps.min() > 0 and np.mean(means) > np.mean(own)))


def agree(results: Any) -> Finding:
    """Where the rubric is an order the last policies of both write its first style most, on every seed. The pull to
    the start model keeps some of the others."""
    rows = notes(results, "order", "self-play") + notes(results, "order", "reward model")
    best = writers.winner("order").argmax()
    found = [float(np.mean(row.last, 0)[best]) for row in rows]
    return Finding(st.mean(found), min(found) > 0.5)


def judged(results: Any) -> Finding:
    """Do both orders of a pair get the same answer more often than a coin would give it?"""
    rows = [row.judged for row in results.answers if row.judged]
    if not rows:
        raise NotHere("no judge model took part; give model=... and judge=...")
    agreeing = st.share(sum(row["agreeing"] for row in rows), sum(row["pairs"] for row in rows))
    return Finding(agreeing, agreeing.low > 0.5)


# Claims on matrices and on the two learners of the ring speak of a run with default settings, and are judged on it.
WALKS = {"matrices": 2, "flight_iterations": 0, "walk_methods": ("self-play", "duel", "reward model", "plain gradient")}
FLIGHTS = {
    "matrices": 2, "walk_iterations": 0, "flight_iterations": 200, "families": ("return", "noisy", "strides", "regions")
}  # fmt: skip
DUEL = {
    "matrices": 2, "walk_iterations": 0, "flight_iterations": 80, "families": ("noisy",),
    "flight_methods": ("self-play", "duel"),
}  # fmt: skip
NOTES = {"matrices": 2, "walk_iterations": 0, "flight_iterations": 0, "note_iterations": 300}

ON_NOTES = (
    Claim("notes", "notes judged in a cycle: self-play's average is preferred to the start model", "ours", "> .5",
          won("cycle", "average"), config=NOTES),
    Claim("notes-order", "notes judged by an order: self-play's last policy is preferred to the start model", "ours",
          "> .5", won("order", "last"), config=NOTES),
    Claim("notes-mixed", "in the cycle self-play's average keeps 90 % of the winner's entropy over styles", "ours",
          ">= .9", kept_mixed, config=NOTES),
    Claim("notes-model", "there a reward model stays with one style", "section 5, intransitive", ">= .8", one_style,
          config=NOTES),
    Claim("notes-beaten", "there self-play's average is beaten by less than where the reward model ends",
          "section 5, intransitive", "> 0", note_mixture, config=NOTES),
    Claim("notes-agree", "with an order the last policies of both write its first style most", "section 2", "> .5",
          agree, config=NOTES),
)  # fmt: skip

CLAIMS = (
    Claim("identity", "exploitability of the average = regret / rounds, to 1e-10", "section 3", "0", identity),
    Claim("bound", "Hedge at the tuned rate: at most sqrt(2 ln N / T) (.0198)", "section 3", "<= .0198", bound),
    Claim("programme", "the linear programme finds a mixture of value 0 that nobody beats", "section 2", "0",
          programme),
    Claim("slope", "worst exploitability on cyclic games falls like T^(-1/2)", "section 3", "-.5", slope),
    Claim("fast", "with a gap, T times exploitability stays at ln(N) / eta = 39.12", "section 3, fast rate; derived",
          "39.12", fast),
    Claim("trap", "Borda and Bradley-Terry choose what the minimax winner does not", "section 2; derived",
          "0, 1, 1", trap),
    Claim("last", "the last mixture cycles: it is beaten by more than the average", "derived", "every matrix",
          last_cycles),
    Claim("ring", "self-play on noisy cyclic answers: average beaten by at most .06", "section 5, intransitive",
          "<= .06", ring_average("self-play")),
    Claim("ring-duel", "two players that duel reach it too, with twice the rollouts", "section 3", "<= .06",
          ring_average("duel"), config=WALKS),
    Claim("ring-model", "a reward model on as many comparisons ends on one vertex", "section 5, intransitive",
          ">= .19", ring_model),
    Claim("ring-plain", "plain policy gradient leaves more to exploit than the mirror step", "derived", "> 0",
          ring_plain, config=WALKS),
    Claim("oracle", "larger return: self-play reaches 95 % of learning from the true reward", "section 5, max-reward",
          ">= .95", near_oracle("return"), config=FLIGHTS),
    Claim("oracle-noisy", "the same when 20 % of all answers are flipped", "section 5, noisy", ">= .95",
          near_oracle("noisy"), config=FLIGHTS),
    Claim("over-model", "flipped answers: self-play's return is no lower than the reward model's", "section 5, noisy",
          ">= 0", over_model, config=FLIGHTS),
    Claim("strides", "a limit on whole paths: self-play is preferred to the reward model", "section 5, non-Markovian",
          "> .5", preferred, config=FLIGHTS),
    Claim("regions", "regions that go round: self-play's average is beaten by less", "section 5, intransitive", "> 0",
          spread, config=FLIGHTS),
    Claim("duel", "dueling reaches the return of self-play", "section 3", "1", duel, config=DUEL),
    *ON_NOTES,
    Claim("judge", "a judge model answers both orders of a pair alike", "ours", "> .5", judged, needs="endpoint"),
)  # fmt: skip
