"""The agent of GovSim as the paper has it: what it recalls when, what expires, what it ponders, what it is told."""

import asyncio
import json
import re
from datetime import date

from manyminds.agents.commoners import RuleClerk, Takes
from manyminds.agents.commons_language import SELFISH, commons_agent, noted
from manyminds.agents.memory import Note
from manyminds.core import Event, Form, NoAnswer, Seeds, Trajectory, View, Whole, play
from manyminds.models.scripted import Scripted
from manyminds.worlds.games.commons import CLERK, Commons, Said, Sight, Utterance

FIVE = ("John", "Kate", "Jack", "Emma", "Luke")


def script_of(asked):
    def script(request):
        text = request.messages[-1].content
        asked.append(request)
        if "How important" in text:
            return "Answer: " + ", ".join(["7"] * len(re.findall(r"^\d+\. ", text, re.MULTILINE)))
        if "What do you say?" in text:
            return json.dumps({"response": "nine each?", "conclude": True, "next_speaker": "Kate"})
        if "plan to do because" in text:
            return json.dumps({"plan": "take nine", "memorable": "they agreed"})
        if "Look back" in text:
            return json.dumps({"insights": ["restraint pays"]})
        return "I think.\nAnswer: 9"

    return script


def kinds(asked):
    """The purpose of each call, from its stream."""
    return [request.repeat.rpartition("/")[2] for request in asked]


def lived(months=3, goal="", **options):
    """Kate, a language agent among rules, for some months; her calls and herself."""
    asked = []
    agent = commons_agent(Scripted("s", script_of(asked)), "Kate", goal)
    world = Commons(FIVE, talk=True, months=months, **options)
    agents = {name: agent if name == "Kate" else Takes(9) for name in FIVE} | {CLERK: RuleClerk()}
    lines = Trajectory()
    played = asyncio.run(play(world, agents, Seeds(1), lines))
    assert played.ending == "finished", played.reason
    return agent, asked, lines


def test_a_month_is_harvest_talk_and_then_pondering_before_the_next_harvest():
    agent, asked, _ = lived(months=2)
    first, second = kinds(asked)[:3], kinds(asked)[3:]
    assert first == ["act", "rate news", "act"]  # harvest; what she and others caught and said; her turn to speak
    assert second[:4] == ["rate news", "after talk", "reflect", "rate thoughts"] and second[4] == "act"
    assert agent.unrated == 0 and not agent.invalid
    assert all(request.temperature == 0 for request in asked)


def test_after_a_talk_it_keeps_a_plan_and_something_memorable_and_has_the_whole_talk_before_it():
    agent, asked, _ = lived(months=2)
    thoughts = [note.text for note in agent.memory.notes if note.kind == "thought"]
    assert thoughts == ["take nine", "they agreed", "restraint pays"]
    after = next(request.messages[-1].content for request in asked if request.repeat.endswith("after talk"))
    assert "John: I have nothing to add." in after and "Kate: nine each?" in after


def test_what_it_hears_lives_63_days_and_the_size_of_the_pool_its_month():
    heard = noted(Event("utterance", {"date": "2024-01-30"}, text="hello"), 0)
    assert heard.kind == "chat" and heard.expires - heard.created == 63
    pool = noted(Event("month", {"date": "2024-01-31"}, text="there are 80"), 0)
    assert date.fromordinal(pool.expires) == date(2024, 3, 1)
    agent, _, _ = lived(months=5)
    pools = [n.text for n in agent.memory.living(date(2024, 5, 1).toordinal()) if "is over" in n.text]
    assert pools == ["Month 4 is over; there are 100 tons of fish."]
    old = date(2024, 5, 1).toordinal()
    assert all(n.created > old - 63 for n in agent.memory.living(old) if not n.always)


def test_the_hint_is_recalled_always_and_computed_anew_each_month():
    agent, asked, _ = lived(months=3, universalisation=True, full=60)
    hints = [n for n in agent.memory.notes if n.key == "hint"]
    assert len(hints) == 1 and hints[0].always
    told = [m for m in re.findall(r"more than (\d+) tons", "\n".join(
        r.messages[-1].content for r in asked if r.repeat.endswith(("/act", "/reflect"))))]  # fmt: skip
    assert set(told) == {"6", "3"}  # a pool of 60, of which five took nine each, is 30 next month
    for request in asked:
        if request.repeat.endswith("/reflect"):
            assert "everybody took more than" in request.messages[-1].content
    assert not any("everybody took more" in r.messages[-1].content for r in lived(months=2)[1])


def test_the_agreed_limit_is_recalled_always_and_gives_way_to_the_next():
    now = date(2024, 2, 1).toordinal()
    limit = noted(Event("limit", {"limit": 9, "date": "2024-01-30"}, text="The agreed limit is 9."), now)
    assert limit.always and limit.key == "limit" and limit.expires is None
    none = noted(Event("limit", {"limit": None, "date": "2024-02-28"}, text=""), now)
    agent = commons_agent(None, "Kate")
    agent.memory.add(limit)
    agent.memory.add(none)
    assert agent.memory.notes == []


def sight(said=()):
    topic = "how many tons of fish to catch"
    return Sight("Kate", ("John",), 3, 60, 2, 5, {}, None, None, said, date(2024, 3, 1), topic)


def test_ten_memories_to_harvest_and_five_for_each_of_the_last_four_lines_to_speak():
    asked = []
    agent = commons_agent(Scripted("s", script_of(asked)), "Kate", rates=False)
    now = date(2024, 3, 1).toordinal()
    words = ("limit", "boats", "coins", "storms", "markets")
    for i in range(300):  # far more than any context should hold
        agent.memory.add(Note(f"note {i} of {words[i % 5]}", created=now, importance=5))
    asyncio.run(agent.act(View(sight(), "How many?", Whole(0, 60), seeds=Seeds(1))))
    assert asked[-1].messages[-1].content.count("- 2024-03-01: note") == 10
    said = tuple(Said("John", f"what of {word}") for word in words)
    asyncio.run(agent.act(View(sight(said), "What do you say?", Form(Utterance), seeds=Seeds(1))))
    recalled = re.findall(r"note \d+ of (\w+)", asked[-1].messages[-1].content)
    assert 5 <= len(recalled) <= 20 and "limit" not in recalled  # the first of five lines is no focal point
    assert {word: recalled.count(word) for word in words[1:]} == dict.fromkeys(words[1:], 5)


def test_a_selfish_newcomer_is_told_so_in_its_profile_and_nobody_else():
    _, asked, _ = lived(goal=SELFISH)
    assert all(SELFISH in request.messages[0].content for request in asked)
    assert all(request.messages[0].content == "You are Kate." for request in lived()[1])


def test_who_joined_later_knows_nothing_of_the_talk_before():
    asked = []
    agent = commons_agent(Scripted("s", script_of(asked)), "Luke")
    world = Commons(FIVE, talk=True, months=4, joins={"Luke": 2})
    agents = {name: agent if name == "Luke" else Takes(9) for name in FIVE} | {CLERK: RuleClerk()}
    asyncio.run(play(world, agents, Seeds(1)))
    first = asked[: kinds(asked).index("act") + 1]
    assert not any("nothing to add" in request.messages[-1].content for request in first)
    assert "month 3" in first[-1].messages[-1].content


def test_a_wish_without_a_number_or_with_two_is_asked_for_again_and_then_no_answer():
    for text in ("as many as you", "between 3 and 5"):
        asked = []

        def script(request, text=text, asked=asked):
            asked.append(request)
            return text

        agent = commons_agent(Scripted("s", script), "Kate", rates=False)
        answer = asyncio.run(agent.act(View(sight(), "How many?", Whole(0, 60, soft=True), seeds=Seeds(1))))
        assert isinstance(answer, NoAnswer) and len(asked) == 3
        assert "cannot be used" in asked[1].messages[-1].content and sum(agent.invalid.values()) == 3
        assert not agent.memory.notes  # what was no answer is not remembered as one
