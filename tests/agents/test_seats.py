"""Who sits where, from words: rules by name and number, a person, models; and clear refusals."""

import pytest

from manyminds.agents.commoners import RULES, Noisy, Takes
from manyminds.agents.person import Person
from manyminds.agents.seats import known, rule, seated
from manyminds.core import BadInput


def test_rules_take_their_numbers():
    assert rule("takes:10", RULES) == Takes(10)
    assert rule("noisy", RULES) == Noisy() and rule("noisy:2.5", RULES) == Noisy(2.5)


@pytest.mark.parametrize(("seat", "said"), [
    ("takes", "takes:WISH"), ("takes:a", "'a' is not a number"), ("greedy:1", "greedy"), ("gredy", "'greedy'"),
    ("http://", "unknown seat"),
])  # fmt: skip
def test_what_cannot_sit_is_refused(seat, said):
    with pytest.raises(BadInput, match=said):
        known(seat, RULES)


def test_persons_and_models_sit_too():
    assert isinstance(seated("human", "a", RULES, None, None), Person)
    made = seated("hf:some", "a", RULES, lambda reference: reference.upper(), lambda model, name: (model, name))
    assert made == ("HF:SOME", "a")
