"""Comparisons as records: who was compared with whom, how likely the first won, in JSON lines that anyone can write."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from manyminds.core.errors import BadInput


class Episode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trajectory of a control world: observations (T, size) and actions (T, size)."""

    obs: list[list[float]]
    act: list[list[float]]


Side = list[int] | str | Episode  # tokens, a text, or an episode


class Comparison(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a preference log. `p_a_wins` is 1, 0 or what is known in between; `t` orders the log."""

    a: Side
    b: Side
    p_a_wins: float
    prompt: str | None = None
    rater_id: str = ""
    t: int = 0

    @property
    def preference(self) -> float:
        """2 Prob(a beats b) - 1."""
        return 2 * self.p_a_wins - 1


def faults(line: Comparison) -> str:
    """What is wrong with a comparison although it has the right form; empty when nothing is."""
    if not 0 <= line.p_a_wins <= 1:  # also catches NaN
        return f"p_a_wins = {line.p_a_wins} is no probability"
    if type(line.a) is not type(line.b):
        return "a and b are of different kinds"
    for name, side in (("a", line.a), ("b", line.b)):
        if isinstance(side, Episode):
            if len(side.obs) != len(side.act) or not side.obs:
                return f"{name} has {len(side.obs)} observations and {len(side.act)} actions"
            if len({len(row) for row in side.obs}) > 1 or len({len(row) for row in side.act}) > 1:
                return f"the rows of {name} differ in length"
    return ""


def read_comparisons(path: Path) -> list[Comparison]:
    """The comparisons of a JSON-lines file; BadInput names the line that is not one."""
    decode, found = msgspec.json.Decoder(Comparison).decode, []
    for number, raw in enumerate(path.read_bytes().splitlines(), 1):
        if not raw.strip():
            continue
        try:
            line = decode(raw)
        except msgspec.MsgspecError as error:
            raise BadInput(f"{path}, line {number}: not a comparison ({error})") from None
        if said := faults(line):
            raise BadInput(f"{path}, line {number}: {said}")
        found.append(line)
    return found


def write_comparisons(lines: Iterable[Comparison], path: Path) -> None:
    """One JSON object a line."""
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


def stacked(sides: Sequence[Side]) -> tuple[np.ndarray, np.ndarray]:
    """Episodes as arrays (n, T, size) of observations and of actions; BadInput when they differ in length."""
    episodes = [side for side in sides if isinstance(side, Episode)]
    lengths = {len(side.obs) for side in episodes}
    if len(episodes) < len(sides) or len(lengths) != 1:
        what = f"episodes of lengths {sorted(lengths)}" if len(episodes) == len(sides) else "sides that are no episodes"
        raise BadInput(f"{what} cannot be stacked; cut or pad them to one length first")
    return tuple(np.array([getattr(e, name) for e in episodes], np.float32) for name in ("obs", "act"))  # type: ignore[return-value]


def tournament(lines: Iterable[Comparison]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, wins (n, n) and preferences (n, n) of a log over texts or tokens; pairs that never met count as ties.

    The names are the sides in order of appearance, as JSON; wins may be fractions.
    """
    places: dict[str, int] = {}
    pairs = []
    for line in lines:
        a, b = (places.setdefault(msgspec.json.encode(side).decode(), len(places)) for side in (line.a, line.b))
        pairs.append((a, b, line.p_a_wins))
    wins = np.zeros((len(places), len(places)))
    for a, b, p in pairs:
        if a != b:  # whoever meets itself has won nothing
            wins[a, b] += p
            wins[b, a] += 1 - p
    met = wins + wins.T
    return list(places), wins, np.where(met > 0, (wins - wins.T) / np.where(met > 0, met, 1), 0.0)
