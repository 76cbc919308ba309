"""What the paper says of moving tokens, with the sharper constants derived in `theory/token_dynamics.py`."""

from collections.abc import Callable
from typing import Any

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st


def share(rows: list[Any], good: Callable[[Any], bool], least: float = 1.0) -> Finding:
    """The share of draws that satisfy `good`; holds when it is at least `least`."""
    hits = sum(map(good, rows))
    return Finding(st.share(hits, len(rows)), hits >= least * len(rows))


def layers_are_time(results: Any) -> Finding:
    ratios = results.layers["ratios"]
    return Finding(st.mean(ratios), all(1.8 <= ratio <= 2.2 for ratio in ratios))


def vanish(results: Any) -> Finding:
    return share(results.convergence, lambda r: r.monotone and -0.51 <= r.lowest_slope <= r.highest_slope <= -0.49)


def constants(results: Any) -> Finding:
    return share(results.convergence, lambda r: r.first < 1e-3 and r.rest < 1e-2)


def clock(results: Any) -> Finding:
    worst = max(r.clock for r in results.convergence)
    return Finding(worst, worst < 1e-6, len(results.convergence))


def creep(results: Any) -> Finding:
    return share(results.slow, lambda r: r.increasing and r.bounded)


def exponent(results: Any) -> Finding:
    """Every token grows like ln t itself: the paper's exponent l is an upper bound and not reached."""
    return share(results.slow, lambda r: 0.9 <= r.lowest_exponent <= r.highest_exponent <= 1.1)


def asymptote(results: Any) -> Finding:
    worst = max(r.residual for r in results.slow)
    return Finding(worst, worst < 0.2, len(results.slow))


def bound(results: Any) -> Finding:
    return share(results.fast, lambda r: r.ratio <= 1 + 1e-7)


def quadrature(results: Any) -> Finding:
    worst = max(r.alone / r.time for r in results.fast)
    return Finding(worst, worst < 1e-6, len(results.fast))


def causal(results: Any) -> Finding:
    """Tokens before the first fast one are still of ordinary size when it reaches infinity."""
    return share([r for r in results.fast if r.slow is not None], lambda r: r.slow < 1e3)


def planes(results: Any) -> Finding:
    def of(kind: str, end: str) -> float:
        ends = results.fates[kind]
        return ends[end] / sum(ends.values())

    symmetric = (of("two positive", "diverges"), of("one positive", "diverges"), of("two negative", "converges"))
    holds = symmetric[0] == symmetric[2] == 1 and symmetric[1] >= 0.85 and of("one positive", "converges") == 0
    return Finding(f"{symmetric[0]:.0%}, {symmetric[1]:.0%} diverge; {symmetric[2]:.0%} converge", holds,
                   sum(results.fates["two positive"].values()))  # fmt: skip


def signs_suffice(results: Any) -> Finding:
    """Two negative eigenvalues of a matrix that is not normal: do all draws converge?"""
    ends = results.fates["two negative, not normal"]
    return Finding(st.share(ends["converges"], sum(ends.values())), ends["diverges"] == 0)


def lesson(results: Any, **wanted: Any) -> Any:
    found = [r for r in results.learnt if all(getattr(r.lesson, name) == value for name, value in wanted.items())]
    if not found:
        raise NotHere(f"nothing was trained with {wanted}")
    return found[0]


def sign_matters(norm: bool) -> Callable[[Any], Finding]:
    def check(results: Any) -> Finding:
        gaps = []
        for task in dict.fromkeys(r.lesson.task for r in results.learnt if r.lesson.product == "negative"):
            negative, positive = (lesson(results, task=task, product=p, norm=norm, strength=1.0, reorder="none")
                                  for p in ("negative", "positive"))  # fmt: skip
            gaps += [worse - better for worse, better in zip(negative.loss, positive.loss)]
        if not gaps:
            raise NotHere("no model was trained with both signs")
        return Finding(st.mean(gaps), min(gaps) > 0)

    return check


def control(results: Any) -> Finding:
    """With nothing let through, the sign must make no difference at all."""
    positive, negative = (lesson(results, product=p, strength=0.0) for p in ("positive", "negative"))
    gap = max(abs(a - b) for a, b in zip(positive.loss, negative.loss))
    return Finding(gap, gap == 0, len(positive.loss))


def order_gain(results: Any, order: str) -> tuple[st.Estimate, int]:
    """Held-out loss under an order less that without one, paired by seed, and on how many seeds it is lower, when the
    first token is what matters."""
    moved = lesson(results, task="first-key", reorder=order, restore=True)
    still = lesson(results, task="first-key", reorder="none")
    return st.difference(moved.loss, still.loss, paired=True), sum(a < b for a, b in zip(moved.loss, still.loss))


def order_helps(results: Any) -> Finding:
    gap, wins = order_gain(results, "learned")
    return Finding(gap, gap.high < 0 and wins >= 4)


def random_does_not(results: Any) -> Finding:
    """Both models stay at chance, so which is lower on a seed is noise: the interval must not lie below 0."""
    gap, _ = order_gain(results, "random")
    return Finding(gap, gap.high >= 0)


DYNAMICS = {"steps": 0}
LEARNING = {"draws": 1, "steps": 600, "norms": (True, False), "signs": ("positive", "negative", "mixed", "free"),
            "orders": ("none", "learned", "random"), "control": True, "seeds": 5}  # fmt: skip

CLAIMS = (
    Claim("layers", "a stack of layers is an Euler scheme: its error halves when layers double", "section 3.1", "2",
          layers_are_time, config=DYNAMICS),
    Claim("vanish", "mu < 0: every token keeps its sign, shrinks, and goes to 0 as t^(-1/2)", "theorem on convergence",
          "-1/2", vanish, config=DYNAMICS),
    Claim("constants", "|x_l| sqrt(t) tends to sqrt(K), and to sqrt(K (1 - 2^-a)) after the first token", "derived",
          "all draws", constants, config=DYNAMICS),
    Claim("clock", "the size of the first token tells the time, to 1e-6", "derived", "0", clock, config=DYNAMICS),
    Claim("creep", "mu > 0, s x < 0: tokens grow for ever, no faster than (ln t)^l", "theorem on slow divergence",
          "all draws", creep, config=DYNAMICS),
    Claim("exponent", "every token grows like ln t, so the exponent l is not reached", "derived", "1", exponent,
          config=DYNAMICS),
    Claim("asymptote", "|s| x_1 = ln t + 3 ln ln t + ln(mu/s^2), within 0.2 at ln t = 600", "derived", "0", asymptote,
          config=DYNAMICS),
    Claim("bound", "mu > 0, s x > 0: blow-up no later than that of any fast token alone",
          "theorem on fast divergence", "all draws", bound, config=DYNAMICS),
    Claim("quadrature", "a token alone blows up when the integral says", "derived", "0", quadrature, config=DYNAMICS),
    Claim("causal", "tokens before the first fast one are not affected", "theorem on fast divergence", "all draws",
          causal, config=DYNAMICS),
    Claim("planes", "two channels: positive eigenvalues diverge, two negative converge", "section 4, simulation",
          "as stated", planes, config=DYNAMICS),
    Claim("signs-suffice", "negative eigenvalues alone are enough for convergence, also off normal matrices",
          "section 4, simulation", "all draws", signs_suffice, config=DYNAMICS),
    Claim("sign", "negative S_C' S_B learns worse than positive, every seed (nats)", "section 5.1, table 1", "> 0",
          sign_matters(norm=True), config=LEARNING),
    Claim("sign-bare", "the same without norm layers, as in the theory (nats)", "section 5.1", "> 0",
          sign_matters(norm=False), config=LEARNING),
    Claim("control", "with S_C' S_B scaled to 0 the sign makes no difference", "ours", "0", control, config=LEARNING),
    Claim("order", "loss that a learned order saves when the informative token is early, lower on 4 of 5 seeds (nats)",
          "section 5.2", "< 0", order_helps, config=LEARNING),
    Claim("random-order", "a random order saves nothing (nats)", "ours", ">= 0", random_does_not, config=LEARNING),
)  # fmt: skip
