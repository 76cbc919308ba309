"""Items and rows as questions: the same for papers and comparisons; right answers are right however they are put."""

import pytest

from manyminds.agents.sandbox import isolation
from manyminds.core import Seeds
from manyminds.lab import compare_tasks
from manyminds.papers.mallm import tasks as discussed
from manyminds.papers.self_moa import tasks as mixed
from manyminds.worlds.texts import asking
from manyminds.worlds.texts.functions import Functions
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.sums import Sums
from manyminds.worlds.texts.task_files import Row


@pytest.mark.parametrize("family", [Sums(), Hops()], ids=lambda family: family.name)
def test_an_answer_counts_alone_marked_or_at_the_end_of_work(family):
    for item in items(family, 2, "test", Seeds(0), 5):
        for said in (item.answer, f" {item.answer}\n", f"#{item.answer}", item.solution, f"# no\n#{item.answer}"):
            assert asking.checked(family, item, said).progress == 1
        for said in ("", "no", f"{item.answer}\n#no", f"{item.answer} no"):
            assert asking.checked(family, item, said).progress == 0


@pytest.mark.skipif(isolation().walls == "none", reason="no isolation here")
async def test_functions_are_judged_by_running_them():
    family = Functions()
    item = items(family, 1, "test", Seeds(0), 1)[0]
    assert asking.of_item(family, item, "Briefly.").entry_point == "f" and not asking.of_item(family, item, "x").form
    assert (await asking.judged(family, item, item.answer)).ok
    assert (await asking.judged(family, item, "def f(x):\n    return 'no'")).progress == 0


async def test_all_who_ask_an_item_ask_and_score_alike():
    family = Sums()
    item = items(family, 2, "test", Seeds(0), 1)[0]
    compared, task = compare_tasks.of_item(family, item, native=True), mixed.of_item(family, item)
    asked = discussed.from_item("sums", family, item, native=True)
    assert compared.question == task.question == asked.question
    for said, score in ((item.answer, 1), (item.solution, 1), ("no", 0)):
        assert (await compared.score(said, None)).progress == await task.score(said) == asked.score(said) == score


def test_a_row_as_a_question_holds_no_answers():
    row = Row(prompt="Which?", kind="choice", options=("left", "right"), answers=("right",), context="Look.")
    question = asking.of_row(row, "Write a letter.")
    assert (question.text, question.form, question.context) == ("Which?", "Write a letter.", "Look.")
    assert question.options == row.options and not question.entry_point
