"""What is asked in a comparison: a task file, or a family of the nursery at a level."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from manyminds.conversations.judging import Judge
from manyminds.conversations.methods import Question
from manyminds.core import BadInput, Seeds, unknown
from manyminds.worlds.texts import asking, task_files
from manyminds.worlds.texts.items import Family, Item, Verdict, stream
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.task_files import Row

NURSERY = "nursery:"
FORMS = {
    "exact": "Answer in as few words as you can.",
    "f1": "Answer in as few words as you can.",
    "number": "Answer with one number.",
    "choice": "Answer with the letter of one option.",
    "code": "Answer with one fenced Python block that holds the whole function and its imports.",
}
Scorer = Callable[[str, Judge], Awaitable[Verdict]]


@dataclass(frozen=True)
class Posed:
    """One question with its scorer, which no method sees; `progress` of the verdict is the score."""

    id: str
    question: Question
    score: Scorer


def posed(task: str, count: int, seeds: Seeds, native: bool = False) -> list[Posed]:
    """`count` questions (0: all of a file, 50 of the nursery or as many as there are); raises BadInput that names the
    file and the line."""
    if task.startswith(NURSERY):
        return of_nursery(task.removeprefix(NURSERY), count, seeds, native)
    rows = task_files.load(Path(task))
    return [of_row(row) for row in (rows[:count] if count else rows)]


def of_row(row: Row) -> Posed:
    async def score(text: str, judge: Judge) -> Verdict:
        if row.kind != "code":
            return task_files.check(row, text)
        from manyminds.conversations.coding_answers import Program
        from manyminds.core.actions import Invalid

        try:
            code = Program(row.entry_point).parse(text)
        except Invalid as error:
            return Verdict(False, None, str(error))
        ok = await judge.runs_through(f"{row.setup}\n{code}", row.tests)
        return Verdict(ok, code, "" if ok else "not all tests pass", float(ok))

    return Posed(row.id, asking.of_row(row, FORMS.get(row.kind, "")), score)


def of_nursery(name: str, count: int, seeds: Seeds, native: bool) -> list[Posed]:
    """Items of the test split, that no model was raised on; `count` 0: 50, or all where a family has fewer."""
    name, mark, level = name.partition(":")
    known = families(seeds)
    if name not in known:
        raise unknown("nursery family", name, known)
    family = known[name]
    if mark and not level.isdecimal():
        raise BadInput(f"the level {level!r} of {name} is no number; levels: {', '.join(map(str, family.levels))}")
    asked = stream(family, int(level) if level else family.levels[0], "test", seeds, scarce=not count)
    return [of_item(family, item, native) for item in islice(asked, count or 50)]


def of_item(family: Family, item: Item, native: bool) -> Posed:
    async def score(text: str, judge: Judge) -> Verdict:
        return await asking.judged(family, item, text)

    form = "" if native else "Answer with what is asked for alone."
    return Posed(item.form_hash, asking.of_item(family, item, form), score)
