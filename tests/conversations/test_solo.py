"""Solo performance: one call, the prompt's parts by variant, and the reader of dialogues on good and broken replies."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.solo import FINAL, LEADER, SelfRefine, Solo, final_answer, read
from manyminds.core import BadInput
from manyminds.models.scripted import Scripted

GOOD = f"""Participants: {LEADER}; Sailor; Ten-year-old Child
Begin discussion.
Sailor: The harbour is south.
It was always south.
**{LEADER}:** Then the answer is 2.
Ten-year-old Child: Why: because of the wind?
{LEADER}: Yes.
End discussion.
{FINAL} 3"""


class Mind:
    def __init__(self, *replies):
        self.replies, self.prompts = list(replies), []
        self.model = Scripted("scripted:mind", self.reply)

    def reply(self, request):
        self.prompts.append(request.messages[-1].content)
        self.repeat = request.repeat
        return self.replies[min(len(self.prompts), len(self.replies)) - 1]


def answered(method, mind, question=Question("In which house?")):  # noqa: B008  a frozen value
    return asyncio.run(method(question, Minds(mind.model), "r"))


def test_a_reply_is_read_as_participants_turns_and_answer():
    found = read(GOOD)
    assert found.participants == (LEADER, "Sailor", "Ten-year-old Child")
    assert [turn.speaker for turn in found.turns] == ["Sailor", LEADER, "Ten-year-old Child", LEADER]
    assert found.turns[0].text == "The harbour is south.\nIt was always south."
    assert found.turns[2].text == "Why: because of the wind?"
    assert (found.final, found.ok, found.problems) == ("3", True, ())


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace(f"Participants: {LEADER}; ", "Participants: "), "no leader"),
        (GOOD.partition("\n")[2], "no participants"),
        (GOOD.rpartition("\n")[0], "stops in the middle of the talk"),
        ("It is 3.", "no final answer"),
        (GOOD + f"\nNo. {FINAL} 4", "several final answers"),
        (GOOD.rpartition(" ")[0], "empty final answer"),
    ],
)
def test_what_is_wrong_with_a_reply_is_said(text, problem):
    assert problem in read(text).problems


def test_an_unparsed_reply_is_kept_whole_and_flagged():
    text = GOOD.rpartition("\n")[0]
    found = read(text)
    assert not found.ok and found.final == text


def test_the_last_mark_counts_and_the_released_code_takes_the_first():
    text = f"{FINAL} 24\n--- Now your task\n{GOOD}"  # the first belongs to a demonstration that was echoed
    assert read(text).final == "3" and final_answer(text)[0] == "3"
    assert final_answer(text, first=True)[0].startswith("24")
    assert final_answer("so, final answer: 7") == ("7", True)


def test_an_echoed_demonstration_lends_no_participants():
    echo = Solo().prompt(Question("x")).partition("--- Now")[0]
    assert read(f"{echo}\n{GOOD}").participants == read(GOOD).participants
    assert len(read(f"{echo}\n{GOOD}").turns) == 4


WORD = st.from_regex(r"[A-Z][a-z]{1,6}", fullmatch=True).filter(lambda name: not name.startswith("Participant"))
NAMES = st.lists(st.lists(WORD, min_size=1, max_size=2).map(" ".join), min_size=1, max_size=5, unique=True)
WORDS = st.from_regex(r"[a-z0-9]{1,8}( [a-z0-9]{1,8}){0,5}", fullmatch=True)


def test_names_that_differ_in_brackets_are_two_voices():
    found = read("**Participants:** AI Assistant (you); Cook (sweet); Cook (salty)\nCook (salty): a\nAI Assistant: b")
    assert [turn.speaker for turn in found.turns] == ["Cook (salty)", "AI Assistant (you)"]


@settings(max_examples=50)
@given(NAMES, st.lists(st.tuples(st.integers(0, 5), WORDS), max_size=8), WORDS)
def test_what_is_written_is_read_back(names, said, answer):
    everyone = [LEADER, *names]
    turns = [(everyone[i % len(everyone)], words) for i, words in said]
    text = "\n".join([f"Participants: {'; '.join(everyone)}", *(f"{who}: {words}" for who, words in turns),
                      f"{FINAL} {answer}"])  # fmt: skip
    found = read(text)
    assert found.participants == tuple(everyone) and found.final == answer and found.ok
    assert [(turn.speaker, turn.text) for turn in found.turns] == turns


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    found = read(text)
    assert found.ok or found.final == text.strip()


def test_it_is_one_call_with_both_demonstrations():
    mind = Mind(GOOD)
    reply = answered(Solo(), mind)
    assert reply.text == "3" and len(mind.prompts) == 1 and mind.repeat == "r"
    asked = mind.prompts[0]
    assert "2, 3, 8 and 9" in asked and "QUANTUM" in asked and asked.rstrip().endswith('after "Final answer:".')
    assert asked.index("QUANTUM") < asked.index("In which house?")


def test_variants_differ_in_what_they_show():
    prompts = {name: Solo(name).prompt(Question("x")) for name in ("spp", "profile", "fixed")}
    assert "Profiles:" in prompts["profile"] and "Profiles:" not in prompts["spp"] + prompts["fixed"]
    assert "Poet" not in prompts["fixed"] and f"{LEADER}; Expert" in prompts["fixed"].replace('"', "")
    assert "Math Expert" in prompts["spp"]
    assert "QUANTUM" not in Solo(demonstrations=1).prompt(Question("x"))
    assert "--- Example" not in Solo(demonstrations=0).prompt(Question("x"))
    with pytest.raises(BadInput):
        Solo(demonstrations=3)


def test_demonstrations_are_right():
    shown = Solo().prompt(Question("x"))
    assert eval(shown.partition("Final answer: (")[2].partition("=")[0].join("( ")) == 24
    poem = shown.rpartition("Final answer:\n")[2].split("\n\n")[0].split("\n")
    assert "".join(line[0] for line in poem) == "QUANTUM"
    assert read(shown.partition("--- Example\n")[2].partition("--- Example")[0]).ok


def test_self_refine_is_three_calls_that_read_all_before():
    mind = Mind("Answer: 1", "It is not 1.", "Answer: 2")
    reply = answered(SelfRefine(), mind)
    assert reply.text == "2" and len(mind.prompts) == 3
    assert "Answer: 1" in mind.prompts[1] and "It is not 1." not in mind.prompts[1]
    assert "Answer: 1" in mind.prompts[2] and "It is not 1." in mind.prompts[2]
    assert [said.role for said in reply.said] == ["answer", "feedback", "answer"]
