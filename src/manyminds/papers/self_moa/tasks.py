"""What the arms answer: scripted exams, items of the nursery, released sets and anybody's task file, all alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from manyminds.conversations.methods import Question
from manyminds.conversations.plain import Style
from manyminds.core import BadInput, Seeds, unknown
from manyminds.papers.self_moa.specialists import Exam
from manyminds.worlds.texts import asking, task_files
from manyminds.worlds.texts.items import Family, Item, items
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.published_benchmarks import JUDGED, READERS, judged
from manyminds.worlds.texts.task_files import Row

LETTERED = "letters"
Score = Callable[[str], Awaitable[float]]
FORMS = {"choice": "The answer is the letter of an option.", "number": "The answer is a number.",
         "f1": "The answer is as short as possible."}  # fmt: skip
CHECKERS = {"literal": "The answer is a Python value.",
            "program": "The answer is the arguments, as Python writes them.",
            "formula": "The answer is a formula or a number, in LaTeX where needed."}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One question and how a final answer to it is scored (NaN: only a judge can). `reference` is what a judge compares
    with, `second` what is asked after the first answer, `category` of which kind the question is."""

    question: Question
    score: Score
    reference: str = ""
    second: str = ""
    category: str = ""


@dataclass(frozen=True)
class Set:
    """Tasks of one kind. The first of them, for validation, choose the model; they are not tested on."""

    name: str
    tasks: tuple[Task, ...]
    style: Style = "marked"

    def split(self, validation: int) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
        if len(self.tasks) < validation + 2:
            raise BadInput(f"{self.name} has {len(self.tasks)} tasks; that is too few for {validation} of validation")
        return self.tasks[:validation], self.tasks[validation:]

    @property
    def letters(self) -> bool:
        """Are answers letters of options?"""
        return bool(self.tasks[0].question.options) or self.tasks[0].category == LETTERED

    @property
    def judged(self) -> bool:
        return bool(self.tasks[0].reference)


def of_exam(exam: Exam) -> Set:
    def task(item: int) -> Task:
        gold = exam.letter(item, 0)

        async def score(text: str) -> float:
            return float(text.strip() == gold)

        return Task(Question(exam.text(item)), score, category=LETTERED)

    return Set(exam.family, tuple(task(item) for item in range(exam.count)))


def loaded(entry: str, limit: int, seeds: Seeds) -> Set:
    """The set behind `NAME:PATH` (a released file), `tasks:PATH` (a task file) or `nursery:FAMILY@LEVEL`."""
    name, mark, place = entry.partition(":")
    if name == "nursery" and mark:
        return of_nursery(place, limit, seeds)
    if name != "tasks" and name not in READERS:
        raise unknown("data set", name, {*READERS, "tasks", "nursery"})
    if not mark or not Path(place).exists():
        raise BadInput(f"data {entry!r}: there is no file {place!r}; write NAME:PATH, for instance math:test.jsonl")
    rows = (task_files.load(place) if name == "tasks" else READERS[name](place))[:limit]
    free = bool(rows) and rows[0].meta.get("checker") == JUDGED
    return Set(name, tuple(of_row(row) for row in rows), "free" if free else "marked")


def of_row(row: Row) -> Task:
    checker = row.meta.get("checker", "")
    form = CHECKERS.get(checker, "" if checker == JUDGED else FORMS.get(row.kind, ""))
    return Task(asking.of_row(row, form), lambda text: judged(row, text), row.answers[0] if checker == JUDGED else "",
                row.meta.get("second", ""), row.meta.get("category", ""))  # fmt: skip


def of_nursery(place: str, limit: int, seeds: Seeds) -> Set:
    """Items that no model was raised on, put as the house model reads them; the answer stands after `#`."""
    name, _, level = place.partition("@")
    known = families(seeds)
    if name not in known:
        raise unknown("nursery family", name, known)
    family = known[name]
    found = items(family, int(level or 1), "test", seeds, limit)
    return Set(name, tuple(of_item(family, item) for item in found), "native")


def of_item(family: Family, item: Item) -> Task:
    async def score(text: str) -> float:
        return (await asking.judged(family, item, text)).progress

    return Task(asking.of_item(family, item), score)


def second_turn(task: Task, answer: str) -> Task:
    """The second turn of a task, with the first as its context."""
    told = f"Earlier in this conversation\n\nUser: {task.question.text}\n\nYou: {answer}"
    return replace(task, question=replace(task.question, text=task.second, context=told), second="")
