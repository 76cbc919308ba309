"""Agents that remember, reflect and answer; scores by hand, models as functions."""

import numpy as np
import pytest

from manyminds.agents.embedding import hashed_ngrams
from manyminds.agents.language import LanguageAgent
from manyminds.agents.memory import Memory, Note
from manyminds.agents.person import Person
from manyminds.core import Event, NoAnswer, Seeds, View, Whole
from manyminds.models.scripted import Scripted


def test_embeddings_are_unit_long_and_near_for_near_texts():
    lake, same, far = hashed_ngrams(["fish in the lake", "fish in the lake", "quarterly tax forms"])
    assert np.linalg.norm(lake) == pytest.approx(1) and (lake == same).all()
    assert lake @ hashed_ngrams(["the lake has fish"])[0] > 0.5 > lake @ far


def test_scores_by_hand():
    memory = Memory(embed=lambda texts: np.array([[1.0, 0.0] if "a" in t else [0.0, 1.0] for t in texts]))
    notes = [Note("a", importance=1), Note("b", importance=10)]
    assert memory.scores("a", notes) == pytest.approx([0.5 * 0.99 + 0 + 2, 0.5 + 3 + 0])


def test_recall_keeps_what_is_always_there_and_drops_what_expired():
    memory = Memory(notes=[Note("old", expires=3), Note("rule", always=True), *(Note(f"n{i}") for i in range(9))])
    recalled = [note.text for note in memory.recall("n8", now=3, k=2)]
    assert recalled[0] == "rule" and len(recalled) == 3 and "n8" in recalled and "old" not in recalled


def view(**options):
    return View(None, "How many?", Whole(0, 9), seat="a", turn=1, seeds=Seeds(1, ("play", 0)), **options)


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


async def test_a_person_is_asked_again_and_may_leave():
    lines, shown = iter(["many", "12", "4"]), []
    assert await Person(lambda _: next(lines), shown.append).act(view()) == 4
    assert sum("cannot be used" in text for text in shown) == 2

    def gone(prompt):
        raise EOFError

    assert await Person(gone, shown.append).act(view()) == NoAnswer("the person left")
