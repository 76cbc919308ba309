"""Agents that remember, reflect and answer; scores by hand, models as functions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents.embedding import hashed_ngrams
from manyminds.agents.language import Focus, LanguageAgent, Pondering, Profile
from manyminds.agents.memory import Memory, Note
from manyminds.agents.person import Person
from manyminds.agents.ratings import Ratings
from manyminds.core import Event, Form, Invalid, NoAnswer, Seeds, View, Whole
from manyminds.models.scripted import Scripted
from manyminds.worlds.games.commons import Utterance


def test_embeddings_are_unit_long_and_near_for_near_texts():
    lake, same, far = hashed_ngrams(["fish in the lake", "fish in the lake", "quarterly tax forms"])
    assert np.linalg.norm(lake) == pytest.approx(1) and (lake == same).all()
    assert lake @ hashed_ngrams(["the lake has fish"])[0] > 0.5 > lake @ far


def test_without_any_backend_the_embedder_is_the_built_in_one():
    assert Memory().embed is hashed_ngrams
    assert LanguageAgent.generative(None, "Kate").memory.embed is hashed_ngrams


def axes(texts):
    return np.array([[1.0, 0.0] if "a" in t else [0.0, 1.0] for t in texts])


def test_scores_by_hand():
    memory = Memory(embed=axes)
    notes = [Note("a", importance=1), Note("b", importance=10), Note("b")]
    assert memory.scores("a", notes) == pytest.approx(
        [0.5 * 0.99**2 + 0 + 2, 0.5 * 0.99 + 3, 0.5 + 3 * 4 / 9]  # an unrated note counts as 5
    )


def test_recall_keeps_what_is_always_there_and_drops_what_expired():
    memory = Memory(notes=[Note("old", expires=3), Note("rule", always=True), *(Note(f"n{i}") for i in range(9))])
    recalled = [note.text for note in memory.recall("n8", now=3, k=2)]
    assert recalled[0] == "rule" and len(recalled) == 3 and "n8" in recalled and "old" not in recalled
    assert "old" in [note.text for note in memory.recall("old", now=2, k=1)]


def test_several_questions_recall_the_union_of_what_each_would():
    memory = Memory(notes=[Note(text) for text in ("fish", "grass", "water", "coins")])
    assert [n.text for n in memory.recall(["coins", "grass"], 0, 1)] == ["grass", "coins"]
    assert memory.recall([], 0, 5) == []


@given(some.integers(0, 400), some.integers(1, 12))
def test_a_long_life_still_gives_k_notes(count, k):
    memory = Memory(notes=[Note(f"{i} fish") for i in range(count)] + [Note("rule", always=True)])
    assert len(memory.recall("fish", 0, k)) == min(k, count) + 1


def test_a_note_takes_the_place_of_the_one_with_its_key_and_an_empty_one_only_removes():
    memory = Memory()
    for text in ("ten", "nine"):
        memory.add(Note(text, key="limit"))
    assert [note.text for note in memory.notes] == ["nine"]
    memory.add(Note("", key="limit"))
    assert memory.notes == []


def test_ratings_are_as_many_as_asked_for_and_one_outside_is_missing():
    ratings = Ratings(3)
    assert ratings.parse("so\nAnswer: 4, 10, 1") == [4, 10, 1]
    assert ratings.parse('{"answer": [4, 11, 2.5]}') == [4, None, None]
    for text in ("Answer: 4, 5", "none", '{"answer": [1]}'):
        with pytest.raises(Invalid, match="3 ratings"):
            ratings.parse(text)
    assert ratings.schema()["properties"]["answer"]["minItems"] == 3 and "3 whole" in ratings.instruction()


def view(text="How many?", **options):
    return View(None, text, Whole(0, 9), seat="a", turn=1, seeds=Seeds(1, ("play", 0)), **options)


async def test_news_is_remembered_and_month_ends_are_reflected_on():
    asked = []

    def script(request):
        asked.append(request)
        if "Look back" in request.messages[-1].content:
            return '{"insights": ["greed ruins"], "plan": "take two", "memorable": ""}'
        return "Answer: 2"

    agent = LanguageAgent.generative(Scripted("s", script), "Kate")
    news = (Event("month", text="Month 1 is over."),)
    assert await agent.act(view(news=news)) == 2
    kinds = [note.kind for note in agent.memory.notes]
    assert kinds == ["event", "thought", "thought", "action"]
    said = asked[-1].messages[-1].content
    assert "Month 1 is over." in said and "greed ruins" in said
    assert [r.repeat for r in asked] == ["1/play/0/reflect", "1/play/0/act"]


async def test_thoughts_that_fail_do_not_break_the_act():
    def script(request):
        return "???" if "Look back" in request.messages[1].content else "Answer: 3"

    agent = LanguageAgent.generative(Scripted("s", script), "Kate")
    assert await agent.act(view(news=(Event("month", text="over"),))) == 3
    assert sum(agent.invalid.values()) == 3


async def test_all_new_notes_are_rated_in_one_call_and_what_is_missing_counts_as_five():
    asked = []

    def script(request):
        if "How important" in request.messages[-1].content:
            asked.append(request.messages[-1].content)
            return "Answer: 9, 0" if len(asked) == 1 else "no idea"
        return "Answer: 3"

    agent = LanguageAgent(Scripted("s", script), Profile("Kate"), Memory(), rates=True)
    await agent.act(view(news=(Event("x", text="one"), Event("x", text="two"))))
    assert [note.importance for note in agent.memory.notes] == [9, 5, None]  # its own action waits for the next turn
    await agent.act(view(news=(Event("x", text="three"),)))
    assert "1. I answered: 3\n2. three\n\n" in asked[1]
    assert [note.importance for note in agent.memory.notes][:4] == [9, 5, 5, 5] and agent.unrated == 3


async def test_every_part_can_be_exchanged():
    asked = []

    def script(request):
        asked.append(request.messages)
        return '{"insights": ["in"]}' if "Ponder" in request.messages[-1].content else "Answer: 3"

    pondering = Pondering("ponder", "Ponder this.", frozenset({"bell"}), about="bell", retold=lambda view: ["a line"])
    agent = LanguageAgent(
        Scripted("s", script), Profile("Kate", "You like bells."), Memory(embed=axes), (pondering,),
        noted=lambda event, now: Note(event.text.upper(), "event", now), clock=lambda view: 70,
        dated=lambda t: f"day {t}", standing=lambda view: [Note("a law", always=True, key="law")],
        focus=lambda view: Focus(("bell",), 1),
        done=lambda view, answer: f"took {answer}",
    )  # fmt: skip
    await agent.act(view(news=(Event("bell", text="ding"),)))
    assert [note.text for note in agent.memory.notes] == ["a law", "DING", "in", "took 3"]
    pondered, acted = asked
    assert pondered[0].content == "You are Kate. You like bells." and "- a line" in pondered[1].content
    assert "- day 0: a law" in acted[1].content and acted[1].content.count("day 70") == 1  # one of two notes


async def test_what_the_view_says_already_is_not_told_twice():
    asked = []

    def script(request):
        asked.append(request.messages[-1].content)
        return "Answer: 3"

    memory = Memory(notes=[Note("The limit is 4.", always=True), Note("other")])
    await LanguageAgent(Scripted("s", script), Profile("Kate"), memory).act(view("The limit is 4. How many?"))
    assert asked[0].count("The limit is 4.") == 1 and "- other" in asked[0]


async def test_a_person_is_asked_again_and_may_leave():
    lines, shown = iter(["many", "12", "4"]), []
    assert await Person(lambda _: next(lines), shown.append).act(view()) == 4
    assert sum("cannot be used" in text for text in shown) == 2

    def gone(prompt):
        raise EOFError

    assert await Person(gone, shown.append).act(view()) == NoAnswer("the person left")


async def test_a_person_fills_a_form_field_by_field_or_at_once():
    lines = iter(["let us take ten", "perhaps", "", "", "let us take ten", "no", "Kate", "10"])
    shown, asked = [], []

    def read(prompt):
        asked.append(prompt)
        return next(lines)

    talk = View(None, "What do you say?", Form(Utterance), seat="John")
    said = await Person(read, shown.append, told="Be kind.").act(talk)
    assert said == Utterance(response="let us take ten", conclude=False, next_speaker="Kate", proposed_limit=10)
    assert shown[0].startswith("Be kind.") and sum("cannot be used" in text for text in shown) == 1
    assert "what you say to the others" in asked[0]
    whole = Person(lambda _: '{"response": "hm", "conclude": true}', shown.append)
    assert (await whole.act(talk)).conclude is True
