"""The released logs of the paper, scored again: a folder of JSON lines in, the figures of its tables out.

The logs come with the paper's code (`logs/TASK/MODEL/*.jsonl` of MikeWangWZHL/Solo-Performance-Prompting) and are not
part of this package; `logs=FOLDER` points to them.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from manyminds.conversations.solo import read
from manyminds.core import BadInput
from manyminds.worlds.texts import codenames, logic_puzzles, trivia_stories
from manyminds.worlds.texts.published import records

Named = Literal["gpt4", "gpt35", "llama2-13b"]


class Logged(BaseModel, frozen=True):
    """One file of logs: a task, a model, a method, with or without a system message; sums over its records."""

    task: str
    model: str
    method: str
    system: bool
    records: int  # with a reply
    missing: int  # records whose last call has no reply; they are left out of all sums, as in the paper's figures
    hits: int  # answers, targets or puzzles that are right by the rule of the logs
    of: int
    parsed_hits: int  # the same where a reply that could not be parsed counts as wrong
    strict_hits: int  # by whole words, by a number that is the only one, in codenames of the first n guesses
    macro: float  # the mean over records of the share that is right
    unparsed: int
    participants: list[int] = []
    turns: list[int] = []


def task_of(record: dict[str, Any], place: str) -> str:
    data = record["task_data"]
    if "questions" in data:
        return f"trivia {len(data['questions'])}"
    if "word_list" in data:
        return "codenames"
    if "inputs" in data:
        return "logic"
    raise BadInput(f"{place}: this task is not known")


def answer_of(record: dict[str, Any]) -> tuple[str, bool, str] | None:
    """(the answer as it was parsed, whether it was, the reply) of the last call; None where no reply came."""
    last = record.get("guesser_logs", record)
    if record.get("method") == "self_refine":
        last = last.get(f"answer_{record.get('num_refine', 1)}", {})
    answers = last.get("guesser_output", last.get("unwrapped_output"))
    if not answers:
        return None
    parsed = last.get("parsing_success_flag_guesser", last.get("parsing_success_flag", [True]))
    replies = last.get("raw_response_guesser", last.get("raw_response"))
    return answers[0], bool(parsed[0]), replies[0]["choices"][0]["message"]["content"] if replies else ""


def hits_of(task: str, data: dict[str, Any], text: str, method: str = "spp") -> tuple[int, int, int]:
    """(hits by the rule of the logs, hits by a stricter one, how many there could be).

    In logic grids the marks in the logs ask only that the target occurs, which whole transcripts that could not be
    parsed nearly always fulfil. The code that came with them also wants no other number, and that is the strict rule;
    the logs of Self-Refine, made two months later, are marked by it.
    """
    if task == "logic":
        target = data["targets"][0]
        strict = int(logic_puzzles.right(text, target))
        return strict if method == "self_refine" else int(logic_puzzles.occurs(text, target)), strict, 1
    if task == "codenames":
        found = codenames.score(codenames.Game("", tuple(data["word_list"]), tuple(data["target_words"])), text)
        return found.found, found.capped, found.targets
    story = trivia_stories.Story("", data["topic"], tuple(data["questions"]), tuple(map(tuple, data["answers"])))
    told = trivia_stories.score(story, text)
    return told.found, told.whole, told.questions


def read_file(path: Path) -> Logged:
    """The sums of one file."""
    lines = [record for _, record in records(path)]
    every = [(record, last) for record in lines if "task_data" in record and (last := answer_of(record))]
    if not every:
        raise BadInput(f"{path} holds no record with a reply")
    task, method = task_of(every[0][0], str(path)), every[0][0]["method"]
    sums = {"hits": 0, "of": 0, "parsed_hits": 0, "strict_hits": 0, "unparsed": 0}
    shares, participants, turns = [], [], []
    for record, (answer, parsed, reply) in every:
        hits, strict, of = hits_of(task, record["task_data"], answer, method)
        sums["hits"] += hits
        sums["strict_hits"] += strict
        sums["of"] += of
        sums["parsed_hits"] += hits * parsed
        sums["unparsed"] += not parsed
        shares.append(hits / of)
        if method.startswith("spp"):
            found = read(reply)
            participants.append(len(found.participants))
            turns.append(len(found.turns))
    folder = path.parent.name
    plain = "wo_sys" in folder or "without_sys" in path.name
    return Logged(
        task=task, model=folder.partition("_")[0], method=method, system=not plain, records=len(every),
        missing=len(lines) - len(every), macro=sum(shares) / len(shares), participants=participants, turns=turns,
        **sums,
    )  # fmt: skip


def files_in(folder: str) -> Iterator[Path]:
    found = sorted(Path(folder).expanduser().rglob("*.jsonl"))
    if not found:
        raise BadInput(f"logs={folder!r} holds no .jsonl file; it is the folder 'logs' of the paper's code")
    return (path for path in found if "__method-" in path.name)


def score(logged: list[Logged], task: str, model: str, method: str) -> float:
    """The paper's figure in percent: micro over a file, then the mean over the runs with and without system message;
    NaN where there is none."""
    found = [100 * one.hits / one.of for one in logged if (one.task, one.model, one.method) == (task, model, method)]
    return sum(found) / len(found) if found else float("nan")


def differences(logged: list[Logged], published: dict[str, dict[tuple[str, str], float]]) -> list[tuple[str, float]]:
    """(cell, ours less the figure of the logs) of all cells for which there are files."""
    found = []
    for model, cells in published.items():
        for (task, method), figure in cells.items():
            ours = score(logged, task, model, method)
            if ours == ours:
                found.append((f"{model}, {task}, {method}", ours - figure))
    return found
