"""Specifications as actions that a model is asked for: a whole run, or how a run goes on from where it stands.

Models on this machine are held to them token by token. Of the replies of others the longest legal beginning is kept,
with what is wrong with the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from manyminds.core.actions import Invalid
from manyminds.models.constrain.markers import BLANKS, Segment, split
from manyminds.models.constrain.specification import Specification, normal
from manyminds.models.constrain.tokens import Enforcer, Masks, Vocabulary, masks


class Stretch(msgspec.Struct, frozen=True):
    """What a reply brought: legal states, the environment's state that it opened, what was wrong after them.

    `repaired`: contents that were written differently from what is allowed, with only one that they can mean.
    """

    segments: tuple[Segment, ...] = ()
    opened: str = ""
    problem: str = ""
    repaired: int = 0


@dataclass(frozen=True)
class WholeRun:
    """An action: a run from its beginning to its end."""

    specification: Specification

    def parse(self, text: str) -> tuple[Segment, ...]:
        return self.specification.parse(text)

    def check(self, value: Any) -> tuple[Segment, ...]:
        return self.specification.check(tuple(value))

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        states = self.specification.states
        said = "; ".join(f"{state.marker} {' or '.join(state.contents) or '...'}" for state in states)
        return f"Answer in states, each opened by its marker on a line of its own: {said}"

    def token_mask(self, texts: Sequence[bytes], ends: tuple[int, ...]) -> Enforcer:
        """The mask of a run from its beginning to its end, or to the first state of the environment."""
        return Continuation(self.specification, self.specification.automaton.start).token_mask(texts, ends)


@dataclass(frozen=True)
class Continuation:
    """An action: the run goes on from the state `at` of the automaton, to the environment's next state or the end.

    Models that can be masked are held to it token by token (`token_mask`), the replies of others are cut.
    """

    specification: Specification
    at: int
    after: str = ""  # a marker that the prompt ends with, so that the reply begins inside its state
    cap: int = 128  # tokens after which a content is left by force

    @cached_property
    def stops(self) -> tuple[str, ...]:
        """Strings at which an endpoint should stop: the markers of the environment."""
        return tuple(state.marker for state in self.specification.states if state.environment)

    def parse(self, text: str) -> Stretch:
        found = longest(self.specification, self.at, self.after + text)
        if not found.segments and not found.opened:
            raise Invalid(found.problem)
        return found

    def check(self, value: Any) -> Any:
        return value

    def schema(self) -> None:
        return None

    def instruction(self) -> str:
        legal = [self.specification.state[name].marker for name in self.specification.legal(self.at)]
        return f"Go on with one of {' '.join(legal)}" if not self.after else "Go on with what this state says."

    def token_mask(self, texts: Sequence[bytes], ends: tuple[int, ...]) -> Enforcer:
        """The mask of this continuation over tokens with these bytes; such as a model on this machine asks for."""
        found = Enforcer(ready(self.specification, tuple(texts), ends), self.at, self.cap)
        return found.inside(self.after) if self.after else found


@lru_cache(maxsize=32)
def ready(specification: Specification, texts: tuple[bytes, ...], ends: tuple[int, ...]) -> Masks:
    return masks(specification, vocabulary(texts, ends))


@lru_cache(maxsize=4)
def vocabulary(texts: tuple[bytes, ...], ends: tuple[int, ...]) -> Vocabulary:
    return Vocabulary(texts, ends)


def longest(specification: Specification, at: int, text: str) -> Stretch:
    """The longest legal beginning of a reply that goes on from the state `at`.

    It ends before an illegal state, before what a model put into the environment's mouth, and before a content that is
    empty or not allowed; nothing is put in their place.
    """
    before, parts = split(text, specification.markers)
    if before.strip(BLANKS):
        return Stretch(problem=f"{before.strip(BLANKS)[:60]!r} stands outside of every state")
    if not parts:
        return Stretch(problem="the reply is empty")
    found, repaired = list[Segment](), 0
    for number, content in parts:
        state, content = specification.states[number], content.strip(BLANKS)
        if state.environment:
            legal = state.name in specification.legal(at)
            problem = "" if legal else f"{state.name!r} may not come here"
            return Stretch(tuple(found), state.name if legal else "", problem, repaired)
        meant = content
        if state.contents and content not in state.contents:
            meant = understood(content, state.contents) or content
        try:
            at = specification.step(at, Segment(state.name, meant))
        except Invalid as problem:
            return Stretch(tuple(found), "", str(problem), repaired)
        repaired += meant != content
        found.append(Segment(state.name, meant))
    return Stretch(tuple(found), "", "", repaired)


def understood(content: str, allowed: tuple[str, ...]) -> str:
    """The one allowed content that a text can mean: case and blanks aside, or named in it; nothing where none is."""
    same = [one for one in allowed if normal(one) == normal(content)]
    named = [one for one in allowed if normal(one) in normal(content)]
    meant = same or named
    return meant[0] if len(meant) == 1 else ""
