"""Policy gradient for language models against every completion of a tiny decoder, written out and weighted exactly."""

from dataclasses import replace
from itertools import product

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.models.house.decoder import Decoder, Shape
from manyminds.tuning import policy_gradient as pg

SHAPE = Shape(vocab=3, size=8, layers=1, heads=2, groups=1, hidden=8, context=8)
END, MOST, BETA = 2, 3, 0.7
PROMPT = [1, 0]


def decoder(seed):
    """Far from uniform, so that nothing cancels."""
    found = Decoder.drawn(SHAPE, jax.random.key(seed))
    return jax.tree.map(lambda x: 3 * x, found)


POLICY, REFERENCE = decoder(0), decoder(1)


def every_completion():
    """All completions of PROMPT: tokens up to the end, or MOST of them without one."""
    found = [(*body, END) for n in range(MOST) for body in product((0, 1), repeat=n)]
    return found + list(product((0, 1), repeat=MOST))


ALL = every_completion()


def said(completions=ALL, prompt=PROMPT):
    tokens = np.zeros((len(completions), len(prompt) + MOST), np.int32)
    chosen = np.zeros(tokens.shape, bool)
    for i, completion in enumerate(completions):
        tokens[i, : len(prompt)] = prompt
        tokens[i, len(prompt) : len(prompt) + len(completion)] = completion
        chosen[i, len(prompt) : len(prompt) + len(completion)] = True
    return pg.Said(jnp.asarray(tokens), jnp.asarray(chosen))


def log_chances(model):
    """Log-probability of every completion, (completions,), token by token without the code under test."""
    rows = said()
    logits = model(rows.tokens)
    total = []
    for i, completion in enumerate(ALL):
        steps = [jax.nn.log_softmax(logits[i, len(PROMPT) + t - 1])[token] for t, token in enumerate(completion)]
        total.append(sum(steps))
    return jnp.stack(total)


REWARDS = jnp.asarray(np.random.default_rng(0).normal(size=len(ALL)), jnp.float32)


def expected_gradient(advantages, beta):
    """The mean of the gradient over all completions, each with its chance, (parameters,)."""

    def one(tokens, chosen, advantage, model):
        row = pg.Said(tokens[None], chosen[None])
        known = pg.next_logs(REFERENCE, row.tokens)
        return pg.surrogate(model, row, advantage[None], known, beta)[0]

    rows = said()
    each = jax.vmap(jax.grad(one, argnums=3), (0, 0, 0, None))(rows.tokens, rows.chosen, advantages, POLICY)
    return flat(jax.tree.map(lambda g: jnp.tensordot(jnp.exp(log_chances(POLICY)), g, 1), each))


def flat(tree):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(eqx.filter(tree, eqx.is_array))])


def objective(model):
    logs = log_chances(model)
    return (jnp.exp(logs) * (REWARDS - BETA * (logs - log_chances(REFERENCE)))).sum()


def test_the_chances_of_all_completions_sum_to_one():
    assert float(jnp.exp(log_chances(POLICY)).sum()) == pytest.approx(1, abs=1e-5)
    found = pg.log_probs(pg.next_logs(POLICY, said().tokens), said()).sum(-1)
    np.testing.assert_allclose(found, log_chances(POLICY), atol=1e-5)


def test_the_mean_gradient_is_that_of_the_objective():
    exact = flat(jax.grad(objective)(POLICY))
    np.testing.assert_allclose(-expected_gradient(REWARDS, BETA), exact, atol=1e-4)
    # A constant taken off all rewards changes nothing on average.
    np.testing.assert_allclose(-expected_gradient(REWARDS - 5, BETA), exact, atol=1e-3)
    assert np.abs(exact).max() > 0.05


def test_divergences_of_the_steps_alone_are_another_gradient():
    """What is lost when later divergences are not credited to the tokens that lead there."""
    logs, weights = log_chances(POLICY), jnp.exp(log_chances(POLICY))

    def steps(model):
        rows = said()
        apart = pg.divergences(pg.next_logs(model, rows.tokens), pg.next_logs(REFERENCE, rows.tokens), rows)
        return weights @ apart.sum(-1)

    def whole(model):
        return (jnp.exp(log_chances(model)) * (log_chances(model) - log_chances(REFERENCE))).sum()

    exact = float((jnp.exp(logs) * (logs - log_chances(REFERENCE))).sum())
    assert exact > 0.1 and float(steps(POLICY)) == pytest.approx(exact, rel=1e-4)  # the value is the KL all the same
    assert np.abs(flat(jax.grad(steps)(POLICY)) - flat(jax.grad(whole)(POLICY))).max() > 0.01
    np.testing.assert_allclose(expected_gradient(jnp.zeros(len(ALL)), 1.0), flat(jax.grad(whole)(POLICY)), atol=1e-4)


def test_groups_that_are_compared_follow_the_preference_for_the_policy_as_it_stands():
    """Two completions of a prompt, each rewarded by its preference over the other: every pair, weighted exactly."""
    rng = np.random.default_rng(1)
    upper = np.triu(rng.uniform(-1, 1, (len(ALL), len(ALL))), 1)
    preferences = jnp.asarray(upper - upper.T, jnp.float32)
    now = jnp.exp(log_chances(POLICY))
    first, second = (x.ravel() for x in np.meshgrid(np.arange(len(ALL)), np.arange(len(ALL)), indexing="ij"))
    rewards = np.stack([preferences[first, second], preferences[second, first]], 1)
    advantages = jnp.asarray(pg.centred(rewards))  # antisymmetric, so the mean of a pair is 0 and nothing is lost
    weights = now[first] * now[second]

    def total(model):
        logs = pg.log_probs(pg.next_logs(model, said().tokens), said()).sum(-1)
        return (weights * (logs[first] * advantages[:, 0] + logs[second] * advantages[:, 1]) / 2).sum()

    exact = jax.grad(lambda model: jnp.exp(log_chances(model)) @ preferences @ now)(POLICY)
    np.testing.assert_allclose(flat(jax.grad(total)(POLICY)), flat(exact), atol=1e-5)


def test_samples_have_the_chances_of_the_decoder_whatever_stands_beside_them():
    count = 4000
    tokens, lengths = pg.filled([PROMPT, [0]] * count)
    found = pg.sampled(POLICY, tokens, lengths, jax.random.key(5), MOST, END)
    rows = [tuple(int(t) for t in tokens[chosen]) for tokens, chosen in zip(*map(np.asarray, found))]
    for own, prompt in ((rows[::2], PROMPT), (rows[1::2], [0])):
        assert set(own) <= set(ALL)
        logs = pg.log_probs(pg.next_logs(POLICY, said(prompt=prompt).tokens), said(prompt=prompt)).sum(-1)
        seen = np.array([own.count(completion) for completion in ALL]) / count
        assert np.abs(seen - np.exp(logs)).max() < 4 * 0.5 / count**0.5
    whole, chosen = np.asarray(found.tokens), np.asarray(found.chosen)
    assert (whole[1::2, 0] == 0).all() and not chosen[1::2, 0].any() and chosen[1::2, 1].all()
    assert (whole[::2, :2] == PROMPT).all() and not chosen[::2, :2].any()
    assert all(END not in row for row in pg.completions(found, END))


def test_rewards_are_centred_by_prompt_and_keep_their_scale():
    np.testing.assert_allclose(pg.centred(np.array([[1.0, 0.0], [5.0, 5.0]])), [[0.5, -0.5], [0, 0]])
    assert np.abs(pg.centred(np.array([[0.01, 0.0]]))).max() == pytest.approx(0.005)  # not blown up to 1


# ---- the loop

SETTINGS = pg.PolicyGradient(prompts=2, completions=8, most=MOST, beta=0.0, step_size=0.03)
PROMPTS = [PROMPT, [0], [1, 1]]


def zeros(memory, drawn, texts):
    """The share of zeros; counts what it has seen."""
    return memory + len(drawn), np.array([[text.count(0) / MOST for text in group] for group in texts])


def learned(until, state=None, settings=SETTINGS, score=zeros, prompts=PROMPTS):
    state = state or pg.begun(settings, REFERENCE, np.zeros(()))
    return pg.advanced(settings, REFERENCE, prompts, END, score, state, until, Seeds(3))


def test_it_learns_what_is_rewarded():
    state, logged = learned(60)
    _, texts = pg.answers(state.policy.model, PROMPTS, 64, MOST, END, jax.random.key(0))
    _, before = pg.answers(REFERENCE, PROMPTS, 64, MOST, END, jax.random.key(0))
    assert zeros(0, [], before)[1].mean() < 0.4 and zeros(0, [], texts)[1].mean() > 0.8
    assert logged["divergence"] > 0.1 and float(state.memory) == 120


def test_a_large_beta_stays_at_the_reference():
    free, held = (learned(40, settings=replace(SETTINGS, beta=beta))[1]["divergence"] for beta in (0.0, 5.0))
    assert held < 0.1 * free


def test_a_loop_that_was_killed_takes_the_same_steps(tmp_path):
    straight, _ = learned(6)
    half, _ = learned(3)
    kept = Checkpoint(tmp_path / "x")
    kept.save(half)
    again, _ = learned(6, kept.load(pg.begun(SETTINGS, REFERENCE, np.zeros(()))))
    np.testing.assert_array_equal(flat(straight.policy.model), flat(again.policy.model))
    assert int(again.iteration) == 6 and learned(6, again)[1] == {}


def test_nothing_is_learnt_where_all_tie():
    state, _ = learned(3, score=lambda memory, drawn, texts: (memory, np.full((2, 8), 0.5)))
    np.testing.assert_allclose(flat(state.policy.model), flat(REFERENCE), atol=1e-6)


@pytest.mark.parametrize("changed", [{"completions": 1}, {"prompts": 0}, {"most": 0}, {"beta": -1.0}, {"step_size": 0}])
def test_bad_settings_are_refused(changed):
    with pytest.raises(BadInput, match=next(iter(changed))):
        replace(SETTINGS, **changed)


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadInput, match="up to 9 tokens and the decoder reads 8"):
        learned(1, prompts=[[0] * 6, [0], [1]])
    with pytest.raises(BadInput, match="draws 2 different prompts, and there are 1"):
        learned(1, prompts=[[0]])
    with pytest.raises(BadInput, match="at least one token"):
        pg.filled([[0], []])
    for rewards in (np.full((2, 8), np.nan), np.zeros((2, 3))):
        with pytest.raises(FloatingPointError, match="rewards of iteration 0"):
            learned(1, score=lambda memory, drawn, texts, rewards=rewards: (memory, rewards))
