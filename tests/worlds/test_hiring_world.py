"""The hiring world: what each seat sees, what happens to silence, and that play earns what theory says."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents.hired import RULES, BestReplies, Obeys, Shirks
from manyminds.core import NoAnswer, Seeds, play
from manyminds.lab.playing import config_of
from manyminds.theory.audit import random_audit
from manyminds.theory.hiring import solve
from manyminds.theory.hiring_instances import random_instance
from manyminds.worlds.games.hiring import Hiring, State, contract, plain_words
from manyminds.worlds.games.hiring_game import GAME, Settings

INSTANCE = random_audit()
MECHANISM = solve(INSTANCE)
WORLD = Hiring(INSTANCE, MECHANISM, rounds=600)


def played(worker, auditor=None, world=WORLD, seed=0):
    return asyncio.run(play(world, {"worker": worker, "auditor": auditor or Obeys()}, Seeds(seed)))


def test_obedient_play_earns_what_the_mechanism_promises():
    end = played(Obeys())
    assert end.ending == "finished" and end.outcome.obedience(0) == (600, 600, 600)
    error = 4 * 0.5 / 600**0.5
    assert end.outcome.principal / 600 == pytest.approx(MECHANISM.value, abs=error)
    assert end.outcome.utilities["worker"] / 600 == pytest.approx(MECHANISM.paid[0] - 0.05, abs=error)
    assert played(BestReplies()).outcome.deeds == end.outcome.deeds  # obeying is a best reply
    assert played(Shirks()).outcome.obedience(0)[0] == 0


def test_a_view_shows_nothing_of_the_others_or_the_state():
    """Everything hidden is changed; the view of the worker stays the same."""
    plain = State(0, (1, 0), (1, 0), (0, 1), truth=0)
    other = State(0, (1, 1), (1, 1), (0, 0), truth=1)
    assert WORLD.view(plain, 0) == WORLD.view(other, 0)
    assert WORLD.view(State(0, (1, 0)), 0) == WORLD.view(State(0, (1, 1)), 0)
    assert WORLD.view(State(0, (1, 0)), 1) != WORLD.view(State(0, (1, 1)), 1)  # its own recommendation it sees
    told = {WORLD.view(State(0, (1, b)), 1).text for b in range(2)}
    assert len(told) == 2


class Silent:
    async def act(self, view):
        return NoAnswer("asleep")


def test_silence_is_the_cheapest_effort_and_no_pay():
    end = played(Silent(), world=Hiring(INSTANCE, MECHANISM, rounds=50))
    assert end.ending == "finished" and end.outcome.silent == 100 and end.no_answers == {"asleep": 100}
    assert end.outcome.utilities["worker"] == 0 and end.outcome.obedience(0) == (0, 0, 50)


@settings(max_examples=15)
@given(some.integers(0, 2**32), some.sampled_from(["independent", "common noise", "arbitrary"]), some.integers(1, 3))
def test_any_instance_plays_and_accounts(seed, kind, agents):
    import numpy as np

    instance = random_instance(np.random.default_rng(seed), kind, agents, 2, 2)
    found = solve(instance)
    words = plain_words(instance)
    world = Hiring(instance, found, words, rounds=5)
    end = asyncio.run(play(world, dict.fromkeys(words.agents, Obeys()), Seeds(seed)))
    assert end.ending == "finished", end.reason
    for deeds in end.outcome.deeds:
        for i, deed in enumerate(deeds):
            assert (
                0 <= deed.pay <= instance.cap + 1e-9
                and found.mu.sum(axis=tuple(j for j in range(agents) if j != i))[deed.told] > 0
            )
            assert deed.utility == pytest.approx(deed.pay - instance.costs[i][deed.effort])


def test_the_contract_in_words_is_the_payments():
    lines = contract(MECHANISM, WORLD.words, 0, 1)
    assert sum(line.pay for line in lines) == pytest.approx(MECHANISM.payments[0][1][MECHANISM.mu[1] > 0].sum())
    text = WORLD.contract_text(0, 1)
    for line in lines:
        assert f"{line.pay:.4f} if you report {line.report}" in text
    assert "nothing, whatever you report" in WORLD.contract_text(1, 0)


def test_the_game_on_the_table():
    assert GAME.seats(Settings()) == ("worker", "auditor") and set(GAME.rules) == set(RULES)
    table = GAME.value(Settings())[0]
    values = dict(row[:2] for row in table.rows)
    assert values["optimal mechanism"] == pytest.approx(0.63) and values["without correlated efforts"] == pytest.approx(
        0.6
    )
    assert 0.6 < values["the same with the premium"] < 0.63
    end = asyncio.run(play(GAME.world(Settings()), {"worker": Obeys(), "auditor": Obeys()}, Seeds(0)))
    assert set(GAME.score(end.outcome)) == {"worker", "auditor"}
    config_of(GAME)(minds=("obedient", "human"))
