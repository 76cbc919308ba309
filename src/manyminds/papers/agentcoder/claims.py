"""What AgentCoder says, as checks: the loop of scripted minds beside its closed form, and language models."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from manyminds.core import Claim, Estimate, Finding, NotHere, Seeds
from manyminds.core import statistics as st
from manyminds.papers.agentcoder.house import bootstrap_p

FULL = {"items": 120, "runs": 5, "draw_runs": 20}  # heavier than what runs by default
ORDER = ("programmer", "with public examples", "one mind, half of its tests from its code", "full loop")
CLOSED = {
    "alone": ORDER[0],
    "examples": ORDER[1],
    "half": ORDER[2],
    "full": ORDER[3],
    "kinds": "full loop, inputs by kind",
    "bad": "full loop, bad tests",
    "kept": "full loop, one suite for all rounds",
    "own": "one mind, all tests from its code",
}
WITHIN = 0.05


def solved(results: Any, arm: str) -> Estimate:
    if arm not in results.arms:
        raise NotHere(f"{arm} did not take part")
    trials = results.arms[arm]
    return st.share(sum(one.final for one in trials), len(trials))


def ordered(results: Any) -> Finding:
    shares = [solved(results, arm) for arm in ORDER]
    rising = all(a.value < b.value for a, b in pairwise(shares))
    return Finding(" < ".join(f"{one.value:.3f}" for one in shares), rising, shares[0].n)


def gains(results: Any) -> Finding:
    full, alone = solved(results, "full loop"), solved(results, "programmer")
    pairs = zip(results.arms["full loop"], results.arms["programmer"])
    gap = st.mean([float(a.final) - float(b.final) for a, b in pairs])
    return Finding(gap, full.value - alone.value >= 0.25)


def closed(arm: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        share = solved(results, arm)
        return Finding(share, share.low <= results.expected[arm][-1] <= share.high)

    return check


def drawn(memory: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = next((one for one in results.draws if one.memory == memory), None)
        if found is None:
            raise NotHere("nobody drew")
        seen = st.mean([float(n) for n in found.drawn])
        return Finding(seen, abs(seen.value / found.expected - 1) <= WITHIN)

    return check


def single_shot(results: Any) -> Finding:
    """The same program, task by task: tests made from the code accept whatever it is."""
    solved(results, "programmer")
    own, alone = results.arms["one mind, all tests from its code"], results.arms["programmer"]
    alike = [a.final == b.final and len(a.right) == 1 for a, b in zip(own, alone)]
    return Finding(st.share(sum(alike), len(alike)), all(alike))


def never_rejects(results: Any) -> Finding:
    solved(results, "programmer")
    tested = 3 * len({one.item for one in results.arms["programmer"]})
    return Finding(float(results.rejected), results.rejected == 0, tested)


def calls(results: Any) -> Finding:
    name = "paper: one suite, told what failed"
    solved(results, name)
    right = [one.calls == 2 + len(one.right) - 1 for one in results.arms[name]]
    return Finding(st.share(sum(right), len(right)), all(right))


def unseen(results: Any) -> Finding:
    solved(results, "programmer")
    trials = [one for trials in results.arms.values() for one in trials]
    return Finding(float(sum(one.leaked for one in trials)), all(one.leaked == 0 for one in trials), len(trials))


def accuracy_dominates(results: Any) -> Finding:
    """Bad tests of an independent author are worth less than good tests of a biased one."""
    bad, shared = solved(results, "full loop, bad tests"), solved(results, ORDER[2])
    return Finding(bad, bad.value < shared.value)


def loop_wins(results: Any) -> Finding:
    if not results.language:
        raise NotHere("no language model took part")
    alone, loop = results.language.values()
    gap = st.mean([float(b.final) - float(a.final) for a, b in zip(alone, loop)])
    return Finding(gap, gap.low > 0)


def house_wins(results: Any) -> Finding:
    if not results.house:
        raise NotHere("the house model did not take part")
    gap, p = bootstrap_p(results.house, Seeds(0))
    return Finding(f"{100 * gap:+.1f} points, p = {p:.2g}", gap >= 0.05 and p < 0.05, len(results.house))


CLAIMS = (
    Claim("order", "programmer < public examples < one mind for code and tests < separate designer", "section 5.1",
          "61.0, 64.6, 71.3, 79.9 (HumanEval, GPT-3.5)", ordered, config=FULL),
    Claim("gain", "the full loop solves at least 25 points more than one shot (ours; the paper: 18.9)", "table 3",
          "+18.9 points", gains, config=FULL),
    *(Claim(f"closed-{key}", f"{arm}: the loop's closed form is within the 95 % interval", "derived", "closed form",
            closed(arm), config=FULL) for key, arm in CLOSED.items()),
    Claim("single-shot", "tests derived from the code itself make the loop a single shot, task by task", "derived",
          "identical", single_shot, config=FULL),
    Claim("blind", "m wrong programs and nothing remembered: m + 1 draws", "derived", "within 5 %", drawn("none"),
          config=FULL),
    Claim("told", "what failed is not drawn again: (m + 2) / 2 draws", "derived", "within 5 %", drawn("tried"),
          config=FULL),
    Claim("consistent", "what fails the assertion that was told is not drawn: as by going through all cases", "derived",
          "within 5 %", drawn("consistent"), config=FULL),
    Claim("sound", "a right program is never rejected by valid tests", "derived", "0", never_rejects, config=FULL),
    Claim("calls", "calls of models: two and one for each repair", "section 3", "2 + rounds", calls, config=FULL),
    Claim("unseen", "no line of a program is among what the designer is asked", "section 3.2", "0", unseen,
          config=FULL),
    Claim("accuracy", "tests must be right first: an independent author of bad tests is worse than a biased one",
          "section 5.4", "test accuracy 61.0 and 87.8", accuracy_dominates, config=FULL),
    Claim("language", "the loop solves more than one shot of the same model", "table 1", "61.0 and 79.9", loop_wins,
          needs="endpoint"),
    Claim("house", "the house model: the loop solves at least 5 points more than one shot, p < .05 (paired bootstrap)",
          "ours", "-", house_wins, needs="weights", config={"model": "house", "runs": 3}),
)  # fmt: skip
