"""One mind alone: how it is asked, how its answer is read, and what a majority is."""

import pytest

from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.plain import (
    ChainOfThought,
    Direct,
    SelfConsistency,
    alike,
    answer_of,
    majority,
    numbered,
    put,
)
from manyminds.core import Seeds
from manyminds.models.scripted import Scripted
from manyminds.worlds.texts.asking import of_item
from manyminds.worlds.texts.functions import Functions
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.sums import Sums

CHOICE = Question("Which?", options=("red", "dark red", "the blue one"))


class Mind:
    """Says the next of `texts`, over and over, and keeps what it was asked."""

    def __init__(self, *texts):
        self.texts, self.asked = texts, []

    def __call__(self, request):
        self.asked.append(request)
        return self.texts[(len(self.asked) - 1) % len(self.texts)]

    @property
    def minds(self):
        return Minds(Scripted("mind", self))


@pytest.mark.parametrize(
    ("text", "style", "answer"),
    [
        ("I think.\nAnswer: 4\n", "marked", "4"), ("Answer: 3\nno.\nAnswer: **4**", "marked", "4"),
        ("4", "marked", "4"),
        ("so\n#12\n", "native", "12"), ("a text\nAnswer: x", "free", "a text\nAnswer: x"), ("", "marked", ""),
    ],
)  # fmt: skip
def test_answers_are_read_from_the_end(text, style, answer):
    assert answer_of(Question("?"), text, style) == answer


def test_code_is_the_whole_reply():
    assert answer_of(Question("?", entry_point="f"), "def f(): ...\nAnswer: 3") == "def f(): ...\nAnswer: 3"


def test_equal_answers_are_alike_and_different_ones_are_not():
    assert alike("The  Cat.") == alike("cat") and alike("A") == "a" and alike("(b)") == alike("B")
    assert alike("-1") != alike("1") and alike("0.5") != alike("5") and alike("...") == ""


def test_a_majority_counts_letters_as_options_and_the_first_wins_a_tie():
    assert majority(CHOICE, ["B", "dark red", "A"]) == ("B", 2)
    assert majority(CHOICE, ["c) the blue one", "A", "blue one", ""]) == ("c) the blue one", 2)
    assert majority(Question("?"), ["x", "y"]) == ("x", 1) and majority(Question("?"), ["", " "]) == ("", 0)


async def test_arms_ask_as_often_as_they_say_and_with_equal_budgets():
    for method, calls in ((Direct(), 1), (ChainOfThought(), 1), (ChainOfThought(rounds=2), 2), (SelfConsistency(5), 5)):
        mind = Mind("Answer: 1")
        assert (await method(Question("1?"), mind.minds, "r")).text == "1"
        assert len(mind.asked) == calls and {one.max_tokens for one in mind.asked} == {1024}
        assert len({one.repeat for one in mind.asked}) == calls


async def test_thinking_twice_reads_the_same_text_and_the_first_thought():
    mind = Mind("first thought\nAnswer: 1", "Answer: 2")
    assert (await ChainOfThought(rounds=2)(Question("?", context="CONTEXT"), mind.minds, "r")).text == "2"
    again = mind.asked[1].messages[0].content
    assert "CONTEXT" in again and "first thought" in again


async def test_samples_agree_when_more_than_half_say_the_same():
    mind = Mind("Answer: 1", "Answer: 2", "Answer: 1")
    found = await SelfConsistency(3)(Question("?"), mind.minds, "r")
    assert found.text == "1" and found.agreed
    assert not (await SelfConsistency(2)(Question("?"), Mind("Answer: 1", "Answer: 2").minds, "r")).agreed


def test_equal_slots_of_two_mixes_have_equal_names():
    assert numbered("iim") == ["i 1", "i 2", "m 1"] and set(numbered("imi")) == set(numbered("iim"))


def test_native_minds_read_the_question_as_they_were_raised_on_it():
    """Nothing is added but, where they can work an answer out, the mark behind which they do; a program is all said."""
    sums = of_item(Sums(), items(Sums(), 1, "test", Seeds(0), 1)[0])
    assert put(sums, "native", True) == f"{sums.text}<t>" and put(sums, "native", False) == sums.text
    code = of_item(Functions(), items(Functions(), 1, "test", Seeds(0), 1)[0])
    assert put(code, "native", True) == put(code, "native", False) == code.text
    assert answer_of(code, "def f(x):\n    # keep\n    return x\n", "native") == "def f(x):\n    # keep\n    return x"
    assert answer_of(sums, "3+4=7\n#7", "native") == "7"
