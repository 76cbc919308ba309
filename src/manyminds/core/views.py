"""What one agent sees when it must act, and what it hears of what happened since it last acted."""

from dataclasses import dataclass, field
from typing import Any

from manyminds.core.actions import Action
from manyminds.core.seeds import Seeds


@dataclass(frozen=True)
class Event:
    """Something that happened in a step.

    `data` is what the record keeps (plain JSON values). `to` names the seats that notice it, and `text` is how it
    reads to them; an event addressed to nobody is on the record only.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class View:
    """Everything that one agent may know when it must act.

    `data` is typed and read by rules and policies, `text` is read by language models, `action` is the type of a legal
    answer. `play` fills in the rest: `seat` and `turn` say who acts when, `news` holds the events addressed to this
    seat since it last acted, and `seeds` is the random stream of this seat in this turn.
    """

    data: Any
    text: str
    action: Action
    seat: str = ""
    turn: int = 0
    news: tuple[Event, ...] = ()
    seeds: Seeds = field(default=Seeds(0))
