"""Who sits at the commons: the rule societies that run without any model, and seats named by the user."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from manyminds.agents import commoners as rules
from manyminds.core import Agent, BadInput, unknown

PERSONAS = ("John", "Kate", "Jack", "Emma", "Luke")

MINDS: dict[str, Callable[[], Agent]] = {
    "greedy": rules.Greedy,
    "fair-share": rules.FairShare,
    "noisy": rules.Noisy,
    "matcher": rules.Matches,
    "compensator": rules.Compensates,
    "universaliser": rules.Universalises,
}
WITH_NUMBER: dict[str, Callable[[int], Agent]] = {"takes": rules.Takes, "believes": rules.Believes}


@dataclass(frozen=True)
class Society:
    """A named mix of rule minds, one a seat, in the order of the personas."""

    name: str
    seats: tuple[str, ...]


def alike(mind: str, members: int = 5) -> Society:
    return Society(mind, (mind,) * members)


OUTSIDER = "takes:20"
SOCIETIES = (
    *(alike(f"takes:{wish}") for wish in (10, 11, 12, 13, 14, 15, 20)),
    *(alike(mind) for mind in ("greedy", "fair-share", "noisy", "universaliser")),
    Society("outsider and unconditional", (OUTSIDER, *("takes:10",) * 4)),
    Society("outsider and matchers", (OUTSIDER, *("matcher",) * 4)),
    Society("outsider and compensators", (OUTSIDER, *("compensator",) * 4)),
)


def rule(mind: str) -> Agent:
    """The rule agent called `mind`: a name, or a name and a whole number as in `takes:10`."""
    name, _, number = mind.partition(":")
    if name in MINDS and not number:
        return MINDS[name]()
    if name in WITH_NUMBER:
        if not number.isdigit():
            raise BadInput(f"seat {mind!r}: {name} needs a whole number of units, as in '{name}:10'")
        return WITH_NUMBER[name](int(number))
    raise unknown("seat", mind, [*MINDS, *(f"{known}:10" for known in WITH_NUMBER), "human", "http://HOST:PORT/v1#NAME"])


def is_model(reference: str) -> bool:
    """Does a seat name a model (by reference string) rather than a rule or a person?"""
    return reference.startswith(("http://", "https://", "openai/", "hf:", "scripted:")) or reference == "house"


def known(reference: str) -> str:
    """The seat as given, if it names something that can sit."""
    if reference != "human" and not is_model(reference):
        rule(reference)
    return reference


def settings_of(condition: str) -> dict[str, Any]:
    """What a condition switches, as keyword arguments of the world."""
    return dict(CONDITIONS[condition])


# Talk and transparency are separate switches. The released "no language" configuration turns both off; the paper's text
# speaks of talk alone, so all four cells of the two by two are here.
CONDITIONS: dict[str, dict[str, Any]] = {
    "default": {"talk": True, "open_books": True},
    "universalisation": {"talk": True, "open_books": True, "universalisation": True},
    "no talk": {"talk": False, "open_books": True},
    "closed books": {"talk": True, "open_books": False},
    "no talk, closed books": {"talk": False, "open_books": False},
    "newcomer": {"talk": True, "open_books": True, "months": 15},
}
