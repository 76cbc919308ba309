"""A judge over real HTTP: both orders averaged, biases cancelled, unusable answers counted and tied."""

import re

import numpy as np
import pytest
from server import serving

from manyminds.conversations.pair_judge import Both, PairJudge, matrix, reliability
from manyminds.models.door import Door, Patience
from manyminds.models.endpoint import Endpoint

ANSWERS = ["one", "one two", "one two three"]


def shown(messages):
    text = messages[0]["content"]
    return [re.search(rf"Answer {name}:\n(.*?)\n", text + "\n").group(1) for name in "AB"]


def longer(messages):
    a, b = (len(text.split()) for text in shown(messages))
    return f'{{"winner": "{"A" if a > b else "B" if b > a else "TIE"}"}}'


async def judged(server, **options):
    door = Door(patience=Patience(tries=8, first_wait=0.001))
    judge = PairJudge(door.open(Endpoint(server.url, "judge", "", timeout=5)), **options)
    pairs = [await judge.both("Say something.", ANSWERS, i, j, "t") for i, j in ((0, 1), (0, 2), (1, 2))]
    return judge, pairs, door


async def test_a_fair_judge_agrees_with_itself_in_both_orders():
    with serving(longer) as server:
        _, pairs, door = await judged(server)
    np.testing.assert_array_equal(matrix(pairs, 3), [[0, -1, -1], [1, 0, -1], [1, 1, 0]])
    found = reliability(pairs)
    assert (found["questions"], found["agreeing"], found["unusable"], found["bias"]) == (6, 3, 0, 0.0)
    assert door.totals.calls == 6 and door.totals.prompt_tokens > 0


async def test_a_judge_that_likes_the_first_place_prefers_nobody():
    with serving(lambda messages: '{"winner": "A"}') as server:
        _, pairs, _ = await judged(server)
    assert not matrix(pairs, 3).any()
    found = reliability(pairs)
    assert (found["agreeing"], found["bias"], found["ties"]) == (0, 1.0, 0)
    # The mutant that asks in one order only takes the bias for a preference.
    assert all(pair.shown_first == 1 for pair in pairs)


async def test_refusals_are_tried_once_more_then_count_as_ties_and_are_told():
    with serving(lambda messages: "I would rather not.") as server:
        judge, pairs, door = await judged(server)
    found = reliability(pairs)
    assert found["unusable"] == 6 and found["pairs"] == 0 and found["bias"] is None
    assert door.totals.calls == 12 == sum(judge.invalid.values()) and not matrix(pairs, 3).any()


async def test_faults_of_the_server_do_not_change_what_is_judged():
    faults = {1: "429", 2: "500", 3: "cut", 5: "malformed", 7: "no number", 9: "wrong name"}
    with serving(longer, plan=lambda n, body: faults.get(n)) as server:
        judge, pairs, _ = await judged(server, tries=5)
    np.testing.assert_array_equal(matrix(pairs, 3), [[0, -1, -1], [1, 0, -1], [1, 1, 0]])
    assert sum(judge.invalid.values()) == 2


async def test_the_rubric_and_both_answers_are_shown_and_nothing_else():
    seen = []
    with serving(lambda messages: seen.append(messages[0]["content"]) or '{"winner": "TIE"}') as server:
        await judged(server, rubric="Short is good.")
    assert "Short is good." in seen[0] and "one two" in seen[0] and "three" not in seen[0]


@pytest.mark.parametrize(("forth", "back", "preference"), [(1, 1, 1), (1, -1, 0), (None, 1, 0.5), (0, None, 0)])
def test_an_unusable_answer_counts_as_a_tie(forth, back, preference):
    assert Both(0, 1, forth, back).preference == preference
