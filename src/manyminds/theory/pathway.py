"""The rate equations of the metabolic pathway: four enzymes, five substances, feedback of R on the first step.

S -> P (enzyme A, blocked by P and R), P -> Q (E), Q -> R (I), P -> T (O, helped by R); fitted by the authors of arXiv
2402.05750 to the 100 x 100 agent-based model. The state is (S, P, Q, R, T): the fourth is R. Per tick.
"""

from typing import Any, NamedTuple

SUBSTANCES = ("S", "P", "Q", "R", "T")
DILUTION = 5e-4
START = (80_000.0, 20_000.0, 20_000.0, 10.0, 10.0)
AREA = 100 * 100  # patches that START and the constants below speak of


class Constants(NamedTuple):
    v1: float = 2.64447
    v2: float = 3.343562
    v3: float = 2.573901
    v4: float = 0.3021562
    v5: float = 8.978479
    k1: float = 6914.65
    k2: float = 24119.2
    k3: float = 1291.788
    k4: float = 3594.80
    k5: float = 17601.66
    k6: float = 8489.16
    k7: float = 21221.09
    k8: float = 1568.144
    k9: float = 351.513
    k10: float = 2323.277
    k12: float = 123792.0  # k11 was fitted as infinite: T alone does not hold O up


def fluxes(x: Any, k: Constants = Constants()) -> tuple[Any, Any, Any, Any]:  # noqa: B008  a frozen value
    """What A, E, I and O turn over in a tick, of x = (S, P, Q, R, T)."""
    s, p, q, r, t = x
    helped = r / k.k9
    by_a = k.v1 * (s / k.k1) / (1 + s / k.k1 + p / k.k2 + r / k.k3)
    by_e = k.v2 * (p / k.k4) / (1 + p / k.k4 + q / k.k5)
    by_i = k.v3 * (q / k.k6) / (1 + q / k.k6 + r / k.k7)
    by_o = (k.v4 * p / k.k8 + k.v5 * helped * p / k.k10) / (1 + p / k.k8 + helped * (1 + p / k.k10 + t / k.k12))
    return by_a, by_e, by_i, by_o


def rates(
    x: Any, inflow: Any, dilution: float = DILUTION, k: Constants = Constants()  # noqa: B008  a frozen value
) -> tuple[Any, Any, Any, Any, Any]:  # fmt: skip
    """(S', P', Q', R', T') with `inflow` S a tick and a share `dilution` of everything lost a tick."""
    s, p, q, r, t = x
    by_a, by_e, by_i, by_o = fluxes(x, k)
    return (
        inflow - by_a - dilution * s,
        by_a - by_e - by_o - dilution * p,
        by_e - by_i - dilution * q,
        by_i - dilution * r,
        by_o - dilution * t,
    )


def fastest(bind_free: float, release: float, turn: float, let_go: float) -> float:
    """Substrate that one enzyme turns over a tick when substrate abounds, from the chances of its chain in a tick:
    it binds (`bind_free`), releases or turns the substrate, and lets the product go.

    A visit ends in a turn with probability turn / (release + turn); the mean times of the three states add up.
    """
    turned = turn / (release + turn)
    return turned / (1 / bind_free + 1 / (release + turn) + turned / let_go)
