"""What the paper says of marginal models, checked where every marginal is exactly known."""

from collections.abc import Callable
from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st


def learnt(results: Any, objective: str = "marginals") -> Any:
    found = [row for row in results.ising if row.objective == objective]
    if not found:
        raise NotHere(f"nothing was trained by {objective!r}")
    return found[0]


def exact(results: Any, name: str, objective: str = "marginals") -> list[float]:
    rows = learnt(results, objective).enumerated
    if not rows:
        raise NotHere("the lattice has too many configurations to enumerate")
    return [getattr(row, name) for row in rows]


def below(name: str, limit: float) -> Callable[[Any], Finding]:
    """Every seed's measure is below `limit`."""

    def check(results: Any) -> Finding:
        values = exact(results, name)
        return Finding(st.mean(values), max(values) < limit)

    return check


def correlated(results: Any) -> Finding:
    values = exact(results, "correlation")
    return Finding(st.mean(values), min(values) > 0.99)


def mass(results: Any) -> Finding:
    values = exact(results, "mass")
    return Finding(st.mean(values), all(0.9 < value < 1.1 for value in values))


def sums(results: Any) -> Finding:
    """The worst mean gap over sizes of S, the empty set and one short of all included."""
    worst = [max(row) for row in exact(results, "sums")]
    return Finding(st.mean(worst), max(worst) < 0.1)


def one_conditional_is_worse(results: Any) -> Finding:
    """The ratio of the divergences, ARM-MC's to MaM's, seed by seed: the seeds share weights."""
    pairs = zip(exact(results, "kl", "one conditional"), exact(results, "kl"))
    ratios = [worse / better for worse, better in pairs]
    return Finding(st.mean(ratios), min(ratios) > 20)


def whole_chain(results: Any) -> Finding:
    """The whole chain learns as well as MaM, and its step takes at least five times as long."""
    ratio = learnt(results, "full chain").seconds / learnt(results).seconds
    close = max(exact(results, "kl", "full chain")) < 0.1 > max(exact(results, "kl"))
    return Finding(ratio, ratio >= 5 and close, len(exact(results, "kl")))


def near_free_energy(results: Any) -> Finding:
    row = learnt(results)
    above = [one.gap + row.truth.log_z for one in row.sampled]
    slack = max(3 * one.gap_error for one in row.sampled)
    return Finding(st.mean(above), -slack < min(above) <= max(above) < 2)


def physics(results: Any) -> Finding:
    """Magnetisation and neighbour correlation within three standard errors plus 2 % of the exact values; the measure is
    the worst miss as a share of what is allowed."""
    row = learnt(results)
    worst = 0.0
    for one in row.sampled:
        for name in ("magnetisation", "correlation"):
            true = getattr(row.truth, name)
            allowed = 3 * getattr(one, f"{name}_error") + 0.02 * abs(true)
            worst = max(worst, abs(getattr(one, name) - true) / allowed)
    return Finding(worst, worst <= 1, len(row.sampled))


def visibly_worse(results: Any) -> Finding:
    """How many nats ARM-MC stays further from -log Z than MaM."""
    gaps = [worse.gap - better.gap
            for worse, better in zip(learnt(results, "one conditional").sampled, learnt(results).sampled)]  # fmt: skip
    return Finding(st.mean(gaps), min(gaps) > 2)


def read(results: Any, name: str) -> list[float]:
    if results.text is None:
        raise NotHere("no text was read")
    return [getattr(row, name) for row in results.text.read]


def masks(results: Any) -> Finding:
    return Finding(st.mean(read(results, "pearson")), min(read(results, "pearson")) > 0.98)


def bits(results: Any) -> Finding:
    """Bits a letter above those of the chain that made the strings, on the same fresh strings."""
    above = [ours - true for ours, true in zip(read(results, "bits"), read(results, "true_bits"))]
    return Finding(st.mean(above), max(above) < 0.05)


def ranking(results: Any) -> Finding:
    return Finding(st.mean(read(results, "auc")), min(read(results, "auc")) > 0.95)


def designs(results: Any) -> list[Any]:
    if not results.design:
        raise NotHere("nothing was designed")
    return results.design


def tilted(results: Any) -> Finding:
    """The largest miss, over targets and seeds, with and without a scaffold."""
    misses = [max(abs(d.mean - d.exact_mean), abs(d.held_mean - d.exact_held_mean)) for d in designs(results)]
    return Finding(max(misses), max(misses) < 0.1, len(misses))


def scaffold(results: Any) -> Finding:
    kept = [d.respected for d in designs(results)]
    return Finding(min(kept), min(kept) == 1, len(kept))


def query(results: Any) -> Finding:
    if results.speed is None:
        raise NotHere("nothing was timed")
    return Finding(results.speed.ratio, results.speed.ratio >= 50)


def files(results: Any) -> Finding:
    if results.files is None:
        raise NotHere("no published files were given")
    found = results.files.spearman
    return Finding("the head does not vary" if found is None else found, found is not None and found > 0.95)


def ising(**settings: Any) -> dict[str, Any]:
    return {"parts": ("ising",), "ising": settings}


SMALL = ising(length=3, steps=4000, seeds=5, samples=2000)
MIDDLE = ising(length=4, steps=4000, seeds=5, objectives=("marginals",))
CHAIN = ising(length=4, steps=1500, seeds=5, objectives=("marginals", "full chain"))
LARGE = ising(length=10, steps=8000, seeds=5, samples=4000, alpha=0.05, step_size=1e-3, last_step=0.02,
              pairwise=True)  # fmt: skip
TEXT = {"parts": ("text",), "text": {"length": 10, "words": 6, "width": 384, "steps": 3000, "marginal_steps": 3000,
                                     "seeds": 5}}  # fmt: skip
DESIGN = {"parts": ("design",), "design": {"width": 256, "steps": 3000, "samples": 10_000, "seeds": 5}}
SPEED = {"parts": ("speed",), "speed": {"batch": 512, "width": 1024}}

CLAIMS = (
    Claim("kl-3", "3 x 3: what the conditionals sample from is the Ising law, every seed (KL in nats)",
          "section 5.2", "< .02", below("kl", 0.02), config=SMALL),
    Claim("error-3", "3 x 3: log-marginals of random subsets are right, every seed (mean |error|, nats)",
          "section 3", "< .05", below("error", 0.05), config=SMALL),
    Claim("mass-3", "3 x 3: the marginal head is normalised: sum over x of exp(log p)", "section 3", "1", mass,
          config=SMALL),
    Claim("sums-3", "3 x 3: consistency at every size of S, not at complete x alone (worst mean gap, nats)",
          "section 3", "0", sums, config=SMALL),
    Claim("order-3", "3 x 3: the order of the chain makes little difference (mean |difference| of log p, nats)",
          "section 3", "< .1", below("order_gap", 0.1), config=SMALL),
    Claim("arm-mc-3", "3 x 3: one random conditional in place of the chain diverges at least 20 times as far",
          "section 5.2, table of the Ising model", "> 20", one_conditional_is_worse, config=SMALL),
    Claim("kl-4", "4 x 4: KL of every seed, nats", "section 5.2", "< .1", below("kl", 0.1), config=MIDDLE),
    Claim("correlation-4", "4 x 4: log-marginals of random subsets, Pearson with the exact ones", "section 5",
          "> .99", correlated, config=MIDDLE),
    Claim("whole-chain", "4 x 4: the whole chain learns as well, at 5 times the time of a step or more",
          "section 5.2", ">= 5", whole_chain, config=CHAIN),
    Claim("free-energy-10", "10 x 10: E[log q - f] is within 2 nats of the exact -log Z (nats above it)",
          "section 5.2", "-77.8, and -78.6 for the whole chain", near_free_energy, config=LARGE),
    Claim("physics-10", "10 x 10: magnetisation and neighbour correlation are the exact ones", "section 5.2",
          "within 3 standard errors + 2 %", physics, config=LARGE),
    Claim("arm-mc-10", "10 x 10: ARM-MC stays far behind (nats)", "section 5.2", "59.8", visibly_worse,
          config=LARGE),
    Claim("query", "D = 100: one marginal call against the chain of conditionals, both compiled (ratio of times)",
          "section 5", "10^3 to 10^4", query, config=SPEED),
    Claim("masks", "Markov text: log-marginals of random masks, Pearson with dynamic programming", "section 5.1",
          "> .98", masks, config=TEXT),
    Claim("bits", "Markov text: bits a letter above the true law's", "section 5.1", "< .05", bits, config=TEXT),
    Claim("ranking", "Markov text: likely strings above corrupted ones by the marginal head (AUC)", "section 5.1",
          "> .95", ranking, config=TEXT),
    Claim("tilted",
          "designs: the mean property is that of the exact tilted law, scaffold or none, every seed and target",
          "section 5.3", "< .1", tilted, config=DESIGN),
    Claim("scaffold", "designs: what is given is kept in every sample", "section 5.3", "100 %", scaffold,
          config=DESIGN),
    Claim("files", "published files: the marginal head ranks like the chain rule (Spearman)",
          "section 5.1", ".99", files, needs="data", config={"parts": ("files",)}),
)  # fmt: skip
