"""Logs in the released form: written, read back, checked against the rules, and played again to the letter."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from manyminds.agents import commoners as rules
from manyminds.core import BadInput, NoAnswer, Seeds, Trajectory, play
from manyminds.papers.govsim.log import (
    FRAMEWORK,
    outcome_of,
    played_again,
    read_log,
    records_of,
    violations,
    write_log,
)
from manyminds.papers.govsim.rows import measured
from manyminds.worlds.games.commons import CLERK, Commons

FIVE = tuple("abcde")


class Sometimes:
    """Harvests by a rule, and now and then says nothing at all, at the table and in the field."""

    def __init__(self, mind):
        self.mind = mind

    async def act(self, view):
        return NoAnswer("a pause") if view.seeds("pause").random() < 0.2 else await self.mind.act(view)


def logged(world, minds, seed):
    agents = dict(zip(FIVE, map(Sometimes, minds))) | {CLERK: Sometimes(rules.RuleClerk())}
    lines = Trajectory()
    played = asyncio.run(play(world, agents, Seeds(seed), lines))
    assert played.ending == "finished", played.reason
    return records_of(lines), played.outcome


minds = some.lists(some.builds(rules.Believes, some.integers(5, 25)) | some.builds(rules.Noisy, some.floats(0, 9)),
                   min_size=5, max_size=5)  # fmt: skip
worlds = some.builds(Commons, some.just(FIVE), talk=some.booleans(), open_books=some.booleans(),
                     opening_meeting=some.booleans(), months=some.integers(1, 5),
                     allocation=some.sampled_from(["stochastic", "proportional"]),
                     joins=some.sampled_from([{}, {"e": 2}]))  # fmt: skip


@given(worlds, minds, some.integers(0, 5))
@settings(max_examples=60)
def test_a_log_that_is_played_again_is_the_log(world, minds, seed):
    records, end = logged(world, minds, seed)
    assert violations(records, world) == []
    assert asyncio.run(played_again(records, world, Seeds(seed))) == records
    again = outcome_of(records, world)
    for name in ("months", "alive", "pools", "takes", "mute", "left", "harvests", "over_usage", "utterances"):
        assert getattr(again, name) == getattr(end, name), name
    assert measured(again, world)["compliance"] == measured(end, world)["compliance"]


def test_a_log_goes_to_a_file_and_comes_back(tmp_path):
    records, _ = logged(Commons(FIVE, talk=True, months=3), [rules.Believes(10)] * 5, 1)
    write_log(records, tmp_path / "log.json")
    assert read_log(tmp_path / "log.json") == records
    kinds = {record.action for record in records}
    assert kinds == {"harvesting", "utterance", "conversation_summary", "conversation_resource_limit"}
    assert any(record.agent_id == FRAMEWORK and "report" in (record.utterance or "") for record in records)


# The form of the released logs: numbers as floats, nothing where a column does not apply, columns that we do not read.
def released(agent, month, before, after, wanted, got):
    return {"agent_id": agent, "round": month, "action": "harvesting", "resource_in_pool_before_harvesting": before,
            "resource_in_pool_after_harvesting": after, "concurrent_harvesting": True, "resource_collected": got,
            "wanted_resource": wanted, "html_interactions": "<p/>", "agent_name": None, "resource_limit": None,
            "utterance": None}  # fmt: skip


def test_a_log_without_our_fields_is_read_measured_and_played(tmp_path):
    path = tmp_path / "log_env.json"
    months = [(100.0, 40.0, 12), (80.0, 20.0, 12), (40.0, 0.0, 8)]
    lines = [released(who, m, before, after, 12.0, float(got)) for m, (before, after, got) in enumerate(months)
             for who in FIVE]  # fmt: skip
    talk = {"round": 0, "action": "utterance", "resource_limit": 9, "utterance": "hm"}
    lines += [talk | {"agent_id": "a"}, talk | {"agent_id": FRAMEWORK}]
    lines.append({"agent_id": FRAMEWORK, "round": 0, "action": "conversation_resource_limit", "resource_limit": 9.0})
    path.write_text(json.dumps(lines))
    records, world = read_log(path), Commons(FIVE)
    assert violations(records, world) == []
    end = outcome_of(records, world)
    assert (end.months, end.alive, end.gains["a"], end.limits, end.utterances) == (3, False, 32, [None, 9, None], 1)
    silent = Commons(FIVE, open_books=False)
    again = asyncio.run(played_again(records, silent, Seeds(0)))
    assert outcome_of(again, silent).pools == [100, 80, 40]


@pytest.mark.parametrize(("change", "said"), [
    ({"resource_collected": 13}, "wanted 12"), ({"resource_in_pool_after_harvesting": 39}, "leaves 39"),
    ({"resource_in_pool_before_harvesting": 90}, "begins with 90"), ({"resource_collected": 11}, "59 collected"),
])  # fmt: skip
def test_a_log_that_breaks_a_rule_is_caught(change, said):
    records, _ = logged(Commons(FIVE, months=2), [rules.Takes(12)] * 5, 0)
    quiet = [record.model_copy(update={"wanted_resource": 12, "no_answer": None}) for record in records]
    harvests = [r for r in quiet if r.action == "harvesting" and r.round == 0]
    sound = [h.model_copy(update={"resource_collected": 12, "resource_in_pool_after_harvesting": 40}) for h in harvests]
    assert violations(sound, Commons(FIVE)) == []
    broken = [sound[0].model_copy(update=change), *sound[1:]]
    assert any(said in sentence for sentence in violations(broken, Commons(FIVE)))


def test_what_is_no_log_is_refused_with_the_number_of_the_record(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"agent_id": "a", "round": 0, "action": "harvesting"}]))
    with pytest.raises(BadInput, match="record 0"):
        read_log(path)
    path.write_text("hello")
    with pytest.raises(BadInput, match="not a log"):
        read_log(path)
    with pytest.raises(BadInput, match="cannot be read"):
        read_log(tmp_path / "none.json")
