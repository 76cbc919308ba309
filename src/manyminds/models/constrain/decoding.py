"""A whole run under a specification, token by token: a model writes, illegal markers are rolled back, tools answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from manyminds.models.constrain.markers import EMPTY, Segment, escaped
from manyminds.models.constrain.tokens import Enforcer, Masks


class Stepping(Protocol):
    """A language model with a cache."""

    def extend(self, tokens: Sequence[int]) -> np.ndarray:
        """(vocabulary,) the logits after some more tokens."""

    def roll_back(self, count: int) -> np.ndarray:
        """(vocabulary,) the logits after the last `count` tokens are forgotten."""


Environment = Callable[[str, tuple[Segment, ...]], str]
Chooser = Callable[[np.ndarray, np.ndarray], int]  # logits, mask -> token


@dataclass(frozen=True)
class Decoded:
    """A run. `forced`: contents left by force; `complete`: it came to its end before its tokens were used up."""

    segments: tuple[Segment, ...]
    text: str
    tokens: int
    forced: int
    rolled_back: int
    complete: bool


def decoded(
    model: Stepping, masks: Masks, encode: Callable[[str], list[int]], choose: Chooser, environment: Environment,
    prompt: Sequence[int] = (), cap: int = 128, limit: int = 1024,
) -> Decoded:  # fmt: skip
    """Run an agent to its end, in about `limit` generated tokens at most.

    `prompt`: tokens before the run (the text should end with a new line, as states begin on one). Where the environment
    must speak next and nobody has a choice, its marker is appended without asking the model.
    """
    specification, grammar, texts = masks.grammar.specification, masks.grammar, masks.vocabulary.texts
    text, used, forced, rolled_back, hurried, at = "", 0, 0, 0, False, grammar.automaton.start
    logits = model.extend(prompt) if prompt else None
    while True:
        opened = only_environment(masks, at)
        if opened is None:
            if logits is None:
                raise ValueError("a run in which the model speaks first needs a prompt")
            stretch = Enforcer(masks, at, cap, max(0, limit - used))
            logits = written(model, stretch, logits, choose)
            text += b"".join(texts[token] for token in stretch.tokens).decode(errors="replace")
            used, forced = used + len(stretch.tokens), forced + stretch.forced
            rolled_back, hurried = rolled_back + stretch.rolled_back, hurried or stretch.hurried
            if stretch.turn != "environment":
                break
            at, name = stretch.at, specification.segments(text)[-1].state
        else:
            name = opened
            text += specification.state[name].marker
            logits = model.extend(encode(specification.state[name].marker))
            at = grammar.automaton.moves[at][name]
        said = escaped(environment(name, specification.segments(text)[:-1]), specification.markers).strip() or EMPTY
        text += f" {said}\n"
        logits = model.extend(encode(f" {said}\n"))
        if not grammar.automaton.moves[at]:
            break
    return Decoded(specification.segments(text), text, used, forced, rolled_back, not hurried)


def only_environment(masks: Masks, at: int) -> str | None:
    """The environment's state that must come next, if nothing else may."""
    legal = masks.grammar.specification.legal(at)
    only = len(legal) == 1 and at not in masks.grammar.automaton.accepting
    return legal[0] if only and masks.grammar.specification.state[legal[0]].environment else None


def written(model: Stepping, stretch: Enforcer, logits: np.ndarray, choose: Chooser) -> np.ndarray:
    """Let the model write one stretch; the logits after it."""
    while not stretch.ended:
        token = choose(logits, stretch.allowed())
        if token in stretch.ends:
            break
        stretch.take(token)
        logits = model.extend([token])
        if stretch.turn == "illegal":
            logits = model.roll_back(stretch.roll_back())
    return logits


def greedy(logits: np.ndarray, mask: np.ndarray) -> int:
    """The likeliest token that is legal."""
    return int(np.where(mask, logits, -np.inf).argmax())


def sampled(rng: np.random.Generator, temperature: float = 1.0) -> Chooser:
    """Draws from the legal tokens, renormalised."""

    def choose(logits: np.ndarray, mask: np.ndarray) -> int:
        legal = np.flatnonzero(mask)
        scaled = logits[legal] / temperature
        mass = np.cumsum(np.exp(scaled - scaled.max()))
        return int(legal[np.searchsorted(mass, rng.random() * mass[-1], side="right")])

    return choose
