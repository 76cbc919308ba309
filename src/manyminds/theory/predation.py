"""The mechanistic metamodel of the wolves and sheep: its rates, its equilibrium, and what removal would reach a target.

a' = p1 a - p2 a^2 - p3 a b - u_G a,  b' = p4 a b - p5 b - p6 b c - u_S b,  c' = p7 b c - p8 c - u_W c, fitted by the
authors of arXiv 2402.05750 to mean counts of the 255 x 255 world (a green patches, b sheep, c wolves; per tick).
"""

from typing import Any, NamedTuple

from manyminds.core import BadInput

FITTED = (0.20978221, 4.5061339e-6, 2.3810802e-5, 1.2739379e-6, 8.5474357e-3, 1.3764172e-5, 1.5018238e-5, 6.3357467e-2)
PATCHES = 255 * 255  # of the world that `FITTED` speaks of


class Point(NamedTuple):
    grass: float
    sheep: float
    wolves: float


class Shares(NamedTuple):
    """Shares removed each tick."""

    grass: float = 0.0
    sheep: float = 0.0
    wolves: float = 0.0


def rates(x: Any, p: Any = FITTED, scale: float = 1.0) -> tuple[Any, Any, Any]:
    """(a', b', c') without removal, of counts x = (a, b, c) in a world `scale` times as large as that of `FITTED`."""
    a, b, c = x
    p1, p2, p3, p4, p5, p6, p7, p8 = p
    return (
        a * (p1 - (p2 * a + p3 * b) / scale),
        b * ((p4 * a - p6 * c) / scale - p5),
        c * (p7 * b / scale - p8),
    )


def equilibrium(removed: Shares, p: Any = FITTED, scale: float = 1.0) -> Point:
    """Where all three live and none changes: b* = (p8 + u_W) / p7, a* = (p1 - u_G - p3 b*) / p2,
    c* = (p4 a* - p5 - u_S) / p6; a count may come out negative, and then there is no such point."""
    p1, p2, p3, p4, p5, p6, p7, p8 = p
    b = (p8 + removed.wolves) / p7
    a = (p1 - removed.grass - p3 * b) / p2
    return Point(scale * a, scale * b, scale * (p4 * a - p5 - removed.sheep) / p6)


def most_wolves(sheep: float, p: Any = FITTED, scale: float = 1.0) -> float:
    """How many wolves live with `sheep` sheep when no sheep are removed: the upper edge of what can be reached."""
    p1, p2, p3, p4, p5, p6, *_ = p
    return scale * (p4 * (p1 - p3 * sheep / scale) / p2 - p5) / p6


def needed(sheep: float, wolves: float, p: Any = FITTED, scale: float = 1.0) -> Shares:
    """The shares whose equilibrium has these sheep and wolves: u_W = p7 b* - p8, u_S = p4 a* - p5 - p6 c*.

    Raises `BadInput`, with the reachable set, when a share would have to be negative: nothing is ever added.
    """
    p1, p2, p3, p4, p5, p6, p7, p8 = p
    b, c = sheep / scale, wolves / scale
    u_w, u_s = p7 * b - p8, p4 * (p1 - p3 * b) / p2 - p5 - p6 * c
    if min(u_w, u_s) < 0 or wolves < 0:
        raise BadInput(
            f"{sheep:g} sheep with {wolves:g} wolves cannot be reached by removal: sheep must be at least "
            f"{scale * p8 / p7:.0f} and at most {highest_sheep(p, scale):.0f}, and with so many sheep there may be at "
            f"most {max(most_wolves(sheep, p, scale), 0):.0f} wolves"
        )
    return Shares(0.0, u_s, u_w)


def highest_sheep(p: Any = FITTED, scale: float = 1.0) -> float:
    """So many sheep live on the grass when there are no wolves; above, the equilibrium has fewer than none."""
    p1, p2, p3, p4, p5, *_ = p
    return scale * (p1 - p2 * p5 / p4) / p3
