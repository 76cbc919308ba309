"""What the agents are asked: questions on the small encyclopedia, or a published data set read from a file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from manyminds.core import unknown
from manyminds.worlds.texts.mini_wiki import Question, Wiki
from manyminds.worlds.texts.published_benchmarks import READERS
from manyminds.worlds.texts.task_files import Row, check, number, overlap

SETS = ("hotpotqa", "gsm8k", "fever")


@dataclass(frozen=True)
class Task:
    """One question, where its tools read, and how an answer is scored: exactly right, and the overlap of words."""

    text: str
    kind: str
    wiki: Wiki
    score: Callable[[str], tuple[bool, float]]


def made(wiki: Wiki, item: Question) -> Task:
    """A question on the small encyclopedia. The last line decides, case and a full stop aside."""

    def score(said: str) -> tuple[bool, float]:
        ok = said.strip().rstrip(".").casefold() == item.answer.casefold()
        return ok, float(ok)

    return Task(item.text, item.kind, wiki, score)


def published_tasks(path: str, form: str) -> list[Task]:
    """HotpotQA (its paragraphs are the encyclopedia), GSM8K or FEVER, in the forms in which they are released."""
    if form not in SETS:
        raise unknown("data set", form, SETS)
    return [task_of(row, form) for row in READERS[form](Path(path))]


def task_of(row: Row, form: str) -> Task:
    pages = {}
    for line in row.context.splitlines():
        title, mark, text = line.partition(": ")
        if mark:
            pages[title] = tuple(re.split(r"(?<=[.!?])\s+", text.strip()))

    def score(said: str) -> tuple[bool, float]:
        if form == "gsm8k":  # the last number, to three decimals
            found, gold = number(said), number(row.answers[0])
            ok = found is not None and gold is not None and abs(found - gold) < 5e-4
            return ok, float(ok)
        verdict = check(row, said)
        return verdict.ok, max(overlap(said, answer) for answer in row.answers)

    asked = f"{row.prompt} ({', '.join(row.options)})" if row.options else row.prompt
    return Task(asked, form, Wiki(pages), score)
