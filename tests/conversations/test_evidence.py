"""Reading twice: what each step sees, replies in every shape, grounding, long contexts, and the table of routes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as s

from manyminds.conversations import grounding
from manyminds.conversations.evidence import (
    ChainOfEvidence,
    EvidenceToGenerate,
    Route,
    Routed,
    route,
    well_formed,
)
from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.plain import ChainOfThought
from manyminds.conversations.readings import read, says_unknown
from manyminds.core import BadInput
from manyminds.models.scripted import Scripted

CONTEXT = "Ada lives in Rome. Ben lives in Oslo.\nSECRETWORD stands here. The market was open."
QUESTION = Question("Where does Ada live?", context=CONTEXT)


def reply(answer, evidence):
    return json.dumps({"answer": answer, "evidence and explanation": evidence})


class Reader:
    def __init__(self, *texts):
        self.texts, self.prompts, self.budgets = texts, [], set()

    def __call__(self, request):
        self.prompts.append(request.messages[-1].content)
        self.budgets.add(request.max_tokens)
        return self.texts[min(len(self.prompts), len(self.texts)) - 1]

    async def reading(self, method, question=QUESTION):
        return await method.reading(question, Scripted("reader", self), "r")


FIRST, SECOND = reply("Oslo", "Ada lives in Rome."), reply("Rome", "It says Rome.")


async def test_the_second_step_sees_the_evidence_and_not_the_context():
    reader = Reader(FIRST, SECOND)
    found = await reader.reading(EvidenceToGenerate())
    assert found.final.answer == "Rome" and found.first.answer == "Oslo" and found.reply.text == "Rome"
    assert "SECRETWORD" in reader.prompts[0] and "SECRETWORD" not in reader.prompts[1]
    assert "Ben lives" not in reader.prompts[1] and "Ada lives in Rome." in reader.prompts[1]
    head = [prompt.partition("Text:")[0] + prompt.partition("Where does")[2] for prompt in reader.prompts]
    assert head[0] == head[1]  # one instruction throughout


async def test_both_shows_evidence_first_and_then_the_context():
    reader = Reader(FIRST, SECOND)
    found = await reader.reading(EvidenceToGenerate(ground="both"))
    assert found.ground == f"Ada lives in Rome.\n\n{CONTEXT}" and "SECRETWORD" in reader.prompts[1]


async def test_heads_ask_for_reasoning_only_when_long_and_all_have_the_same_budget():
    prompts = {}
    for name, method in {"short": ChainOfEvidence(), "long": ChainOfEvidence("long"), "cot": ChainOfThought()}.items():
        reader = Reader(FIRST)
        await method(QUESTION, Minds(Scripted("reader", reader)), "r")
        prompts[name] = reader.prompts[0]
        assert len(reader.prompts) == 1 and reader.budgets == {1024}
    assert ["step by step" in prompts[name] for name in ("short", "long", "cot")] == [False, True, True]
    assert all("xample" not in prompt for prompt in prompts.values())  # nothing is exemplified


async def test_labels_are_named_where_claims_are_classified():
    reader = Reader(reply("SUPPORTS", "x"))
    question = Question("Ada lives in Rome.", context=CONTEXT, options=("SUPPORTS", "REFUTES"))
    await reader.reading(ChainOfEvidence(objective="classify"), question)
    assert "exactly one of: SUPPORTS, REFUTES" in reader.prompts[0] and "classification" in reader.prompts[0]
    with pytest.raises(BadInput, match="classify"):
        ChainOfEvidence(objective="clasify")


async def test_no_evidence_means_the_context_again_and_no_answer_the_first_one():
    reader = Reader(reply("Oslo", ""), reply("", ""))
    found = await reader.reading(EvidenceToGenerate())
    assert found.flags == ("no evidence", "no answer") and found.final.answer == "Oslo"
    assert found.ground == CONTEXT and "SECRETWORD" in reader.prompts[1]


async def test_strict_removes_what_is_not_in_the_context():
    told = "Ada lives in Rome. Ada has lived there for twenty long years."
    for strict in (False, True):
        reader = Reader(reply("Rome", told), SECOND)
        found = await reader.reading(EvidenceToGenerate(strict=strict))
        assert (found.ungrounded, found.evidence_sentences) == (1, 2)
        assert ("twenty long" in reader.prompts[1]) is not strict


async def test_an_empty_context_is_asked_about_once():
    reader = Reader(reply("Rome", "I know."))
    found = await reader.reading(EvidenceToGenerate(), Question("Where does Ada live?"))
    assert found.final.answer == "Rome" and len(reader.prompts) == 1 and "Text:" not in reader.prompts[0]


async def test_evidence_longer_than_the_context_and_contradictions_pass_through():
    reader = Reader(reply("Rome", CONTEXT * 3), SECOND)
    assert (await reader.reading(EvidenceToGenerate())).final.answer == "Rome"


async def test_evidence_of_the_house_model_is_looked_up_by_number():
    reader = Reader("1.1 Ada: home: Rome\n#Rome", "#Rome")
    question = Question("Where?", context="1.1 Ada lives in Rome. 1.2 Ben lives in Oslo.")
    found = await reader.reading(EvidenceToGenerate(ChainOfEvidence(style="native")), question)
    assert found.ground == "1.1 Ada lives in Rome." and found.final.answer == "Rome"
    assert reader.prompts[1] == "1.1 Ada lives in Rome.\n\nWhere?"


async def test_an_oracle_extractor_gives_the_accuracy_on_gold_sentences_alone():
    """With full recall and nothing else quoted, the second step is one step on the gold sentences."""
    answers = {"Ada lives in Rome.": "Rome", CONTEXT: "Oslo"}

    def script(request):
        text = request.messages[-1].content.partition("Text:\n")[2].partition("\n\nWhere")[0]
        return reply(answers[text], "Ada lives in Rome.")

    model = Scripted("oracle", script)
    two = await EvidenceToGenerate().reading(QUESTION, model, "r")
    gold = await ChainOfEvidence().reading(Question(QUESTION.text, context="Ada lives in Rome."), model, "r")
    assert two.final == gold.final


@pytest.mark.parametrize(
    ("text", "answer", "evidence", "flags"),
    [
        (reply("Rome", "E."), "Rome", "E.", ()),
        ('Sure {x}: ```json\n{"answer": ["a", "b"], "evidence": ["One.", "Two."],}\n```',
         "a, b", "One. Two.", ("repaired",)),
        ("{“answer”: “Rome”, “explanation”: “x”}", "Rome", "x", ("repaired",)),
        ("{'answer': 'Rome', 'evidence and explanation': 'x'}", "Rome", "x", ("repaired",)),
        ('{"answer": "a", "answer": "b", "evidence": "e", "evidence": "f"}', "b", "e\nf", ()),
        ('It is {"answer": 5, "evidence": null} indeed', "5", "", ()),
        ("**Answer:** Rome\nEvidence and explanation: It says so.\nTwice.", "Rome", "It says so.\nTwice.", ()),
        ("I think the answer is Rome. Because.", "Rome", "I think the answer is Rome. Because.", ("unstructured",)),
        ("", "", "", ("unstructured",)),
        ("{" * 3000, "", "{" * 3000, ("unstructured",)),
    ],
)  # fmt: skip
def test_replies_in_every_shape(text, answer, evidence, flags):
    found = read(text)
    assert (found.answer, found.evidence, found.flags) == (answer, evidence, flags)


@given(s.text(max_size=300))
def test_reading_never_raises(text):
    assert isinstance(read(text, ("yes", "no")).answer, str)


def test_unknown_is_told_from_answers():
    for text in ("unknown", "It cannot be determined.", "Not mentioned in the text", "N/A", "not enough information"):
        assert says_unknown(text)
    for text in ("Norway", "Nonesuch House", "Notting Hill", "42"):
        assert not says_unknown(text)
    assert not says_unknown("NOT ENOUGH INFO", ("NOT ENOUGH INFO",))


def test_an_edit_in_the_middle_is_not_grounded_and_one_at_the_end_is():
    context = "In the year 1912 the old stone bridge over the river was built by Clara Novak near Brno."
    same, middle, end = context, context.replace("stone", "iron"), context.replace("Brno", "Linz")
    assert grounding.grounded(same.lower(), context) == ([same.lower()], [])
    assert grounding.grounded(middle, context)[1] == [middle] and grounding.grounded(end, context)[0] == [end]


def test_quoted_sentences_are_found_and_scored():
    told = grounding.sentences(CONTEXT)
    assert grounding.found("ada lives in Rome", told) == {0} and grounding.found("Nothing of this kind.", told) == set()
    assert grounding.precision_recall({0, 1}, {0, 2}) == (0.5, 0.5, 0.5)
    assert (
        grounding.precision_recall(set(), set()) == (1.0, 1.0, 1.0) and grounding.precision_recall(set(), {1})[1] == 0
    )


@given(s.lists(s.lists(s.integers(1, 30), min_size=1, max_size=6), min_size=1, max_size=6), s.integers(1, 120))
def test_a_long_context_loses_whole_sentences(passages, most):
    context = "\n".join(" ".join(f"S{' w' * n}." for n in passage) for passage in passages)
    cut, left_out = grounding.fitted(context, most)
    before, after = grounding.sentences(context), grounding.sentences(cut)
    assert grounding.tokens(cut) <= most or left_out == 0
    assert len(before) == len(after) + left_out and all(sentence in before for sentence in after)


def test_thirty_thousand_tokens_are_cut_by_passage():
    long, short = "It rained all day there. " * 5000, "Ada lives in Rome."
    cut, left_out = grounding.fitted(f"{long}\n{short}", 1000)
    assert cut.endswith(short) and 900 < grounding.tokens(cut) <= 1000 and left_out > 4000


YES = [
    "who",
    "whom",
    "whose",
    "what",
    "which",
    "when",
    "where",
    "why",
    "how",
    "is",
    "are",
    "was",
    "were",
    "do",
    "does",
    "did",
    "has",
    "have",
    "had",
    "can",
    "could",
    "will",
    "would",
    "should",
    "may",
    "might",
    "must",
]
NO = ["name the river", "tell me", "capital of France", "the first king", "in which year", ""]


@pytest.mark.parametrize("word", YES)
def test_well_formed_questions_begin_with_these(word):
    assert well_formed(f"{word} it?") and well_formed(f'"{word.capitalize()} it?')


@pytest.mark.parametrize("text", NO)
def test_others_are_not_well_formed(text):
    assert not well_formed(text)


async def test_the_adaptive_rule_decides_what_the_second_step_reads():
    for text, both in (("Where does Ada live?", True), ("the town of Ada", False)):
        found = await Reader(FIRST, SECOND).reading(
            EvidenceToGenerate(ground="adaptive"), Question(text, context=CONTEXT)
        )
        assert (CONTEXT in found.ground) is both


def test_the_table_of_routes():
    assert route(False, False) == Route(1, "context", "long") and route(False, True) == Route(2, "both", "long")
    assert route(True, False) == Route(2, "evidence", "long") and route(True, True) == Route(2, "both", "long")
    assert route(True, True, context_aware=False) == Route(1, "none", "long")
    for flags in ((a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)):
        dear, cheap = route(*flags), route(*flags, save_cost=True)
        assert cheap == dear._replace(length="short")  # the only thing that cost changes


async def test_routes_are_taken():
    long = Question("Where does Ada live?", context=CONTEXT * 20)
    for question, several, calls in ((QUESTION, False, 1), (QUESTION, True, 2), (long, False, 2)):
        reader = Reader(FIRST, SECOND)
        found = await reader.reading(Routed(several), question)
        assert len(reader.prompts) == calls and (question.context in found.ground) is (several and calls == 2)
