"""What enforcement costs: building automata and masks, a mask a token, and decoding with and without.

    python benchmarks/constrain.py

Peers are timed where they are installed: `flloat` (its automaton of a formula of two propositions; with five it does
not come to an end), `outlines-core` on the regular expression over markers and fixed contents that says the same.
"""

import time
from importlib.util import find_spec
from random import Random

import numpy as np

from manyminds.agents.published_agents import BEHAVIOURS, published
from manyminds.models.constrain.behaviour import local_formula
from manyminds.models.constrain.decoding import decoded, sampled
from manyminds.models.constrain.ltlf import automaton_of, formula
from manyminds.models.constrain.specification import specification
from manyminds.models.constrain.tokens import Enforcer, Vocabulary, masks
from manyminds.papers.ltl_agents.proofs import LOCAL_REACT, RandomModel

SIZE = 8192
PAIR = "G(a -> X b) & G(b -> N a)"
FIXED = """(define fixed (:states (thought (:text "Thought:") (:output-constrs {words})) (action (:text "Action:")
    (:output-constrs {tools})) (answer (:text "Answer:") (:output-constrs {words})))
    (:behavior (next (until_5 (next thought action) thought) answer)))"""


def timed(work, repeats=5):
    """The best time of a few, in seconds, and what the work gave."""
    best, found = float("inf"), None
    for _ in range(repeats):
        begun = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - begun)
    return best, found


def vocabulary():
    """An end, all bytes, and made-up pieces of words and of markers, 8,192 in all."""
    rng, markers = Random(0), published("react").markers
    pieces = {
        marker[i:j].encode() for marker in markers for i in range(len(marker)) for j in range(i + 1, len(marker) + 1)
    }
    while len(pieces) < SIZE - 257:
        word = "".join(rng.choice("etaoinshrdlu") for _ in range(rng.randint(2, 9)))
        pieces.add((" " * rng.randint(0, 1) + word).encode())
    return Vocabulary((b"", *(bytes([byte]) for byte in range(256)), *sorted(pieces)[: SIZE - 257]), (0,))


def building():
    for name in BEHAVIOURS:
        seconds, machine = timed(lambda name=name: published(name).compiled())
        print(f"{name:10} automaton of {len(machine.moves):3} states in {1e3 * seconds:7.2f} ms")
    one = specification(LOCAL_REACT)
    seconds, machine = timed(lambda: automaton_of(formula(local_formula(one.behaviour)), tuple(one.state)))
    print(f"LTLf of ReAct, 7 propositions: {len(machine.moves)} states in {1e3 * seconds:.2f} ms")
    seconds, machine = timed(lambda: automaton_of(formula(PAIR), ("a", "b")))
    print(f"LTLf of 2 propositions: {len(machine.moves)} states in {1e3 * seconds:.2f} ms")
    if find_spec("flloat"):
        from flloat.parser.ltlf import LTLfParser

        peer = LTLfParser()(PAIR.replace("N ", "WX "))
        seconds, machine = timed(peer.to_automaton, 1)
        print(f"  flloat: {1e3 * seconds:.2f} ms")


def masking(words):
    made = masks(published("react"), words, "rollback")
    begun = time.perf_counter()
    words.levels, words.leaf  # noqa: B018  worked out at the first use
    print(f"trie of {SIZE:,} tokens: {1e3 * (time.perf_counter() - begun):.1f} ms, once for all specifications")
    for label in ("first", "second", "third"):
        rng, before = np.random.default_rng(0), len(made.masks)
        begun, tokens = time.perf_counter(), 0
        for _ in range(20):
            here = Enforcer(made, at=1, cap=24, limit=400)
            while not here.ended:
                mask = here.allowed()
                token = int(rng.choice(np.flatnonzero(mask)))
                if token in here.ends:
                    break
                here.take(token)
                if here.turn == "illegal":
                    here.roll_back()
                tokens += 1
        spent = time.perf_counter() - begun
        print(f"ReAct, {label} 20 stretches: {tokens} tokens, {1e6 * spent / tokens:.0f} us a token with its choice, "
              f"{len(made.masks) - before} masks worked out")  # fmt: skip


def against_outlines(words):
    spec = specification(FIXED.format(words='"look" "think" "done"', tools='"Search" "Lookup"'))
    said = "(look|think|done)"
    regex = rf"(Thought: ?{said}\nAction: ?(Search|Lookup)\n){{0,5}}Thought: ?{said}\nAnswer: ?{said}"
    seconds, made = timed(lambda: masks(spec, words), 3)
    rng, places, begun = np.random.default_rng(0), [], time.perf_counter()
    for _ in range(50):
        here = Enforcer(made)
        while left := [int(token) for token in np.flatnonzero(here.allowed()) if token]:
            here.take(int(rng.choice(left)))
        places.append(here.tokens)
    cold = time.perf_counter() - begun
    total = sum(map(len, places))

    def ours():
        for tokens in places:
            here = Enforcer(made)
            for token in tokens:
                here.allowed()
                here.take(token)

    warm, _ = timed(ours)
    print(f"fixed contents, ours: built in {1e3 * seconds:.2f} ms; {1e6 * cold / total:.0f} us a token the first time, "
          f"{1e6 * warm / total:.1f} us once known")  # fmt: skip
    if not find_spec("outlines_core"):
        return
    import outlines_core as peer

    ids = {}
    for number, text in enumerate(words.texts):
        if text and text.isascii():
            ids.setdefault(text.decode(), []).append(number)
    vocabulary = peer.Vocabulary(0, ids)
    seconds, index = timed(lambda: peer.Index(regex, vocabulary), 3)

    def theirs():
        for tokens in places:
            state = index.get_initial_state()
            for token in tokens:
                mask = np.zeros(SIZE, bool)
                mask[index.get_allowed_tokens(state)] = True
                state = index.get_next_state(state, token)

    warm, _ = timed(theirs)
    print(f"  outlines-core: built in {1e3 * seconds:.2f} ms; {1e6 * warm / total:.1f} us a token with a mask")


def decoding(words):
    """Runs of a model whose logits cost nothing, so that all of the difference is ours."""
    made = masks(published("react"), words, "rollback")

    def encode(text):
        return [1 + byte for byte in text.encode()]

    def runs():
        tokens = 0
        for seed in range(10):
            rng = np.random.default_rng(seed)
            ran = decoded(
                RandomModel(rng, SIZE), made, encode, sampled(rng), lambda state, so_far: "x", cap=32, limit=300
            )
            tokens += ran.tokens + ran.rolled_back
        return tokens

    seconds, tokens = timed(runs, 3)
    rng = np.random.default_rng(0)
    model, choose, everything = RandomModel(rng, SIZE), sampled(rng), np.ones(SIZE, bool)
    free, _ = timed(lambda: [choose(model.extend([0]), everything) for _ in range(tokens)], 3)
    print(
        f"decoding, {SIZE:,} tokens: masked {1e6 * seconds / tokens:.0f} us a token, unmasked {1e6 * free / tokens:.0f}"
    )


def main():
    words = vocabulary()
    building()
    masking(words)
    against_outlines(words)
    decoding(words)


if __name__ == "__main__":
    main()
