"""Voting rules against the paper's own package on every profile, ties and its consensus included.

Needs the package `mallm` 1.0.5 in the environment (it brings torch and datasets).
"""

from itertools import combinations, permutations, product
from types import SimpleNamespace

import pytest

from manyminds.conversations import voting
from manyminds.conversations.consensus import THRESHOLDS, Stance, backers

OPTIONS = 3
ANSWERS = ["a", "b", "c"]


def protocol(module, name):
    found = getattr(pytest.importorskip(f"mallm.decision_protocols.{module}"), name)
    panelists = [SimpleNamespace(persona=f"P{i}", short_id=f"P{i}") for i in range(3)]
    return found(panelists, 0, SimpleNamespace())


def theirs(rule, profile):
    """The option that the package elects, or None."""
    enums = pytest.importorskip("mallm.utils.enums")
    key = enums.DecisionAlteration.ANONYMOUS
    found = rule.process_results({}, key, ANSWERS, list(profile))[key.value]
    return found.most_voted if found.agreed else None


def test_simple_approval_and_ranked_elect_the_same():
    simple = protocol("simple_voting", "SimpleVoting")
    for profile in product(range(OPTIONS), repeat=3):
        assert voting.simple(profile, OPTIONS).winner == theirs(simple, profile)
    approval = protocol("approval_voting", "ApprovalVoting")  # it takes the approvals of all, one after another
    subsets = [s for k in (0, 1, 2, 3) for s in combinations(range(OPTIONS), k)]
    for profile in product(subsets, repeat=3):
        assert voting.approval(profile, OPTIONS).winner == theirs(approval, [o for ballot in profile for o in ballot])
    ranked = protocol("ranked_voting", "RankedVoting")
    ballots = [list(p) for k in (1, 2, 3) for p in permutations(range(OPTIONS), k)]
    for profile in product(ballots, repeat=3):
        assert voting.ranked(profile, OPTIONS).winner == theirs(ranked, profile)


def test_cumulative_elects_the_same():
    rule = protocol("cumulative_voting", "CumulativeVoting")
    splits = [(a, b, 10 - a - b) for a in range(0, 11, 2) for b in range(0, 11 - a, 2)]
    for profile in product(splits, repeat=3):
        as_theirs = [dict(enumerate(ballot)) for ballot in profile]
        assert voting.cumulative(profile, OPTIONS).winner == theirs(rule, as_theirs)


def test_consensus_is_the_same_where_agreement_brings_no_solution():
    """The package's rule on records as they should be: with the solution copied into agreements it never agrees."""
    rule = protocol("consensus", "MajorityConsensus")
    made = pytest.importorskip("mallm.utils.types").Agreement
    for length in range(1, 7):
        for string in product((True, False), repeat=length - 1):
            words = (False, *string)
            records = [made(agreement=a, solution="" if a else f"s{i}", agent_id=str(i % 3), response="", persona="",
                            message_id=i) for i, a in enumerate(words)]  # fmt: skip
            _, decided, *_ = rule.make_decision(records, 1, 2, "", "", None)
            stances = [Stance(i % 3, a) for i, a in enumerate(words)]
            recent = [a for a in words[-3:]]
            if False in recent:  # the package looks back over one turn only
                assert decided == THRESHOLDS["majority"].reached(backers(stances), 3, 1)
    copied = [made(agreement=i > 0, solution="s", agent_id=str(i), response="", persona="", message_id=i) for i in
              range(3)]  # fmt: skip
    assert rule.make_decision(copied, 1, 2, "", "", None)[1] is False
