"""What the paper says and what must hold of its machinery, as checks of a run."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st

Cells = Sequence[Any]


def picked(cells: Cells, **wanted: Any) -> list[Any]:
    """The cells with these values, in the order of their seeds."""
    found = [cell for cell in cells if all(getattr(cell, name) == value for name, value in wanted.items())]
    return sorted(found, key=lambda cell: cell.seed)


def each(cells: Cells, what: str) -> list[float]:
    return [float(one) for cell in cells for one in getattr(cell, what)]


def none_differ(what: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = getattr(results, what)
        return Finding(float(found["differ"]), found["differ"] == 0 and found["checked"] > 1, found["checked"])

    return check


def never_illegal(what: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = getattr(results, what)
        if not found["runs"]:
            return Finding("no runs were decoded", False, 0)
        return Finding(float(found["violations"]), found["violations"] == found["too long"] == 0, found["runs"])

    return check


def everywhere(results: Any) -> Finding:
    found = results.random
    return Finding(st.share(found["visited"], found["states"]), found["visited"] == found["states"])


def not_conditioning(results: Any) -> Finding:
    found = results.conditioning
    return Finding(found["distance"], found["distance"] > 0.01 and abs(found["sum"] - 1) < 1e-9, int(found["runs"]))


def always_legal(how: str, cells: str = "cells") -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        found = each(named(results, cells, how=how), "legal")
        return Finding(st.share(int(sum(found)), len(found)), all(found))

    return check


def named(results: Any, cells: str, **wanted: Any) -> list[Any]:
    found = picked(getattr(results, cells), agent="react", **wanted)
    if not found:
        raise NotHere("no language model took part" if cells == "models" else "no such arm")
    return found


def warmest(results: Any, cells: str = "cells") -> float:
    """The highest temperature of some arms: by its likeliest replies a model of faulty protocols may write none."""
    return max(cell.temperature for cell in named(results, cells))


def falls(cells: str = "cells") -> Callable[[Any], Finding]:
    """The least step down of free legality from one corruption to the next, over the numbers of examples, at the
    highest temperature."""

    def check(results: Any) -> Finding:
        found = named(results, cells, how="free", temperature=warmest(results, cells))
        levels = sorted({cell.corruption for cell in found if cell.corruption is not None})
        if len(levels) < 2:
            raise NotHere("needs models of several corruptions (raised_on)")
        shots = sorted({cell.shots for cell in found})
        rates = [[np.mean(each(picked(found, shots=s, corruption=level), "legal")) for level in levels] for s in shots]
        least = min(a - b for row in rates for a, b in pairwise(row))
        return Finding(float(least), least > 0, len(found))

    return check


def gain(results: Any, how: str, cells: str, shots: int, **wanted: Any) -> st.Estimate:
    """Share right when enforced less share right when free, question by question, at equal numbers of examples."""
    pairs = [each(named(results, cells, how=one, shots=shots, **wanted), "right") for one in (how, "free")]
    return st.bootstrap(np.subtract(*map(np.array, pairs)))


def worst_cell(how: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        worst = max(cell.corruption for cell in results.cells)
        least = min(cell.shots for cell in results.cells)
        found = gain(results, how, "cells", least, corruption=worst, temperature=warmest(results))
        return Finding(found, found.value >= 0.05 and found.low > 0)

    return check


def clean_cell(how: str) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        arms = sorted({(cell.shots, cell.temperature) for cell in results.cells})
        found = [gain(results, how, "cells", shots, corruption=0.0, temperature=t) for shots, t in arms]
        most = max(found, key=lambda one: abs(one.value))
        return Finding(most, most.low <= 0 <= most.high)

    return check


def shrinks(results: Any) -> Finding:
    """How much smaller the gain is with the most examples than with the fewest, at the worst corruption."""
    worst = max(cell.corruption for cell in results.cells)
    shots = sorted({cell.shots for cell in results.cells})
    told = {"corruption": worst, "temperature": warmest(results)}
    few, many = (gain(results, "tokens", "cells", s, **told) for s in (shots[0], shots[-1]))
    return Finding(few.value - many.value, few.value > many.value, few.n)


def fewer_calls(results: Any) -> Finding:
    """Calls of the model by ReAct less those by PASS, where two lookups do not need each other; tools must be equal."""
    first = {"how": "replies", "corruption": min(cell.corruption for cell in results.cells),
             "shots": min(cell.shots for cell in results.cells), "temperature": warmest(results)}  # fmt: skip
    react, together = (picked(results.cells, agent=agent, **first) for agent in ("react", "pass"))
    rows = [(a.calls[i], b.calls[i], a.tools[i], b.tools[i]) for a, b in zip(react, together)
            for i, kind in enumerate(a.kinds) if kind in ("compare", "sum")]  # fmt: skip
    if not rows:
        raise ValueError("no questions with independent lookups were asked")
    fewer = [a - b for a, b, _, _ in rows]
    return Finding(st.mean(fewer), min(fewer) > 0 and all(x == y for _, _, x, y in rows))


def models_gain(results: Any) -> Finding:
    """The gain of enforcement for the model that is least legal when free, at the fewest examples and the highest
    temperature."""
    told = {"temperature": warmest(results, "models")}
    free = named(results, "models", how="free", **told)
    shots = min(cell.shots for cell in free)
    weakest = min({cell.who for cell in free}, key=lambda who: float(np.mean(each(picked(free, who=who), "legal"))))
    found = gain(results, "replies", "models", shots, who=weakest, **told)
    return Finding(found, found.low > 0)


def by_organisms(check: Callable[[Any], Finding]) -> Callable[[Any], Finding]:
    """A check of the runs of organisms, as if they were the run's scripted models."""

    def only(results: Any) -> Finding:
        if not results.organisms:
            raise NotHere("no organism was raised (organisms=3 raises three for each share)")
        return check(SimpleNamespace(cells=[cell for one in results.organisms for cell in one.cells]))

    return only


def able(results: Any) -> Finding:
    """The share right of organisms raised on clean protocols, left alone: what faults and enforcement can change."""
    found = each(picked(results.cells, how="free", corruption=0.0), "right")
    seen = st.share(int(sum(found)), len(found))
    return Finding(seen, seen.value >= 0.8)


DERIVED = "derived: the semantics of section 3"
FULL = {
    "seeds": 1,
    "questions": 8,
    "corruption": (0.0,),
    "shots": (0,),
    "decodings": 10_000,
    "specifications": 1,
    "longest": 4,
}
ASKED = {"seeds": 1, "questions": 2, "corruption": (0.0,), "shots": (0,), "decodings": 0, "specifications": 1,
         "longest": 4, "organisms": 3, "organism_tokens": 190_000, "encyclopedias": 10}  # fmt: skip
ORGANISMS = tuple(
    Claim(f"organism-{name}", f"{statement} (decoders raised on 0, 10, 30 and 60 % faults, three each)", where, paper,
          by_organisms(check), config=ASKED)
    for name, statement, where, paper, check in (
        ("able", "share right where protocols were clean, left alone", "derived", ">= .8", able),
        ("legal", "runs that are legal when enforced on tokens", "abstract", "all", always_legal("replies")),
        ("falls", "least fall of free legality from one share of faults to the next", "derived", "> 0", falls()),
        ("worst", "gain in share right at the worst share", "section 5, small models gain", "direction only",
         worst_cell("replies")),
        ("clean", "gain where protocols were clean", "section 5", "none", clean_cell("replies")),
    )
)  # fmt: skip
CLAIMS = (
    Claim("languages", "specifications, published and random, whose automaton accepts other words of up to 9 states "
          "than brute force", DERIVED, "0", none_differ("languages")),
    Claim("formulas", "specifications with every state once whose generated LTLf formula has another automaton",
          "derived: local languages", "0", none_differ("formulas")),
    Claim("random-logits", "illegal or endless runs under random logits", "section 3, decoding", "0",
          never_illegal("random"), config=FULL),
    Claim("hostile-logits", "illegal or endless runs when the model always writes an illegal marker",
          "section 3, decoding", "0", never_illegal("hostile"), config=FULL),
    Claim("everywhere", "states of the automata that random logits reach", DERIVED, "all", everywhere, config=FULL),
    Claim("not-conditioning", "total variation distance of masking from conditioning on legality, a table of "
          "probabilities, all runs listed", "derived", "> 0", not_conditioning),
    Claim("legal-tokens", "runs that are legal when enforced on tokens (scripted models)", "abstract", "all",
          always_legal("tokens")),
    Claim("free-falls", "least fall of free legality from one corruption to the next (scripted models)", "derived",
          "> 0", falls()),
    Claim("worst-tokens", "gain in share right at the worst corruption without examples, on tokens (scripted models)",
          "section 5, small models gain", "direction only", worst_cell("tokens")),
    Claim("worst-replies", "the same, on whole replies", "section 5", "direction only", worst_cell("replies")),
    Claim("clean-tokens", "gain where the form is never wrong (scripted models)", "section 5", "none",
          clean_cell("tokens")),
    Claim("clean-replies", "the same, on whole replies", "section 5", "none", clean_cell("replies")),
    Claim("gain-shrinks", "gain with the fewest less gain with the most examples (scripted models)", "section 5",
          "direction only", shrinks),
    Claim("pass-calls", "calls that PASS saves over ReAct at equal tool calls, lookups that do not need each other "
          "(scripted models)", "section 4, PASS", "fewer", fewer_calls),
    Claim("models-legal", "runs of language models that are legal when enforced", "abstract", "all",
          always_legal("replies", "models"), needs="endpoint"),
    Claim("models-fall", "least fall of free legality with the corruption that given models were raised on", "derived",
          "> 0", falls("models"), needs="endpoint"),
    Claim("models-gain", "gain in share right of the least legal language model, fewest examples", "section 5",
          "direction only", models_gain, needs="endpoint"),
    *ORGANISMS,
)  # fmt: skip
