"""Voting rules against a brute-force second writing on every profile of ballots, and consensus on every string."""

from collections import Counter
from itertools import chain, combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyminds.conversations.ballots import (
    AnyOptions,
    Contribution,
    OneOption,
    Points,
    Ranking,
    by_words,
)
from manyminds.conversations.consensus import THRESHOLDS, Stance, Threshold, backers, stopped_at
from manyminds.conversations.voting import approval, cumulative, merged, ranked, simple
from manyminds.core import Invalid

VOTERS, OPTIONS = 3, 3
SUBSETS = list(chain.from_iterable(combinations(range(OPTIONS), k) for k in range(OPTIONS + 1)))
RANKINGS = [p for k in range(1, OPTIONS + 1) for p in permutations(range(OPTIONS), k)]
SPLITS = [(a, b, 10 - a - b) for a in range(11) for b in range(11 - a)]


def only_maximum(scores):
    """The winner, written a second time: by sorting."""
    best, *rest = sorted(scores.items(), key=lambda pair: -pair[1])
    return None if not best[1] or (rest and rest[0][1] == best[1]) else best[0]


def scored(pairs):
    scores = dict.fromkeys(range(OPTIONS), 0.0)
    for option, points in pairs:
        scores[option] += points
    return scores


def test_simple_on_every_profile():
    for profile in product([None, *range(OPTIONS)], repeat=VOTERS):
        scores = scored((b, 1) for b in profile if b is not None)
        found = simple(profile, OPTIONS)
        assert found.winner == only_maximum(scores) and found.scores == tuple(scores.values())
        assert found.invalid == profile.count(None)


def test_approval_on_every_profile():
    for profile in product([None, *SUBSETS], repeat=VOTERS):
        scores = scored((option, 1) for b in profile if b is not None for option in b)
        assert approval(profile, OPTIONS).winner == only_maximum(scores)


def test_ranked_on_every_profile():
    for profile in product([None, *RANKINGS], repeat=VOTERS):
        scores = scored((option, min(5, VOTERS) - r) for b in profile if b is not None for r, option in enumerate(b))
        assert ranked(profile, OPTIONS).winner == only_maximum(scores)


def test_cumulative_on_every_profile_of_two_and_sampled_ones_of_three():
    third = [None, (10, 0, 0), (0, 10, 0), (4, 3, 3)]
    for profile in product([None, *SPLITS], [None, *SPLITS], third):
        scores = scored((option, points) for b in profile if b is not None for option, points in enumerate(b))
        assert cumulative(profile, OPTIONS).winner == only_maximum(scores)


@given(st.lists(st.sampled_from(SPLITS), min_size=3, max_size=3))
def test_points_are_conserved(profile):
    assert sum(cumulative(profile, OPTIONS).scores) == 30


@given(st.lists(st.sampled_from(RANKINGS), min_size=1, max_size=6), st.permutations(range(OPTIONS)))
def test_rules_know_no_names(profile, renamed):
    """Renaming the options renames the winner, and the order of the voters does not matter."""
    other = [tuple(renamed[o] for o in ballot) for ballot in reversed(profile)]
    won = ranked(profile, OPTIONS).winner
    assert ranked(other, OPTIONS).winner == (None if won is None else renamed[won])


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        (simple, 3),
        (approval, (0, 5)),
        (cumulative, (5, 5, 1)),
        (cumulative, (11, -1, 0)),
        (ranked, (1, 1)),
        (ranked, ()),
    ],
)
def test_illegal_ballots_are_refused(rule, bad):
    with pytest.raises(Invalid):
        rule([bad], OPTIONS)


def test_no_valid_ballot_elects_nobody():
    for rule in (simple, approval, cumulative, ranked):
        assert rule([None] * 3, OPTIONS).winner is None and rule([None] * 3, 1).winner is None


def test_equal_answers_are_one_option():
    assert merged(["B) no", "b)", " Paris", "paris "]) == (["B) no", " Paris"], [0, 0, 1, 1])
    assert merged(["ab", "ac", "b"], key=lambda answer: answer[0]) == (["ab", "b"], [0, 0, 1])


# ---- ballots as they are written


def test_ballots_are_read_strictly():
    assert OneOption(20).parse("I like 3 and 4.\nAnswer: 2") == 2
    for bad in ("1 or 2", "none", "Answer: 12", "1.5", ""):
        with pytest.raises(Invalid):
            OneOption(3).parse(bad)
    assert AnyOptions(4).parse("0, 2") == {0, 2} and AnyOptions(4).parse("None of them") == frozenset()
    assert Points(3).parse('{"0": 7, "2": 3}') == (7, 0, 3)
    for bad in ('{"0": 7}', '{"0": 11, "1": -1}', '{"9": 10}', "ten", "[1]", '{"a": 10}'):
        with pytest.raises(Invalid):
            Points(3).parse(bad)
    assert Ranking(3).parse("Answer: 2 0 1") == (2, 0, 1)
    for bad in ("0 0 1", "5", "", "0 1 2 3 4 5"):
        with pytest.raises(Invalid):
            Ranking(3).parse(bad)


def test_stances_are_told_by_tags_and_else_by_words():
    read = Contribution("improve", "marked").parse
    assert read("[AGREE] yes").agrees is True and not read("[AGREE] yes").by_rule
    no = read("[DISAGREE] because\nSolution: 7")
    assert (no.agrees, no.solution) == (False, "7")
    assert by_words("I cannot agree") and not by_words("I agree, though some may disagree")
    assert read("[DISAGREE] I agree in part. Solution: 7").conflict
    assert read("I agree.").by_rule and read("I agree.").agrees
    for bad in ("[AGREE] [DISAGREE] Solution: 1", "[DISAGREE] no solution", "  ", "[DISAGREE] Solution:  "):
        with pytest.raises(Invalid):
            read(bad)
    assert Contribution("draft").parse("I agree").agrees is None


# ---- consensus


def brute_force(string, agents, share, hybrid=False):
    """After how many contributions: count back to the last one that did not agree."""
    for end in range(1, len(string) + 1):
        trailing = 1
        while trailing < end and string[end - trailing]:
            trailing += 1
        turn = (end - 1) // agents + 1
        needed = 1 if hybrid and (turn < 5 or agents <= 3) else share
        if min(trailing, agents) / agents >= needed:
            return end
    return None


@pytest.mark.parametrize("agents", [1, 2, 3, 4, 5])
def test_consensus_against_every_string_up_to_length_nine(agents):
    for length in range(1, 10):
        for string in product((True, False), repeat=length):
            found = {name: stopped_at(string, agents, rule) for name, rule in THRESHOLDS.items()}
            for name, share in (("majority", 0.5), ("supermajority", 0.66), ("unanimity", 1), ("hybrid", 0.75)):
                assert found[name] == brute_force(string, agents, share, name == "hybrid"), (string, name)
            ends = [found[n] or 99 for n in ("majority", "supermajority", "unanimity")]
            assert ends == sorted(ends)  # unanimity implies supermajority implies majority
            if agents == 3:
                assert found["majority"] == found["supermajority"]  # 2 of 3


def test_majority_of_four_takes_two():
    assert stopped_at([False, True], 4, THRESHOLDS["majority"]) == 2
    assert stopped_at([False, True], 4, THRESHOLDS["supermajority"]) is None


def test_the_first_words_agree_with_nothing():
    assert backers([Stance(0, True)]) == 1 and backers([Stance(0, None)]) == 0 and backers([]) == 0
    assert stopped_at([True, True, True], 3, THRESHOLDS["unanimity"]) == 3


def test_everybody_counts_once_and_may_withdraw():
    ring = [Stance(0, False), Stance(1, True), Stance(2, True), Stance(1, True), Stance(2, True)]
    assert backers(ring) == 3
    assert backers([*ring, Stance(2, None)]) == 2


def test_the_mutant_that_copies_solutions_never_agrees():
    """In one released version an agreement carries a solution and so counts as a proposal: i is always 1."""
    mutant = [Stance(i % 3, False) for i in range(21)]
    assert all(not Threshold(0.5).reached(backers(mutant[: i + 1]), 3, 1) for i in range(21))
    assert Counter(backers(mutant[: i + 1]) for i in range(21)) == {1: 21}
