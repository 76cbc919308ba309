"""Measures of discussions by hand, and the challenge after one."""

import asyncio
from math import isnan

import pytest
from conversations.talkers import Table, seat_of

from manyminds.conversations import talk_measures as measures
from manyminds.conversations.challenge import IRRELEVANT, challenged
from manyminds.conversations.decisions import Never
from manyminds.conversations.discussion import Discussion, alone
from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.paradigms import Report
from manyminds.conversations.personas import Nobody, Persona

ASKED = Question("What is 1?")


def test_gini_of_equals_and_of_a_monopoly():
    assert measures.gini([3, 3, 3]) == pytest.approx(0) and measures.gini([0, 0]) == 0
    assert measures.gini([0, 0, 9]) == pytest.approx(2 / 3)


def test_the_floor_counts_words_by_seat_and_by_place():
    """The centre of a star writes three times as much as each other."""
    talk = Discussion(paradigm=Report(), decision=Never(), proposer=Nobody(), style="marked", max_turns=2)
    table = Table(draft="one two three four five Solution: 0", say="[AGREE] yes")
    found = measures.floor(asyncio.run(talk.held(ASKED, Minds(table.model), "r")))
    assert found.tokens == (14, 4, 4) and found.positions == (14, 4, 4) and found.won == 0
    assert found.monopoly == pytest.approx(14 / 22)
    assert measures.talking_wins([found]) == pytest.approx(1.0)
    assert isnan(measures.talking_wins([]))


def test_drift_and_collapse_by_hand():
    found = measures.drift([[1, 0.5, 0.5], [0, 1], [1, 1, 0]])
    assert (found.share, found.drop) == (pytest.approx(2 / 3), pytest.approx(0.75))
    assert found.by_turn == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert measures.collapse([[True, False], [True, True]]) == (0.0, -0.5)
    assert measures.drift([]).by_turn == () and measures.collapse([]) == ()


def test_persona_diversity_runs_forwards():
    assert measures.persona_diversity(["a doctor", "a doctor"]) == pytest.approx(0)
    assert measures.persona_diversity(["a doctor", "zebra quiz"]) > 0.5
    assert isnan(measures.persona_diversity(["one"]))


def test_one_mind_alone_improves_its_own_solution():
    table = Table(draft="Solution: 0", say="[DISAGREE] better\nSolution: 1")
    found = asyncio.run(alone(4, style="marked").held(ASKED, Minds(table.model), "r"))
    assert len(found.talk) == found.calls == 4 and found.by_turn == ("0", "1", "1", "1")
    assert "several participants" not in table.texts("say")[0]


def test_a_challenge_tells_who_follows_from_who_thinks():
    def follows_or_thinks(request):
        if seat_of(request) == 0 or "answer to the task:\n1" in request.messages[-1].content:
            return "[AGREE]"
        return "[DISAGREE]\nSolution: 1"

    table = Table(challenge=follows_or_thinks, wrong="2")
    people = (Persona("Follower"), Persona("Thinker"))
    found = asyncio.run(challenged(ASKED, Minds(table.model), people, "1", "r"))
    assert [(c.kind, c.answer) for c in found] == [("final", "1"), ("wrong", "2"), ("irrelevant", IRRELEVANT)]
    assert [c.agrees for c in found] == [(True, True), (True, False), (True, False)]
    assert found[1].replacements == ("", "1")
    silent = asyncio.run(challenged(ASKED, Minds(Table(challenge=" ").model), people, "1", "r", wrong="3"))
    assert silent[1].agrees == (None, None)
