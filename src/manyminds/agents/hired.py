"""Rules that can be hired: they obey, shirk, lie, or work out their best reply to the mechanism."""

from dataclasses import dataclass
from typing import Any

from manyminds.core import View
from manyminds.theory.hiring_checks import Responses, responses


@dataclass(frozen=True)
class Obeys:
    """Does as told and reports what it saw."""

    kind = "rule"

    async def act(self, view: View) -> str:
        sight = view.data
        return view.action.options[sight.told if sight.phase == "effort" else sight.signal]


@dataclass(frozen=True)
class Shirks:
    """Makes the cheapest effort and reports what it then saw."""

    kind = "rule"

    async def act(self, view: View) -> str:
        sight = view.data
        cheapest = int(sight.instance.costs[sight.agent].argmin())
        return view.action.options[cheapest if sight.phase == "effort" else sight.signal]


@dataclass(frozen=True)
class ShirksAndLies:
    """Makes the cheapest effort and always reports its first signal."""

    kind = "rule"

    async def act(self, view: View) -> str:
        sight = view.data
        cheapest = int(sight.instance.costs[sight.agent].argmin())
        return view.action.options[cheapest if sight.phase == "effort" else 0]


@dataclass
class BestReplies:
    """Plays its best deviation from the mechanism, if any gains more than a hair, while the others obey."""

    kind = "rule"
    worked_out: tuple[Any, Responses] | None = None  # for which mechanism, and what

    async def act(self, view: View) -> str:
        sight = view.data
        if self.worked_out is None or self.worked_out[0] is not sight.mechanism:
            self.worked_out = sight.mechanism, responses(sight.instance, sight.mechanism)
        found = self.worked_out[1]
        if sight.phase == "effort":
            return view.action.options[found.efforts[sight.agent][sight.told]]
        return view.action.options[found.reports[sight.agent][sight.told][sight.signal]]


RULES = {"obedient": Obeys, "shirks": Shirks, "shirks-and-lies": ShirksAndLies, "best-reply": BestReplies}
