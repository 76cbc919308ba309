"""The sub-skill questions: gold answers graded first, by brute force over what could follow."""

import pytest

from manyminds.core import Invalid, NoAnswer, Seeds
from manyminds.papers.govsim.probes import MEMBERS, SKILLS, Probe, next_pool, probes

ITEMS = list(probes(Seeds(4)))


def gold(item: Probe) -> set[int]:
    """Right answers by the definitions, without the formulas."""
    if item.skill == "dynamics":
        left = item.pool
        for _ in MEMBERS:
            left -= item.take
        return {min(left + left, 100)}
    keeps = [x for x in range(item.pool // 5 + 1) if next_pool(item.pool, x) >= item.pool]
    most = max(keeps)
    return ({x for x in keeps if x} or {0}) if item.skill == "action" else {most}


def test_every_gold_answer_is_accepted_and_the_next_one_is_not():
    assert len(ITEMS) == 4 * 2 * 2 * 150
    for item in ITEMS:
        answers = gold(item)
        assert all(item.right(item.action.parse(f"Answer: {n}")) for n in answers), item.name
        assert not item.right(max(answers) + 1) and not item.right(-1)


def test_no_answer_is_unscored():
    assert ITEMS[0].right(NoAnswer("silence")) is None
    with pytest.raises(Invalid):
        ITEMS[0].action.parse("3 or 4")


def test_forms_of_an_item_share_numbers_and_only_the_hint_tells_the_threshold():
    assert len({item.pool for item in ITEMS}) > 60 and all(10 <= item.pool <= 100 for item in ITEMS)
    for start in range(150):
        assert len({item.pool for item in ITEMS[start::150]}) == 1
    for item in ITEMS:
        told = "took more than" in item.text or "removed more than" in item.text
        assert told == item.hint, item.text
        assert str(item.pool) in item.text and ("lost for good" in item.text) == (item.wording == "full")
    assert {item.skill for item in ITEMS} == set(SKILLS) and len({item.text for item in ITEMS}) > 1000
