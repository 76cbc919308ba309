"""Task files: anybody's own task as one JSON object a line, and how answers to it are scored.

    {"prompt": "2 + 2?", "answers": ["4"], "kind": "number"}

Fields: `prompt` (required), `id` (default: the number of the line), `kind` (default "exact"), `answers` (accepted ones;
the best match counts), `context` (a text to answer from), `options` (for "choice"), `entry_point`, `tests`, `setup`
(for "code"), `meta` (anything). Kinds:

    exact     equal after the SQuAD normalisation: case, punctuation, articles and blanks aside
    f1        best overlap of words after that normalisation, in [0, 1]; `ok` where it is 1
    contains  some answer stands in the reply, as whole words
    number    the last number of the reply equals an answer
    choice    the letter of an option ("B", "B)") or its text
    code      a Python function that passes `tests` in the sandbox
"""

import json
import re
import string
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from manyminds.agents.sandbox import Limits, run
from manyminds.core import BadInput, unknown
from manyminds.worlds.texts.items import Verdict

Kind = Literal["exact", "f1", "contains", "number", "choice", "code"]
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
LETTERS = string.ascii_uppercase


class Row(BaseModel):
    """One task, checked: a row that nobody could answer is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str
    id: str = ""
    kind: Kind = "exact"
    answers: tuple[str, ...] = ()
    context: str = ""
    options: tuple[str, ...] = ()
    entry_point: str = ""
    tests: str = ""
    setup: str = ""  # code before the tests
    meta: dict[str, Any] = {}

    @model_validator(mode="after")
    def answerable(self) -> "Row":
        if not self.prompt.strip():
            raise ValueError("'prompt' is empty")
        if self.kind == "code":
            if not self.entry_point.isidentifier() or not self.tests.strip():
                raise ValueError("a task of kind 'code' needs 'entry_point' (a name) and 'tests'")
            return self
        if not self.answers:
            raise ValueError(f"a task of kind {self.kind!r} needs 'answers'")
        if self.kind == "choice" and not (2 <= len(self.options) <= 26 and set(self.answers) <= set(self.options)):
            raise ValueError("a task of kind 'choice' needs 2 to 26 'options', and every answer must be one of them")
        if self.kind == "number" and any(number(answer) is None for answer in self.answers):
            raise ValueError(f"no number in the answers {list(self.answers)}")
        return self

    def asked(self) -> str:
        """The whole question as text: context, prompt, lettered options."""
        listed = [f"{letter}) {option}" for letter, option in zip(LETTERS, self.options)]
        return "\n".join([*([self.context] if self.context else []), self.prompt, *listed])


def load(path: Path | str) -> list[Row]:
    """All rows of a task file; raises BadInput that names the first bad line and what is wrong with it."""
    path = Path(path)
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} cannot be read: it is no text in UTF-8") from None
    rows: dict[str, Row] = {}
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = parsed(line, f"{path}, line {at}", str(at))
        if row.id in rows:
            raise BadInput(f"{path}, line {at}: the id {row.id!r} is there twice")
        rows[row.id] = row
    if not rows:
        raise BadInput(f"{path} holds no tasks; a task is a line such as " + '{"prompt": "2 + 2?", "answers": ["4"]}')
    return list(rows.values())


def parsed(line: str, place: str, number_of_line: str) -> Row:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{place}: not JSON ({error})") from None
    if not isinstance(found, dict):
        raise BadInput(f"{place}: a task is a JSON object, not {type(found).__name__}")
    for key in found:
        if key not in Row.model_fields:
            raise BadInput(f"{place}: {unknown('field', key, Row.model_fields)}")
    if isinstance(found.get("answers"), str):
        raise BadInput(f"{place}: 'answers' is a list, such as [{json.dumps(found['answers'])}]")
    if found.get("kind", "exact") not in get_args(Kind):
        raise BadInput(f"{place}: {unknown('kind', str(found['kind']), get_args(Kind))}")
    found["id"] = str(found.get("id", number_of_line))
    try:
        return Row.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"'{'.'.join(map(str, first['loc']))}': " if first["loc"] else ""
        raise BadInput(f"{place}: {where}{first['msg'].removeprefix('Value error, ')}") from None


def save(path: Path | str, rows: Iterable[Row]) -> None:
    """Rows as a task file, defaults left out."""
    Path(path).write_text("".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows), "utf-8")


def normalised(text: str) -> str:
    """The normalisation of SQuAD (arXiv 1606.05250): lower case, no punctuation, no articles, single blanks."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def overlap(reply: str, answer: str) -> float:
    """The F1 of words in common, 0 where there are none; yes, no and noanswer must match whole (as HotpotQA's
    scorer)."""
    said, gold = normalised(reply), normalised(answer)
    if said != gold and {said, gold} & {"yes", "no", "noanswer"}:
        return 0.0
    same = sum((Counter(said.split()) & Counter(gold.split())).values())
    if not same:
        return float(said == gold)
    precision, recall = same / len(said.split()), same / len(gold.split())
    return 2 * precision * recall / (precision + recall)


def number(text: str) -> float | None:
    """The last number in a text; commas between digits are read as separators of thousands."""
    found = NUMBER.findall(text[-10_000:])
    return float(found[-1].replace(",", "")[:300]) if found else None


def chosen(row: Row, text: str) -> str | None:
    """The option that a reply takes: its text, or its letter at the end or before `)`, `]`, `:` or `.`."""
    bare = text.strip()
    whole = [option for option in row.options if normalised(option) == normalised(bare)]
    letters = re.findall(r"(?<![A-Za-z])([A-Z])(?=[)\]:.]|\s*$)", bare[-10_000:])
    if whole:
        return whole[0]
    at = LETTERS.index(letters[-1]) if letters else len(row.options)
    return row.options[at] if at < len(row.options) else None


def check(row: Row, text: str) -> Verdict:
    """Score a final answer; pure, takes any text. A task of kind "code" is scored by `judge` alone."""
    if row.kind == "f1":
        best = max(overlap(text, answer) for answer in row.answers)
        return Verdict(best == 1, text, "", best)
    if row.kind == "exact":
        ok = normalised(text) in map(normalised, row.answers)
    elif row.kind == "contains":
        ok = any(f" {normalised(answer)} " in f" {normalised(text)} " for answer in row.answers if normalised(answer))
    elif row.kind == "number":
        said = number(text)
        ok = said is not None and any(said == number(answer) for answer in row.answers)
    elif row.kind == "choice":
        ok = chosen(row, text) in row.answers
    else:
        return Verdict(False, None, "code is judged by running it")
    return Verdict(ok, text, "" if ok else "another answer", float(ok))


async def judge(row: Row, text: str, seconds: float = 5.0) -> Verdict:
    """Like `check`; code is run with its tests in the sandbox. Passing takes the line that the harness prints last, so
    an early exit with status 0 does not pass. (A program may still read its tests; use outputs compared outside, as
    `functions.py` does, where that matters.)"""
    if row.kind != "code":
        return check(row, text)
    blocks = re.findall(r"```(?:python|py)?[ \t]*\n(.*?)```", text, re.S)
    code = next((block for block in reversed(blocks) if f"def {row.entry_point}" in block), text)
    mark = token_hex(8)
    ran = await run(f"{row.setup}\n{code}\n{row.tests}\nprint('\\n{mark}')\n", limits=Limits(seconds=seconds))
    ok = ran.stdout.rstrip("\n").rpartition("\n")[2] == mark and ran.ok
    return Verdict(ok, code, "" if ok else f"{ran.reason}: {ran.stderr.strip()[-500:]}", float(ok))
