"""Specifications as languages: reading, what is refused, automata against brute force, formulas against their truth."""

import re
from itertools import product as pairs
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.agents.published_agents import published
from manyminds.core import BadInput, Invalid, Seeds
from manyminds.models.constrain import ltlf
from manyminds.models.constrain.automata import Automaton, automaton, product
from manyminds.models.constrain.behaviour import Next, Or, Step, Until, behaviour, local_formula, steps
from manyminds.models.constrain.markers import escaped, pattern, scanner, split
from manyminds.models.constrain.reader import read
from manyminds.models.constrain.specification import specification
from manyminds.papers.ltl_agents import proofs
from manyminds.papers.ltl_agents.languages import expanded, random_expression

STATES = ("q", "t", "a", "i", "o", "f", "n", "s", "b", "c")


def expression(text):
    return behaviour(read(text)[0], STATES)


def spec(behaviour="(next q t)", constraints="", q='(q (:text "Q:"))', t='(t (:text "T:"))', more=""):
    return specification(f"(define x (:states {q} {t} {more}) (:behavior {behaviour}) {constraints})")


# ---- languages


def test_published_and_random_specifications_are_what_brute_force_says():
    assert proofs.language_gaps(Seeds(0), 60, 7)["differ"] == 0


@pytest.mark.slow
def test_two_hundred_random_specifications_up_to_nine_states():
    assert proofs.language_gaps(Seeds(1), 200, 9) == {"checked": 208, "differ": 0, "longest": 9}


def as_regex(one):
    match one:
        case Step(state):
            return state
        case Next(parts):
            return "".join(f"(?:{as_regex(part)})" for part in parts)
        case Or(parts):
            return "|".join(f"(?:{as_regex(part)})" for part in parts)
        case Until(body, exit, least, most):
            return f"(?:{as_regex(body)}){{{least},{'' if most is None else most}}}{exit or ''}"


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_regular_expressions_agree(seed):
    one = random_expression(Random(seed), ("a", "b", "c"), 3)
    regex, machine = re.compile(as_regex(one)), automaton(one)
    for length in range(6):
        for word in pairs("abc", repeat=length):
            assert machine.accepts(word) == bool(regex.fullmatch("".join(word)))


def test_both_branches_that_begin_alike_are_legal():
    assert set(automaton(expression("(or (next a b) (next a c))")).words(3)) == {("a", "b"), ("a", "c")}
    assert ("a", "b", "a") in set(automaton(expression("(until_2 (next a b) a)")).words(5))


@pytest.mark.parametrize("k", range(5))
def test_a_capped_loop_has_as_many_words_as_rounds(k):
    words = list(automaton(expression(f"(next q (until_{k} (next t a i) f) n)")).words(30))
    assert sorted(map(len, words)) == [3 + 3 * j for j in range(k + 1)]


def test_caps_of_loops():
    assert len(list(automaton(expression("(until_2_4 a s)")).words(20))) == 3
    one = spec("(until q t)")
    assert one.compiled(3).accepts("qqqt") and not one.compiled(3).accepts("qqqqt")
    assert spec("(until_1 q t)").compiled(None).accepts("qqqqqqqt")
    assert len(one.compiled(1000).moves) == 1002


def test_automata_are_smallest():
    for name in ("direct", "cot", "react", "rewoo"):
        machine = published(name).automaton
        rest = {state: frozenset(words(machine, state, 24)) for state in range(len(machine.moves))}
        assert len(set(rest.values())) == len(rest)  # no two states do the same
        assert min(machine.distance) == 0  # none is dead


def words(machine, state, longest):
    return Automaton(machine.moves, machine.accepting, state).words(longest)


def test_parity_has_an_automaton_but_no_generated_formula():
    one = expression("(until (next a a) s)")
    assert local_formula(one) is None
    assert [len(word) for word in automaton(one).words(8)] == [1, 3, 5, 7]


# ---- formulas


def test_generated_formulas_have_the_same_automaton():
    assert proofs.formula_gaps(Seeds(0), 60)["differ"] == 0


def test_the_formula_of_react_is_true_of_its_runs_and_of_no_others():
    one = specification(proofs.LOCAL_REACT)
    rule = ltlf.formula(local_formula(one.behaviour))
    runs = expanded(one.behaviour, 11)
    assert all(ltlf.truth(rule, run) for run in runs)
    for run in runs:
        for at in range(len(run)):
            for other in "qtaiofn":
                word = (*run[:at], other, *run[at + 1 :])
                assert ltlf.truth(rule, word) == (word in runs)


FORMULA = st.recursive(
    st.sampled_from(["a", "b", "c", "last", "true", "false"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["X", "N", "G", "F", "!"]), inner).map(lambda p: f"{p[0]} ({p[1]})"),
        st.tuples(inner, st.sampled_from(["U", "R", "&", "|", "->"]), inner).map(
            lambda p: f"(({p[0]}) {p[1]} ({p[2]}))"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=120)
@given(FORMULA)
def test_progression_is_truth(text):
    rule = ltlf.formula(text)
    machine = ltlf.automaton_of(rule, "abc")
    for length in range(1, 5):
        for word in pairs("abc", repeat=length):
            assert machine.accepts(word) == ltlf.truth(rule, word), (text, word)


def test_a_weak_next_in_place_of_a_strong_one_is_seen():
    strong, weak = (ltlf.automaton_of(ltlf.formula(f"G(a -> {next} b)"), "ab") for next in "XN")
    assert not strong.accepts("a") and weak.accepts("a")


def test_constraints_speak_of_contents():
    tools = '(t (:text "T:") (:output-constrs "Search" "Lookup"))'
    one = spec("(until t q)", '(:constraints "G(t=Search -> F t=Lookup)")', t=tools)
    one.parse("T: Search\nT: Lookup\nQ: x")
    with pytest.raises(Invalid, match="may not come here; legal: t"):
        one.parse("T: Lookup\nT: Search\nQ: x")
    assert one.legal(one.automaton.moves[0]["t=Search"]) == ("t",)  # trimmed: it cannot end before the lookup


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("G(a -> F", "the formula stops too early"),
        ("a & & b", "column 5: a formula is missing before '&'"),
        ("(a | b", r"column 7: a '\)' is missing for the '\(' in column 1"),
        ("a b", "column 3: 'b' is one too many"),
        ("a @ b", "column 3: '@' means nothing here"),
    ],
)
def test_formulas_that_cannot_be_read(text, problem):
    with pytest.raises(BadInput, match=problem):
        ltlf.formula(text)


# ---- specifications that are refused, and where

BAD = {
    "(define x": "line 1, column 1: this '\\(' is never closed",
    "(define x))": "line 1, column 11: this '\\)' closes nothing",
    '(define x "a': "line 1, column 11: a quoted text begins here",
    "(defin x)": "one \\(define name",
    "(define x (:states (a (:text A:))))": "needs :behavior",
    "(define x (:state) (:behavior a))": "unknown field ':state'; did you mean ':states'",
}


@pytest.mark.parametrize("text", BAD)
def test_texts_that_are_no_specification(text):
    with pytest.raises(BadInput, match=BAD[text]):
        specification(text)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"behaviour": "(next q u)"}, "line 1, column 75: unknown state 'u'"),
        ({"behaviour": "(nxt q t)"}, "unknown operator 'nxt'; did you mean 'next'"),
        ({"behaviour": "(until q (next t q))"}, "exit of until must be a single state"),
        ({"behaviour": "(until_3_2 q t)"}, "at least 3 and at most 2"),
        ({"t": '(q (:text "T:"))'}, "'q' is declared twice"),
        ({"t": '(t (:text "Q:"))'}, "same marker 'Q:'"),
        ({"t": '(t (:text "Q: T"))'}, "'Q:' is found before the end of 'Q: T'"),
        ({"t": '(t (:text "aQ:b"))'}, "'Q:' is found before the end"),
        ({"t": '(t (:text ""))'}, "needs a \\(:text marker\\)"),
        ({"t": "(t)"}, "needs a \\(:text marker\\)"),
        ({"t": '(t (:text "T:") (:flags :envinput))'}, "unknown flag ':envinput'; did you mean ':env-input'"),
        ({"t": '(t (:text "T:") (:flags :env-input) (:output-constrs a))'}, "filled by the environment"),
        ({"t": '(t (:text "T:") (:output-constrs "A b" "ab"))'}, "'A b' and 'ab' of 't' look the same"),
        ({"t": '(t (:text "T:") (:output-constrs a a))'}, "'a' and 'a' of 't' look the same"),
        ({"t": '(t (:text "T:") (:output-constrs "see Q: here"))'}, "holds the marker 'Q:'"),
        ({"t": '(X (:text "T:"))'}, "'X' cannot name a state"),
        ({"constraints": '(:constraints "F u")'}, "unknown state 'u'"),
        ({"constraints": '(:constraints "F t=a")'}, "unknown content of 't' 'a'"),
        ({"constraints": '(:constraints "G !t")'}, "the behaviour and the constraint 'G !t' cannot hold together"),
        ({"constraints": '(:constraints "F q" "F t" "X X q" "F t & G !t")'}, "'F t & G !t' can never hold"),
        ({"constraints": '(:constraints "G(q -> X q)" "F t")'}, "'G\\(q -> X q\\)' cannot hold together"),
        ({"constraints": '(:constraints "q U t") (:constraints "q")'}, ":constraints is there twice"),
    ],
)
def test_specifications_that_cannot_be_met(changes, problem):
    with pytest.raises(BadInput, match=problem):
        spec(**changes)


def test_a_conflict_is_the_shortest():
    with pytest.raises(BadInput) as problem:
        spec("(until q t)", '(:constraints "F t" "X X q" "G !q" "q")')
    assert "'X X q' and the constraint 'G !q'" in str(problem.value) and "behaviour" not in str(problem.value)


def test_examples_are_checked_with_caps_off():
    one = spec("(until_1 q t)")
    one.examples(["Q: a\nQ: b\nQ: c\nT: d"])
    for text, problem in (("Q: a\nT:", "state 2 \\(t\\): the state 't' is empty"), ("Q: a", "stops before"),
                          ("x\nQ: a\nT: b", "stands before the first state"),
                          ("T: a\nQ: b", "state 2 \\(q\\): 'q' may not come here")):  # fmt: skip
        with pytest.raises(BadInput, match=f"example 2 of 'x' is not legal: .*{problem}"):
            one.examples(["T: a", text])


# ---- markers

MARKERS = ("Thought:", "Final Thought:", "Action:", "Action Input:", "aab")
TEXT = st.lists(st.sampled_from([*MARKERS, "Thou", "Final ", "a", "ab", "b", "\n", " ", "\\", ":", "Act"])).map("".join)


@given(TEXT)
def test_the_scanner_of_bytes_finds_what_the_pattern_finds(text):
    table, at, found = scanner(MARKERS), 0, []
    for end, byte in enumerate(text.encode(), 1):
        at, _ = table.reading(at, byte)
        if table.marker[at] >= 0:
            found.append((table.marker[at], end))
            at = 0
    assert found == [(MARKERS.index(one[0]), one.end()) for one in pattern(MARKERS).finditer(text)]


@given(TEXT)
def test_no_marker_survives_in_the_text_of_a_tool(text):
    safe = escaped(text, MARKERS)
    assert split(safe, MARKERS)[1] == [] and safe.replace("\\", "") == text.replace("\\", "")
    whole = f"Thought: x\nAction: {safe}\nThought: y"
    assert [number for number, _ in split(whole, MARKERS)[1]] == [0, 2, 0]


def test_the_product_of_nothing_in_common_is_empty():
    assert product([automaton(expression("a")), automaton(expression("b"))]).empty
    assert not list(product([automaton(expression("a")), automaton(expression("b"))]).words(3))
    assert set(steps(expression("(until (or a b) s)"))) == {"a", "b", "s"}
