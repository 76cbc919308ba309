"""Published data sets in the forms in which they are distributed, read as task rows. Nothing is downloaded."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from manyminds.core import BadInput
from manyminds.worlds.texts.task_files import Kind, Row

ANSWER = re.compile(r"####\s*(-?[\d,.]+)\s*$")


def text_of(path: Path | str) -> str:
    path = Path(path)
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None


def records(path: Path | str, *needed: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, record) of each line of a JSON-lines file, or of a file that is one JSON list."""
    text = text_of(path)
    whole = text.lstrip().startswith("[")
    parts = json.loads(text) if whole else text.split("\n")
    for at, part in enumerate(parts, 1):
        if not whole and not part.strip():
            continue
        place = f"{path}, {'record' if whole else 'line'} {at}"
        try:
            found = part if whole else json.loads(part)
        except ValueError as error:
            raise BadInput(f"{place}: not JSON ({error})") from None
        lacking = [key for key in needed if not isinstance(found, dict) or key not in found]
        if lacking:
            raise BadInput(f"{place}: no field {lacking[0]!r}")
        yield place, found


def built(place: str, **fields: Any) -> Row:
    try:
        return Row(**fields)
    except ValueError as error:
        raise BadInput(f"{place}: {error}") from None


def human_eval(path: Path | str, extended: Path | str | None = None) -> list[Row]:
    """HumanEval (arXiv 2107.03374), plain or with the tests of its ET version (`test_case_list`, arXiv 2301.09043),
    which may stand in the same file or in one of its own. The gold program is `meta["gold"]`."""
    more = (
        {found["task_id"]: found["test_case_list"] for _, found in records(extended, "task_id", "test_case_list")}
        if extended
        else {}
    )
    rows = []
    for place, found in records(path, "task_id", "prompt", "entry_point", "test"):
        name, cases = found["entry_point"], more.get(found["task_id"], found.get("test_case_list", []))
        tests = "\n".join([found["test"], f"check({name})", *cases])
        gold = found["prompt"] + found.get("canonical_solution", "")
        rows.append(
            built(
                place,
                id=str(found["task_id"]),
                prompt=found["prompt"],
                kind="code",
                entry_point=name,
                tests=tests,
                meta={"gold": gold, "cases": len(cases)},
            )
        )
    return rows


def mbpp(path: Path | str, extended: Path | str | None = None) -> list[Row]:
    """MBPP (arXiv 2108.07732), full (`text`, `test_setup_code`) or sanitised (`prompt`, `test_imports`), with the
    tests of its ET version where given. The tests are for judging alone: no prompt holds them."""
    more = (
        {
            str(found["task_id"]): found.get("test_case_list", found.get("test_list", []))
            for _, found in records(extended, "task_id")
        }
        if extended
        else {}
    )
    rows = []
    for place, found in records(path, "task_id", "code", "test_list"):
        prompt = found.get("prompt", found.get("text", ""))
        cases = more.get(str(found["task_id"]), found.get("test_case_list", []))
        called = re.search(
            r"\b([A-Za-z_]\w*)\s*\(", "\n".join(found["test_list"]).replace("assert", "").replace("set(", "(")
        )
        names = re.findall(r"^def\s+(\w+)", found["code"], re.M)
        entry = next(
            (name for name in names if called and name in "\n".join(found["test_list"])), names[-1] if names else ""
        )
        setup = "\n".join([*found.get("test_imports", []), found.get("test_setup_code", "")])
        rows.append(
            built(
                place,
                id=str(found["task_id"]),
                prompt=f"{prompt}\nThe function is called {entry}.",
                kind="code",
                entry_point=entry,
                setup=setup,
                tests="\n".join([*found["test_list"], *cases]),
                meta={"gold": found["code"], "cases": len(cases)},
            )
        )
    return rows


def gsm8k(path: Path | str) -> list[Row]:
    """GSM8K (arXiv 2110.14168): the answer is the number after `####`."""
    rows = []
    for place, found in records(path, "question", "answer"):
        end = ANSWER.search(found["answer"])
        if not end:
            raise BadInput(f"{place}: the answer does not end with '#### NUMBER'")
        rows.append(
            built(
                place,
                id=place.rpartition(" ")[2],
                prompt=found["question"],
                kind="number",
                answers=(end[1].rstrip("."),),
                meta={"worked": found["answer"]},
            )
        )
    return rows


def big_bench(path: Path | str) -> list[Row]:
    """A multiple-choice task of BIG-bench (arXiv 2206.04615): StrategyQA, Simple Ethical Questions, ..."""
    whole = json.loads(text_of(path))
    if not isinstance(whole, dict) or not isinstance(whole.get("examples"), list):
        raise BadInput(f"{path}: a BIG-bench task holds a list 'examples'")
    rows = []
    for at, found in enumerate(whole["examples"]):
        place = f"{path}, example {at}"
        scores = found.get("target_scores")
        if not scores:
            raise BadInput(f"{place}: no 'target_scores'")
        best = max(scores.values())
        rows.append(
            built(
                place,
                id=str(at),
                prompt=found["input"],
                kind="choice",
                options=tuple(scores),
                answers=tuple(option for option, score in scores.items() if score == best),
            )
        )
    return rows


def squad(path: Path | str) -> list[Row]:
    """SQuAD 2.0 (arXiv 1806.03822); questions without an answer have the answer `unknown`."""
    rows = []
    for article in json.loads(text_of(path))["data"]:
        for paragraph in article["paragraphs"]:
            for found in paragraph["qas"]:
                given = tuple(dict.fromkeys(answer["text"] for answer in found["answers"])) or ("unknown",)
                rows.append(
                    built(
                        f"{path}, {found['id']}",
                        id=found["id"],
                        prompt=found["question"],
                        kind="f1",
                        answers=given,
                        context=paragraph["context"],
                    )
                )
    return rows


def hotpot_qa(path: Path | str) -> list[Row]:
    """HotpotQA (arXiv 1809.09600), distractor setting; `meta["evidence"]` holds [title, sentence] pairs."""
    rows = []
    for place, found in records(path, "_id", "question", "answer", "context"):
        context = "\n".join(f"{title}: {''.join(sentences)}" for title, sentences in found["context"])
        rows.append(
            built(
                place,
                id=found["_id"],
                prompt=found["question"],
                kind="f1",
                answers=(found["answer"],),
                context=context,
                meta={"evidence": found.get("supporting_facts", [])},
            )
        )
    return rows


def drop(path: Path | str) -> list[Row]:
    """DROP (arXiv 1903.00161): a number, spans (told one after another) or a date."""
    rows = []
    for name, passage in json.loads(text_of(path)).items():
        for found in passage["qa_pairs"]:
            options = [found["answer"], *found.get("validated_answers", [])]
            given = dict.fromkeys(filter(None, map(drop_answer, options)))
            rows.append(
                built(
                    f"{path}, {name}",
                    id=found["query_id"],
                    prompt=found["question"],
                    kind="f1",
                    answers=tuple(given),
                    context=passage["passage"],
                )
            )
    return rows


def drop_answer(answer: dict[str, Any]) -> str:
    date = answer.get("date") or {}
    whole = " ".join(date.get(part, "") for part in ("day", "month", "year")).strip()
    return str(answer.get("number") or "") or " ".join(answer.get("spans") or []) or " ".join(whole.split())


def logi_qa(path: Path | str) -> list[Row]:
    """LogiQA (arXiv 2007.08124): blocks of letter, context, question and four options, blank lines between."""
    rows = []
    blocks = [block.strip().split("\n") for block in re.split(r"\n\s*\n", text_of(path)) if block.strip()]
    for at, lines in enumerate(blocks, 1):
        place = f"{path}, block {at}"
        if len(lines) != 7 or lines[0].strip().lower() not in tuple("abcd"):
            raise BadInput(
                f"{place}: {len(lines)} lines; a block is a letter a to d, context, question and four options"
            )
        options = tuple(re.sub(r"^[A-D][.)]\s*", "", line.strip()) for line in lines[3:])
        answer = options["abcd".index(lines[0].strip().lower())]
        rows.append(
            built(
                place,
                id=str(at),
                prompt=lines[2].strip(),
                kind="choice",
                options=options,
                answers=(answer,),
                context=lines[1].strip(),
            )
        )
    return rows


def fever(path: Path | str) -> list[Row]:
    """FEVER (arXiv 1803.05355): does the evidence support a claim?"""
    labels = ("SUPPORTS", "REFUTES", "NOT ENOUGH INFO")
    return [
        built(
            place,
            id=str(found["id"]),
            prompt=found["claim"],
            kind="choice",
            options=labels,
            answers=(found["label"],),
            meta={"evidence": found.get("evidence", [])},
        )
        for place, found in records(path, "id", "claim", "label")
    ]


def texts_to(source: str, target: str, key: str = "id") -> Callable[[Path | str], list[Row]]:
    """A reader of generative sets (XSum, WMT, paraphrases): one text in, one reference out, scored by overlap."""

    def read(path: Path | str) -> list[Row]:
        return [
            built(
                place,
                id=str(found.get(key, place.rpartition(" ")[2])),
                prompt=found[source],
                kind="f1",
                answers=(found[target],),
                meta={k: v for k, v in found.items() if k not in (source, target)},
            )
            for place, found in records(path, source, target)
        ]

    return read


xsum = texts_to("document", "summary")
paraphrases = texts_to("sentence1", "sentence2", "idx")


def wmt(path: Path | str, source: str = "de", target: str = "en") -> list[Row]:
    """WMT as JSON lines of {"translation": {"de": ..., "en": ...}}."""
    return [
        built(
            place,
            id=place.rpartition(" ")[2],
            prompt=found["translation"][source],
            kind="f1",
            answers=(found["translation"][target],),
        )
        for place, found in records(path, "translation")
    ]


def trivia_writing(path: Path | str) -> list[Row]:
    """Trivia Creative Writing (arXiv 2307.05300): a story that holds an answer to each question. A row is one question
    of a story, so that the micro average is the paper's score; `meta["story"]` names the story."""
    rows = []
    for place, found in records(path, "questions", "answers", "topic"):
        story = place.rpartition(" ")[2]
        for at, (question, aliases) in enumerate(zip(found["questions"], found["answers"])):
            rows.append(
                built(
                    place,
                    id=f"{story}.{at}",
                    prompt=question,
                    kind="contains",
                    answers=tuple(aliases),
                    meta={"story": story, "topic": found["topic"], "questions": found["questions"]},
                )
            )
    return rows


def logic_grids(path: Path | str) -> list[Row]:
    """Logic Grid Puzzle of the same paper (from BIG-bench): the number of a house."""
    kind: Kind = "number"
    return [
        built(
            place,
            id=str(found.get("idx", place.rpartition(" ")[2])),
            prompt=found["inputs"],
            kind=kind,
            answers=tuple(found["targets"]),
        )
        for place, found in records(path, "inputs", "targets")
    ]


def codenames(path: Path | str) -> list[dict[str, Any]]:
    """Codenames Collaborative of the same paper: `word_list` and `target_words`, for a game of two calls and no row."""
    found = []
    for place, one in records(path, "word_list", "target_words"):
        strange = set(one["target_words"]) - set(one["word_list"])
        if strange:
            raise BadInput(f"{place}: the targets {sorted(strange)} are not in the list")
        found.append(
            {
                "id": str(one.get("idx", place.rpartition(" ")[2])),
                "words": one["word_list"],
                "targets": one["target_words"],
            }
        )
    return found
