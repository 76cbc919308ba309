"""Second opinions on specifications: LTLf by flloat, regular languages by automata-lib, masks by outlines-core."""

from itertools import product
from random import Random

import numpy as np
import pytest

from manyminds.models.constrain import ltlf
from manyminds.models.constrain.automata import automaton
from manyminds.models.constrain.behaviour import Next, Or, Step, local_formula, steps
from manyminds.models.constrain.specification import specification
from manyminds.models.constrain.tokens import Enforcer, Vocabulary, masks
from manyminds.papers.ltl_agents.languages import expanded, random_expression, random_local
from manyminds.papers.ltl_agents.proofs import LOCAL_REACT


def theirs(text):
    """Our syntax as flloat reads it; its weak next is `WX`."""
    flloat = pytest.importorskip("flloat.parser.ltlf")
    return flloat.LTLfParser()(text.replace("N ", "WX "))


def as_trace(word):
    return [{letter: True} for letter in word]


@pytest.mark.filterwarnings("ignore")
def test_generated_formulas_are_true_of_the_same_words_by_flloat():
    rng = Random(0)
    for _ in range(25):
        one = random_local(rng, rng.sample("abcd", rng.randint(1, 4)))
        letters = sorted(set(steps(one)))
        rule, words = theirs(local_formula(one).replace("last", "(WX false)")), expanded(one, 5)
        for length in range(1, 5):
            for word in product(letters, repeat=length):
                assert rule.truth(as_trace(word), 0) == (word in words), (one, word)


@pytest.mark.filterwarnings("ignore")
def test_the_formula_of_react_by_flloat():
    one = specification(LOCAL_REACT).behaviour
    rule, words = theirs(local_formula(one).replace("last", "(WX false)")), expanded(one, 7)
    rng = Random(1)
    tried = [*words, *(tuple(rng.choices("qtaiofn", k=rng.randint(1, 7))) for _ in range(400))]
    tried += [(*word[:at], other, *word[at + 1 :]) for word in words for at in range(len(word)) for other in "qtaiofn"]
    assert all(rule.truth(as_trace(word), 0) == (word in words) for word in tried)


@pytest.mark.filterwarnings("ignore")
def test_truth_is_that_of_flloat():
    rng = Random(2)

    def drawn(depth):
        if depth == 0 or rng.random() < 0.2:
            return rng.choice(["a", "b", "c"])
        kind = rng.choice(["X", "N", "G", "F", "!", "U", "R", "&", "|", "->"])
        if kind in "XNGF!":
            return f"({kind} ({drawn(depth - 1)}))" if kind != "!" else f"(!({drawn(depth - 1)}))"
        return f"(({drawn(depth - 1)}) {kind} ({drawn(depth - 1)}))"

    for _ in range(60):
        text = drawn(3)
        ours, peer = ltlf.formula(text), theirs(text)
        for length in range(1, 4):
            for word in product("abc", repeat=length):
                assert ltlf.truth(ours, word) == peer.truth(as_trace(word), 0), (text, word)


def test_languages_are_those_of_automata_lib():
    pytest.importorskip("automata")
    from automata.fa.dfa import DFA
    from automata.fa.nfa import NFA

    def regex(one):
        match one:
            case Step(state):
                return state
            case Next(parts):
                return "".join(f"({regex(part)})" for part in parts)
            case Or(parts):
                return "|".join(f"({regex(part)})" for part in parts)
        body, exit = regex(one.body), one.exit or ""
        most = "" if one.most is None else one.most
        return f"({body}){{{one.least},{most}}}{exit}" if most != 0 else exit or "()"

    rng = Random(3)
    for _ in range(60):
        one = random_expression(rng, ("a", "b", "c"), 3)
        peer = DFA.from_nfa(NFA.from_regex(regex(one), input_symbols=set("abc")))
        ours = automaton(one)
        for length in range(7):
            for word in product("abc", repeat=length):
                assert ours.accepts(word) == peer.accepts_input("".join(word)), (one, word)


def test_masks_are_those_of_outlines_core_where_contents_are_fixed():
    outlines = pytest.importorskip("outlines_core")
    spec = specification("""(define s (:states (a (:text "A:") (:output-constrs xy x))
        (b (:text "B:") (:output-constrs y)))
        (:behavior (until_2 a b)))""")  # fmt: skip
    texts = ("A:", "B:", "A", "B", ":", " ", "x", "y", "xy", "\n", ": x", "x\nB", "y\nA:", ":y")
    words = Vocabulary((b"", *(text.encode() for text in texts)), (0,))
    peer = outlines.Vocabulary(0, {text: [number] for number, text in enumerate(texts, 1)})
    index = outlines.Index(r"(A: ?(xy|x)\n){0,2}B: ?y", peer)
    made, rng = masks(spec, words), np.random.default_rng(0)
    for _ in range(200):
        here, state = Enforcer(made), index.get_initial_state()
        while True:
            allowed = set(np.flatnonzero(here.allowed()).tolist())
            # At its end theirs allows the end alone, or with others.
            assert allowed == set(index.get_allowed_tokens(state) or ()), here.tokens
            left = sorted(allowed - {0})
            if not left:
                break
            token = int(rng.choice(left))
            here.take(token)
            state = index.get_next_state(state, token)
