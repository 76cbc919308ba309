"""The legal texts of a specification byte by byte, so that any tokenizer can be held to them.

A place is where a text stands: inside a content (how much of a marker has been read), inside a marker that must come
now, inside a content that is constrained, at an environment state, or at a marker that is not legal. The moves from
place to place are a table that grows as places are met. A token is legal where its bytes lead to a living place,
whatever boundaries it crosses: the end of a content, a marker and the beginning of the next content may share a token.
"""

from typing import Literal, NamedTuple

import numpy as np

from manyminds.models.constrain.markers import BLANKS, scanner
from manyminds.models.constrain.specification import Specification

DEAD = -1
BLANK_BYTES = BLANKS.encode()
Kind = Literal["content", "marker", "choice", "environment", "illegal"]
Policy = Literal["mask", "rollback"]
Mode = Literal["mask", "rollback", "hurry"]


class Place(NamedTuple):
    """`at`: the state of the automaton; in a choice that before it, since what is chosen decides it.

    Modes: `mask`, an illegal marker cannot be completed; `rollback`, it can, which leads to an `illegal` place;
    `hurry`, as mask, and only the shortest way to an end is open.
    """

    kind: Kind
    at: int
    mode: Mode
    node: int = 0  # in a content: of the scanner; in a choice: the state's number; illegal: the marker's number; before
    # a marker: 1 if a content stands before it
    filled: int = 0  # in a content: 0 nothing or 1 one blank was said, 2 more than blanks
    written: bytes = b""  # of the marker or of the choice


class Grammar:
    """The places of a specification and the moves between them."""

    def __init__(self, specification: Specification, policy: Policy = "mask") -> None:
        self.specification, self.automaton, self.policy = specification, specification.automaton, policy
        self.opening: dict[tuple[int, Mode], dict[bytes, int]] = {}
        self.known_outcomes: dict[tuple[int, int], list[tuple[tuple[int, int], np.ndarray]]] = {}
        self.scanner = scanner(specification.markers)
        self.places: list[Place] = []
        self.number: dict[Place, int] = {}
        self.table = np.full((0, 256), DEAD, np.int32)
        self.known = np.zeros(0, bool)
        used = {byte for marker in specification.markers for byte in marker.encode()} | set(BLANKS.encode())
        self.special = sorted(used)  # all other bytes do the same as each other in a content
        self.plain = next(byte for byte in range(255, -1, -1) if byte not in used)

    def of(self, place: Place) -> int:
        """The number of a place."""
        if place not in self.number:
            self.number[place] = len(self.places)
            self.places.append(place)
            if len(self.places) > len(self.known):
                more = max(64, len(self.known))
                self.table = np.concatenate([self.table, np.full((more, 256), DEAD, np.int32)])
                self.known = np.concatenate([self.known, np.zeros(more, bool)])
        return self.number[place]

    def row(self, number: int) -> np.ndarray:
        """(256,) the place after each byte, or `DEAD`."""
        if not self.known[number]:
            self.known[number], place = True, self.places[number]
            row = np.full(256, DEAD, np.int32)
            if place.kind == "content":
                for outcome, texts in self.outcomes(place.node, place.filled):
                    row[texts] = self.numbered(self.content(place, *outcome))
            elif place.kind == "illegal":
                row[:] = number
            elif place.kind in ("marker", "choice"):
                step = self.marker if place.kind == "marker" else self.choice
                for byte in self.bytes_of(place):
                    row[byte] = self.numbered(step(place, byte))
            self.table[number] = row
        return np.asarray(self.table[number])

    def numbered(self, place: Place | None) -> int:
        return DEAD if place is None else self.of(place)

    def moved(self, numbers: np.ndarray, text: np.ndarray) -> np.ndarray:
        """The places after one byte each, for many places at once; dead ones stay dead."""
        living = numbers >= 0
        fresh = living & ~self.known[numbers]
        if fresh.any():
            for number in np.unique(numbers[fresh]):
                self.row(int(number))
        return np.where(living, self.table[numbers, text], DEAD).astype(np.int32)

    # ---- the moves

    def outcomes(self, node: int, filled: int) -> list[tuple[tuple[int, int], np.ndarray]]:
        """What may become of a content: (node of the scanner, how filled it is then), and the bytes that bring it.

        One blank may open a content, so that it cannot be blanks for ever; more are "filled 3", which is dead.
        """
        if (node, filled) not in self.known_outcomes:
            found: dict[tuple[int, int], list[int]] = {}
            for byte in range(256):
                to, passed = self.scanner.reading(node, byte if byte in self.special else self.plain)
                told = filled == 2 or any(one not in BLANK_BYTES for one in passed)
                after = 2 if told else (0, 1, 3)[min(filled + len(passed), 2)]
                found.setdefault((to, after), []).append(byte)
            self.known_outcomes[node, filled] = [(key, np.array(texts)) for key, texts in found.items()]
        return self.known_outcomes[node, filled]

    def content(self, place: Place, node: int, filled: int) -> Place | None:
        """The place after a byte that brings this outcome."""
        if filled == 3:
            return None
        marker = self.scanner.marker[node]
        if marker < 0:
            return Place("content", place.at, place.mode, node, filled)
        entered = self.entered(place.at, marker, place.mode) if filled == 2 else None
        if entered is None and place.mode == "rollback":
            return Place("illegal", place.at, "rollback", marker)
        return entered

    def entered(self, at: int, number: int, mode: Mode) -> Place | None:
        """The place after the marker of a state; None where it is not legal."""
        state, moves = self.specification.states[number], self.automaton.moves[at]
        letters = [letter for letter in self.specification.letters[state.name] if letter in moves]
        mode = "hurry" if mode == "hurry" else self.policy
        if mode == "hurry":
            letters = [letter for letter in letters if self.shortens(at, letter)]
        if not letters:
            return None
        if state.environment:
            return Place("environment", moves[letters[0]], mode)
        if state.contents:
            return Place("choice", at, mode, number)
        return Place("content", moves[letters[0]], mode)

    def shortens(self, at: int, letter: str) -> bool:
        distance = self.automaton.distance
        return distance[self.automaton.moves[at][letter]] < distance[at]

    def markers(self, place: Place) -> dict[bytes, int]:
        """What may be written from here: marker -> number of its state. After a content it has a line of its own."""
        key = (place.at, place.mode)
        if key not in self.opening:
            pairs = enumerate(self.specification.markers)
            self.opening[key] = {m.encode(): i for i, m in pairs if self.entered(place.at, i, place.mode) is not None}
        found = self.opening[key]
        return {b"\n" + text: number for text, number in found.items()} if place.node else found

    def marker(self, place: Place, byte: int) -> Place | None:
        written = place.written + bytes([byte])
        options = self.markers(place)
        if written in options:
            return self.entered(place.at, options[written], place.mode)
        return place._replace(written=written) if any(text.startswith(written) for text in options) else None

    def options(self, place: Place) -> dict[bytes, str]:
        """What a constrained state may say from here: text -> letter."""
        state, moves = self.specification.states[place.node], self.automaton.moves[place.at]
        letters = self.specification.letters[state.name]
        spelled = letters * len(state.contents) if letters == (state.name,) else letters
        open_ones = {content: letter for content, letter in zip(state.contents, spelled) if letter in moves}
        if place.mode == "hurry":
            steps = {letter: self.automaton.distance[moves[letter]] for letter in open_ones.values()}
            open_ones = {c: letter for c, letter in open_ones.items() if steps[letter] == min(steps.values())}
        return {blank + content.encode(): letter for content, letter in open_ones.items() for blank in (b"", b" ")}

    def choice(self, place: Place, byte: int) -> Place | None:
        options, written = self.options(place), place.written + bytes([byte])
        if any(text.startswith(written) for text in options):
            return place._replace(written=written)
        if byte == ord("\n") and place.written in options:
            return self.marker(self.forced(place), byte)
        return None

    def forced(self, place: Place) -> Place:
        """The place from which only a marker, or the end, may follow."""
        if place.kind == "choice":
            at = self.automaton.moves[place.at][self.options(place)[place.written]]
            return Place("marker", at, place.mode, 1)
        return Place("marker", place.at, place.mode, 1 if place.kind == "content" else 0)

    def bytes_of(self, place: Place) -> set[int]:
        """The bytes that may follow in a marker or in a choice."""
        texts = self.markers(place) if place.kind == "marker" else self.options(place)
        next_ones = {text[len(place.written)] for text in texts
                     if text.startswith(place.written) and len(text) > len(place.written)}  # fmt: skip
        return next_ones | ({ord("\n")} if place.kind == "choice" and place.written in texts else set())

    # ---- what a place allows

    def said(self, place: Place) -> bool:
        """Whether the content at this place may be left."""
        if place.kind == "content":
            return place.filled == 2 or place.node > 0
        return place.kind == "choice" and place.written in self.options(place)

    def may_end(self, place: Place) -> bool:
        """Whether the whole run may end here."""
        if place.kind == "choice":
            return self.said(place) and self.forced(place).at in self.automaton.accepting
        here = place.written in (b"", b"\n") if place.kind == "marker" else self.said(place)
        return here and place.at in self.automaton.accepting
