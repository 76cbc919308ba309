"""Rows of task files and items of the nursery as questions, and how final answers to items are judged."""

from manyminds.conversations.methods import Question
from manyminds.worlds.texts.formats import THOUGHT, is_worked
from manyminds.worlds.texts.items import Family, Item, Verdict, final, last_marked
from manyminds.worlds.texts.task_files import Row


def of_row(row: Row, form: str = "") -> Question:
    """What is asked; never the accepted answers. `form` says in words how the answer must be written."""
    return Question(row.prompt, form, row.context, row.options, row.entry_point)


def of_item(family: Family, item: Item, form: str = "") -> Question:
    """The item as it stands; where a function is to be written its prompt says so, and `form` is left out."""
    if is_code(family):
        return Question(item.prompt, entry_point="f")
    return Question(item.prompt, form, opener=THOUGHT if is_worked(family.name) else "")


def is_code(family: Family) -> bool:
    """Are answers of this family judged by running them?"""
    return hasattr(family, "judge")


def checked(family: Family, item: Item, text: str) -> Verdict:
    """A final answer by the family's checker: its last marked line, or else all of it as one. `progress` is 1 or 0: how
    far a wrong solution went right counts for nothing in an answer."""
    said = text if last_marked(text) is not None else final(" ".join(text.split()))
    found = family.check(item, said)
    return found._replace(progress=float(found.ok))


async def judged(family: Family, item: Item, text: str) -> Verdict:
    """The same, where programs are run."""
    run = getattr(family, "judge", None)
    if run is None:
        return checked(family, item, text)
    found: Verdict = await run(item, text)
    return found._replace(progress=float(found.ok))
