"""Draws of the token dynamics in each regime, measured against what theory says must come out."""

from itertools import pairwise
from typing import Any

import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.networks.token_dynamics import Line, Plane, blown_up, followed, stacked
from manyminds.theory import token_dynamics as theory


class Convergence(BaseModel, frozen=True):
    """One draw with mu < 0, followed to t = 1e8. Slopes are of ln |x_l| on ln t over the last four decades."""

    lowest_slope: float
    highest_slope: float
    first: float  # relative error of |x_1| sqrt(t) against its limit
    rest: float  # the largest of the others'
    clock: float  # relative error of the time that the first token says it is
    monotone: bool  # every size falls, every sign is kept
    path: list[list[float]]  # |x| over ln t, for the figure


class Slow(BaseModel, frozen=True):
    """One draw with mu > 0 and s x < 0, followed to ln(1 + t) = 600."""

    lowest_exponent: float  # of |x_l| in ln t, over the last two thirds
    highest_exponent: float
    residual: float  # |s| x_1 less its asymptote
    increasing: bool
    bounded: bool  # |x_l| / (ln t)^l nowhere exceeds its value at ln t = 10
    path: list[list[float]]


class Fast(BaseModel, frozen=True):
    """One draw with mu > 0 and s x > 0 for some token."""

    time: float
    ratio: float  # of the blow-up time to the bound from single tokens
    slow: float | None  # the largest token before the first fast one, at that time
    alone: float  # |simulated - quadrature| for the first fast token by itself


def drawn_line(seeds: Seeds, mu: float, low_decay: float, high_decay: float) -> tuple[Line, np.random.Generator]:
    rng = seeds.numpy("line")
    line = Line(mu * rng.uniform(0.3, 2), 1.5 * rng.normal(), rng.uniform(low_decay, high_decay))
    return line, rng


def sizes(rng: np.random.Generator, tokens: int) -> np.ndarray:
    return rng.uniform(0.2, 2, tokens)


def slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares slopes of the columns of `y` on `x`."""
    return np.polyfit(x, y, 1)[0]


def convergence(seeds: Seeds, tokens: int) -> Convergence:
    line, rng = drawn_line(seeds, -1, 1, 3)
    x = sizes(rng, tokens) * rng.choice([-1, 1], tokens)
    log_times = np.concatenate([[0.0], np.log1p(np.geomspace(0.1, 1e8, 91))])
    path = followed(line, x, log_times)
    tail, size = path.log_time > np.log(1e4), np.abs(path.x)
    slopes = slope(path.log_time[tail], np.log(size[tail]))
    end = np.expm1(path.log_time[-1])
    errors = np.abs(size[-1] * np.sqrt(end) / theory.convergence_constants(line.mu, line.a, tokens) - 1)
    clock = theory.convergence_clock(x[0], path.x[-1, 0], line.mu, line.s) / end - 1
    monotone = bool((np.diff(size, axis=0) < 0).all() and (np.sign(path.x) == np.sign(x)).all())
    return Convergence(lowest_slope=slopes.min(), highest_slope=slopes.max(), first=errors[0],
                       rest=errors[1:].max(initial=0.0), clock=abs(clock), monotone=monotone,
                       path=size[1::10].tolist())  # fmt: skip


def slow(seeds: Seeds, tokens: int) -> Slow:
    line, rng = drawn_line(seeds, 1, 0.2, 3)
    sign = -np.sign(line.s)
    x = sign * sizes(rng, tokens)
    path = followed(line, x, np.linspace(0, 600, 121))
    size, late = np.abs(path.x), path.log_time >= 200
    exponents = slope(np.log(path.log_time[late]), np.log(size[late]))
    residual = abs(line.s) * size[-1, 0] - theory.slow_growth(np.array(600.0), line.mu, line.s)
    from_ten = path.log_time >= 10
    ratios = size[from_ten] / path.log_time[from_ten, None] ** np.arange(1, tokens + 1)
    return Slow(lowest_exponent=exponents.min(), highest_exponent=exponents.max(), residual=abs(residual),
                increasing=bool((np.diff(size, axis=0) > 0).all()), bounded=bool((ratios <= ratios[0] * 1.001).all()),
                path=size[::12].tolist())  # fmt: skip


def fast(seeds: Seeds, tokens: int) -> Fast:
    line, rng = drawn_line(seeds, 1, 0.2, 3)
    x = sizes(rng, tokens) * rng.choice([-1, 1], tokens)
    x[rng.integers(tokens)] = np.sign(line.s) * rng.uniform(0.2, 2)  # at least one is fast
    racing = [i for i in range(tokens) if line.s * x[i] > 0]
    end = blown_up(line, x)
    bound = min(theory.blow_up_time(x[i], line.mu, line.s) for i in racing)
    first = x[racing[0] : racing[0] + 1]
    alone = abs(blown_up(line, first).time - theory.blow_up_time(float(first[0]), line.mu, line.s))
    before = np.abs(end.x[: racing[0]])
    return Fast(time=end.time, ratio=end.time / bound, slow=before.max() if len(before) else None, alone=alone)


PLANES = {
    "two positive": (1, 1),
    "one positive": (1, -1),
    "two negative": (-1, -1),
    "two negative, not normal": (-1, -1),
}


def fate(seeds: Seeds, kind: str, tokens: int) -> str:
    """What becomes of tokens in the plane, S_C' S_B having eigenvalues of the given signs."""
    rng = seeds.numpy("plane")
    values = rng.uniform(0.3, 2, 2) * np.array(PLANES[kind])
    middle = np.diag(values)
    if "not normal" in kind:
        middle[0, 1] = 3 * rng.normal()
    turn, _ = np.linalg.qr(rng.normal(size=(2, 2)))
    plane = Plane(turn @ middle @ turn.T, rng.normal(size=(2, 2)), rng.uniform(0.2, 1.5, 2))
    return plane.fate(rng.uniform(0.2, 2, (tokens, 2)) * rng.choice([-1, 1], (tokens, 2)))


def fates(seeds: Seeds, draws: int, tokens: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for kind in PLANES:
        ends = [fate(seeds.child(kind, i), kind, tokens) for i in range(draws)]
        found[kind] = {end: ends.count(end) for end in ("converges", "diverges", "undecided")}
    return found


def layer_errors(seeds: Seeds, tokens: int) -> dict[str, Any]:
    """Largest error of a stack of layers against the flow at time 1, and its ratio at every doubling of the layers."""
    line, rng = drawn_line(seeds, -1, 0.5, 2)
    x = sizes(rng, tokens) * rng.choice([-1, 1], tokens)
    exact = followed(line, x, np.log1p(np.array([0.0, 1.0]))).x[-1]
    layers = [16, 32, 64, 128]
    errors = [float(np.abs(stacked(line, x, 1.0, n) - exact).max()) for n in layers]
    return {"layers": layers, "errors": errors, "ratios": [big / small for big, small in pairwise(errors)]}
