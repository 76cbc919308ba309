"""Advice by closed form, linear program and brute force; obedience checked message by message."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.theory.persuasion import (
    best_by_brute_force,
    best_commitment,
    cheap_talk,
    committed,
    lie_rate,
    outcome_of,
    seller_and_buyer,
    two_message_policies,
)

PRIORS, VALUES = (1 / 3, 0.5, 0.8), (1.2, 1.25, 2.0, 3.0, 4.0)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("value", VALUES)
def test_three_roads_to_the_best_commitment(prior, value):
    belief, (seller, buyer) = [prior, 1 - prior], seller_and_buyer(value)
    closed, program = committed(prior, value), best_commitment(belief, seller, buyer)
    assert program.sender == pytest.approx(min(prior * value, 1), abs=1e-9) == closed.sold
    assert program.policy[0] == pytest.approx([1, closed.lie], abs=1e-9)
    assert (closed.efficiency, closed.fairness) == (1, pytest.approx(1 - closed.lie))
    brute = best_by_brute_force(belief, seller, buyer, 50)
    assert closed.sold - 1 / 50 <= brute.sender <= closed.sold + 1e-9


@given(some.floats(0.02, 0.98), some.floats(1, 5))
def test_the_lie_rate_leaves_the_buyer_just_willing(prior, value):
    lie = lie_rate(prior, value)
    belief = prior / (prior + (1 - prior) * lie)
    assert 0 <= lie <= 1 and belief * value >= 1 - 1e-9
    if lie < 1:
        assert belief * value == pytest.approx(1)


def test_one_round_without_commitment_is_babbling():
    assert cheap_talk(0.5, 1.25).sold == 0 and cheap_talk(0.8, 1.25).sold == 1
    # By brute force: a seller who may choose its message says, in both states, what sells; so no policy that moves the
    # buyer survives, and the buyer is left with the prior.
    _, buyer = seller_and_buyer(1.25)
    prior = np.array([0.5, 0.5])
    for policy in two_message_policies(2, 10):
        joint = policy * prior
        used = joint.sum(axis=1) > 0
        buys = [m for m in range(2) if used[m] and (joint[m] @ buyer[0]) > 0]
        tempted = any(used[m] and m not in buys for m in range(2)) and bool(buys)
        stable = not tempted
        if stable:
            assert not buys, policy


@settings(max_examples=30)
@given(some.integers(2, 3), some.integers(2, 3), some.integers(0, 10**6))
def test_the_program_is_obeyed_and_never_beaten_by_two_messages(states, actions, seed):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(states))
    sender, receiver = rng.random((actions, states)), rng.random((actions, states))
    best = best_commitment(prior, sender, receiver)
    joint = best.policy * prior
    for told in range(actions):
        assert (joint[told] @ receiver[told]) >= (receiver @ joint[told]).max() - 1e-7
    assert best.policy.sum(axis=0) == pytest.approx(np.ones(states))
    few = best_by_brute_force(prior, sender, receiver, 8)
    assert few.sender <= best.sender + 1e-7
    told = outcome_of(best.policy, prior, sender, receiver)
    assert told.sender >= best.sender - 1e-6  # ties go the sender's way


def test_what_cannot_be_solved_is_refused():
    seller, buyer = seller_and_buyer(2)
    with pytest.raises(ValueError, match="sum to one"):
        best_commitment([0.5, 0.6], seller, buyer)
    with pytest.raises(ValueError, match="prior over 2 states"):
        best_commitment([0.2, 0.3, 0.5], seller, buyer)
    assert committed(0.5, 0.9).sold == 0
