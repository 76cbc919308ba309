"""The legal next tokens of a run under a specification: a mask for any tokenizer, with a way back and a way out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from manyminds.core.errors import BadInput
from manyminds.models.constrain.bytes import DEAD, Grammar, Place
from manyminds.models.constrain.specification import Specification


class TokenMask(Protocol):
    """What a sampler needs: which tokens may follow the tokens that it has generated so far, shorter or longer than
    those of the last call."""

    def __call__(self, tokens: Sequence[int]) -> np.ndarray: ...


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The bytes of every token (empty for tokens that say nothing), and the tokens that end a text."""

    texts: tuple[bytes, ...]
    ends: tuple[int, ...]

    @cached_property
    def levels(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The trie of the texts, level by level: for each node its parent's place in the level above and its byte."""
        return self.trie[0]

    @cached_property
    def leaf(self) -> np.ndarray:
        """(tokens,) the node of each token, counted through all levels; -1 for tokens that say nothing or end."""
        return self.trie[1]

    @cached_property
    def trie(self) -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
        levels, above, offset = list[tuple[np.ndarray, np.ndarray]](), {b"": 0}, 0
        leaf = np.full(len(self.texts), -1)
        left = [(text, token) for token, text in enumerate(self.texts) if text and token not in self.ends]
        depth = 0
        while left:
            depth += 1
            here = {path: at for at, path in enumerate(sorted({text[:depth] for text, _ in left}))}
            levels.append((np.array([above[path[:-1]] for path in here]), np.array([path[-1] for path in here])))
            for text, token in left:
                if len(text) == depth:
                    leaf[token] = offset + here[text]
            left = [(text, token) for text, token in left if len(text) > depth]
            above, offset = here, offset + len(here)
        return levels, leaf


class Masks:
    """The masks of one specification for one vocabulary; every place is worked out once."""

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary) -> None:
        self.grammar, self.vocabulary = grammar, vocabulary
        self.masks: dict[int, np.ndarray] = {}
        self.writes = {b"": True}
        self.first_byte: dict[int, list[bytes]] = {}
        for text in {text for at, text in enumerate(vocabulary.texts) if text and at not in vocabulary.ends}:
            self.first_byte.setdefault(text[0], []).append(text)
        for state in grammar.specification.states:
            needed = [state.marker, f"\n{state.marker}", *(f" {content}" for content in state.contents)]
            if lacking := [text for text in needed if not self.writable(text.encode())]:
                raise BadInput(f"the tokens of this model cannot write {lacking[0]!r}")

    def landing(self, number: int) -> np.ndarray:
        """(tokens,) the place after each token, or `DEAD`."""
        places, here = [], np.array([number], np.int32)
        for parents, texts in self.vocabulary.levels:
            here = self.grammar.moved(here[parents], texts)
            places.append(here)
        flat = np.concatenate([*places, [DEAD]])
        return np.asarray(flat[self.vocabulary.leaf])

    def mask(self, number: int) -> np.ndarray:
        """(tokens,) the tokens that may come at a place, those that end the text among them."""
        if number not in self.masks:
            landing, place = self.landing(number), self.grammar.places[number]
            reached = np.unique(landing[landing >= 0])
            stuck = [int(one) for one in reached if not self.alive(self.grammar.places[one], place)]
            allowed = (landing >= 0) & ~np.isin(landing, stuck)
            allowed[list(self.vocabulary.ends)] = self.grammar.may_end(place)
            allowed.setflags(write=False)
            self.masks[number] = allowed
        return self.masks[number]

    def alive(self, place: Place, before: Place) -> bool:
        """Whether a token may lead here: what must be written now can be, by the tokens there are, and no token that
        opens a state runs into an illegal marker at once (there would be no content to go back to)."""
        if place.kind == "illegal":
            return before.kind == "content"
        if place.kind not in ("marker", "choice"):
            return True
        texts = self.grammar.markers(place) if place.kind == "marker" else self.grammar.options(place)
        written = place.written
        return any(self.writable(text[len(written) :]) for text in texts if text.startswith(written))

    def writable(self, text: bytes) -> bool:
        """Whether some tokens spell this text exactly."""
        if text not in self.writes:
            self.writes[text] = any(text.startswith(token) and self.writable(text[len(token) :])
                                    for token in self.first_byte.get(text[0], ()))  # fmt: skip
        return self.writes[text]


@dataclass(frozen=True)
class Spot:
    """Where a run stands after a token. `since`: tokens in the content that is being said."""

    number: int
    since: int = 0
    forced: bool = False  # this place was brought about by us


Turn = Literal["model", "environment", "illegal", "over"]


class Enforcer:
    """One stretch of a run, from a marker to the next environment state or the end.

    `cap`: tokens after which a content is left by force. `limit`: tokens of the whole stretch; near it the shortest way
    out is taken and `hurried` says so. Called with the tokens generated so far it is a sampler's mask (`TokenMask`).
    """

    def __init__(self, masks: Masks, at: int | None = None, cap: int = 128, limit: int = 1 << 30) -> None:
        grammar = masks.grammar
        self.masks, self.grammar, self.cap, self.limit = masks, grammar, cap, limit
        start = grammar.automaton.start if at is None else at
        self.tokens: list[int] = []
        self.trail = [Spot(grammar.of(Place("marker", start, grammar.policy)))]
        self.rolled_back = 0
        self.ends = masks.vocabulary.ends
        self.longest = max(len(text.encode()) for state in grammar.specification.states
                           for text in (state.marker, *state.contents)) + 4  # fmt: skip
        self.settle()

    def inside(self, marker: str) -> "Enforcer":
        """The same from behind a marker that is already written."""
        number = self.trail[-1].number
        for byte in marker.encode():
            number = int(self.grammar.row(number)[byte])
        if number == DEAD:
            raise ValueError(f"{marker!r} may not come here")
        self.trail[-1] = Spot(number)
        return self

    def copy(self) -> "Enforcer":
        other = object.__new__(Enforcer)
        other.__dict__ = self.__dict__ | {"tokens": [*self.tokens], "trail": [*self.trail]}
        return other

    @property
    def place(self) -> Place:
        return self.grammar.places[self.trail[-1].number]

    @property
    def at(self) -> int:
        """The state of the automaton."""
        place = self.place
        done = place.kind == "choice" and self.grammar.said(place)
        return self.grammar.forced(place).at if done else place.at

    @property
    def turn(self) -> Turn:
        """Who must go on; `over` where nothing may follow."""
        kind = self.place.kind
        if kind in ("environment", "illegal"):
            return "environment" if kind == "environment" else "illegal"
        return "over" if self.complete and self.masks.mask(self.trail[-1].number).sum() == len(self.ends) else "model"

    @property
    def complete(self) -> bool:
        """Whether this stretch may end here: the whole run may, or it is the environment's turn."""
        return self.place.kind == "environment" or self.grammar.may_end(self.place)

    @property
    def ended(self) -> bool:
        return self.turn in ("environment", "over")

    @property
    def forced(self) -> int:
        """Contents that were left by force."""
        return sum(spot.forced for spot in self.trail)

    @property
    def hurried(self) -> bool:
        return any(self.grammar.places[spot.number].mode == "hurry" for spot in self.trail)

    def allowed(self) -> np.ndarray:
        """(tokens,) which tokens may come next; none on the environment's turn."""
        return self.masks.mask(self.trail[-1].number)

    def __call__(self, tokens: Sequence[int]) -> np.ndarray:
        same = next(
            (i for i, (a, b) in enumerate(zip(tokens, self.tokens)) if a != b), min(len(tokens), len(self.tokens))
        )
        self.back(len(self.tokens) - same)
        for token in tokens[same:]:
            self.take(int(token))
        return self.allowed()

    def take(self, token: int) -> None:
        """Go on by a token that is allowed (or, on a way that is forced, that the vocabulary can write)."""
        spot, places = self.trail[-1], self.grammar.places
        number, since = spot.number, spot.since + 1
        for byte in self.masks.vocabulary.texts[token]:
            number = int(self.grammar.row(number)[byte])
            if number == DEAD:
                raise ValueError(f"token {token} {self.masks.vocabulary.texts[token]!r} is not legal here")
            if places[number].kind != "content" or places[number][3:] == (0, 0, b""):
                since = 0
        self.tokens.append(token)
        self.trail.append(Spot(number, since))
        self.settle()

    def settle(self) -> None:
        """Leave a content that is too long, and hurry where the limit is near."""
        spot, place = self.trail[-1], self.place
        near = self.limit - len(self.tokens) <= self.reserve(place)
        if near and place.kind in ("content", "marker", "choice") and not place.written:
            place = place._replace(mode="hurry")
        over = (
            place.kind == "content" and self.grammar.said(place) and (spot.since >= self.cap or place.mode == "hurry")
        )
        if over:
            place = self.grammar.forced(place)
        self.trail[-1] = replace(spot, number=self.grammar.of(place), forced=over)

    def reserve(self, place: Place) -> int:
        """Tokens that the shortest way out may have at most; every state costs a marker and the shortest content."""
        return 2 * self.longest * (1 + self.grammar.automaton.distance[place.at])

    def back(self, count: int) -> None:
        """Forget the last `count` tokens."""
        if count:
            del self.tokens[-count:], self.trail[-count:]

    def roll_back(self) -> int:
        """From an illegal marker back to before it, where a legal one is then forced; the number of tokens to forget.

        A token that holds the marker's first byte is forgotten whole, with what it said before. Where nothing had been
        said yet there is nothing to leave: the content goes on and the marker is kept from being completed again.
        """
        if self.turn != "illegal":
            raise ValueError("there is no illegal marker to roll back")
        texts, illegal = self.masks.vocabulary.texts, self.place
        marker = self.grammar.specification.markers[illegal.node].encode()
        tail, count = texts[self.tokens[-1]], 1
        while marker not in tail:
            count += 1
            tail = texts[self.tokens[-count]] + tail
        if self.grammar.places[self.trail[-1 - count].number].kind != "content":
            count -= 1  # the token that opened the state stays; it holds a beginning of the marker, which is a content
        self.back(count)
        self.rolled_back += count
        spot, place = self.trail[-1], self.place
        if self.grammar.said(place):
            self.trail[-1] = replace(spot, number=self.grammar.of(self.grammar.forced(place)), forced=True)
        else:
            self.trail[-1] = replace(spot, number=self.grammar.of(place._replace(mode="mask")))
        return count

    # ---- the way out, as `models/decoding.py` asks for it

    def way_out(self, longest: int) -> list[int] | None:
        """At most `longest` tokens that complete the stretch from here by the shortest run; None if there are none."""
        other, way = self.copy(), list[int]()
        other.limit = 0
        other.settle()
        while not other.complete:
            if len(way) == longest:
                return None
            other.take(other.shortest())
            way.append(other.tokens[-1])
        return way

    def shortest(self) -> int:
        """The token that goes furthest along what must be written; in a content, a modest one."""
        texts = self.masks.vocabulary.texts
        tokens = np.flatnonzero(self.allowed())
        if self.place.kind == "content":
            return int(
                min(
                    tokens,
                    key=lambda token: (texts[token].strip() not in (b".", b"-"), not texts[token].isalnum(), token),
                )
            )
        return int(max(tokens, key=lambda token: len(texts[token])))

    def completed_by(self, way: Sequence[int]) -> bool:
        other = self.copy()
        try:
            for token in way:
                other.take(token)
        except ValueError:
            return False
        return other.complete


def masks(specification: Specification, vocabulary: Vocabulary, policy: Literal["mask", "rollback"] = "mask") -> Masks:
    """All masks of a specification for a vocabulary."""
    return Masks(Grammar(specification, policy), vocabulary)
