"""Strategies as sentences: every genome is read back exactly."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents.donors import LIMITS, RULES, STOCKS, Genome, Sentence, decide, founder, mutated, parsed, sentence
from manyminds.agents.seats import rule
from manyminds.core import BadInput, Invalid

genes = some.builds(Genome, **{name: some.floats(low, high) for name, (low, high) in LIMITS.items()})


@given(genes)
def test_a_sentence_is_read_back_exactly(genome):
    text = sentence(genome)
    assert parsed(text) == genome and parsed(f"Let me think.\n{text}\nThat is all.") == genome
    assert text.count(". ") == 0 and text.endswith(".")


@given(some.sampled_from(sorted(STOCKS)), some.integers(0, 10_000))
def test_genomes_stay_within_their_limits(stock, root):
    rng = Random(root)
    genome = founder(STOCKS[stock], rng)
    for _ in range(20):
        genome = mutated(STOCKS[stock], genome, rng, 0.3, 0.1)
    for name, (low, high) in LIMITS.items():
        assert low <= getattr(genome, name) <= high
    assert parsed(sentence(genome)) == genome


@pytest.mark.parametrize(
    "text", ["", "I give half.", "My rule: give much by default.", "My rule: give 150% by default"]
)
def test_what_is_no_such_sentence(text):
    with pytest.raises(Invalid):
        parsed(text)


def test_a_strategy_in_free_words():
    action = Sentence()
    assert action.parse("Hm.\n**My strategy:** Give half to the generous.\nDone") == "Give half to the generous."
    for text in ("I give half.", "My strategy:   "):
        with pytest.raises(Invalid):
            action.parse(text)
    assert action.anchor in action.instruction() and action.schema() is None


def test_decisions_by_hand():
    first, known, none = (0.6, 0.2, 1.0), (True, True, False), (False,) * 3
    assert decide(Genome(first=0.4, base=0.9, w1=1), first, none, 0).fraction == 0.4
    assert decide(Genome(base=0.1, slope=0.5, w1=1), first, known, 0).fraction == pytest.approx(0.4)
    assert decide(Genome(slope=1, w1=1, w2=3, w3=9), first, known, 0).fraction == pytest.approx(0.3)
    assert decide(Genome(first=0.7, w1=1, threshold=0.6), first, known, 0).fraction == 0.7
    assert decide(Genome(first=0.7, base=0.05, w1=1, threshold=0.61), first, known, 0).fraction == 0.05
    assert decide(Genome(first=0.9, cap=0.5), first, known, 0).fraction == 0.5
    assert decide(Genome(first=0.0, floor=0.2), first, known, 0).fraction == 0.2
    assert decide(Genome(first=0.5, jitter=0.1), first, known, 2.0).fraction == pytest.approx(0.7)
    assert decide(Genome(w1=1, punish_below=0.61), first, known, 0).punish
    assert not decide(Genome(w1=1, punish_below=0.61), first, none, 0).punish


def test_rules_by_name():
    assert rule("gives:0.25", RULES).genome.first == 0.25
    assert rule("reciprocator", RULES).genome.w1 == 1
    with pytest.raises(BadInput, match="from 0 to 1"):
        rule("gives:7", RULES)
