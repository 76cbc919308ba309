"""More published sets in their released forms: benchmarks of general ability, and reading with retrieved passages.

Each is read as task rows. Where equality of words would be wrong (formulas, Python values, programs) `meta["checker"]`
names how an answer is judged, and `judged` does so.
"""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path

from manyminds.agents.sandbox import Limits, run
from manyminds.core import BadInput
from manyminds.worlds.texts import published
from manyminds.worlds.texts.published import built, records, text_of
from manyminds.worlds.texts.task_files import LETTERS, Row, judge, normalised, overlap

JUDGED = "judge"  # a checker: a person or a model compares


def alpaca_eval(path: Path | str) -> list[Row]:
    """AlpacaEval 2.0 (arXiv 2404.04475): instructions with the reference's output, which a judge compares with."""
    return [
        built(place, id=str(i), prompt=found["instruction"], kind="f1", answers=(found["output"],),
              meta={"checker": JUDGED, "source": found.get("dataset", ""), "generator": found.get("generator", "")})
        for i, (place, found) in enumerate(records(path, "instruction", "output"))
    ]  # fmt: skip


def mt_bench(path: Path | str) -> list[Row]:
    """MT-Bench (arXiv 2306.05685): two turns in eight categories, graded 1 to 10; `meta["second"]` is the second
    turn."""
    rows = []
    for place, found in records(path, "question_id", "category", "turns"):
        turns, given = found["turns"], found.get("reference") or ["-"]
        meta = {"checker": JUDGED, "category": found["category"], "second": turns[1] if len(turns) > 1 else ""}
        rows.append(built(place, id=str(found["question_id"]), prompt=turns[0], kind="f1", answers=tuple(given[:1]),
                          meta=meta))  # fmt: skip
    return rows


def mmlu_redux(path: Path | str, sound: bool = True) -> list[Row]:
    """MMLU-Redux (arXiv 2406.04127): `question, choices, answer` with what was found wrong with it; `sound` keeps the
    questions without an error, else the corrected answer counts where there is one."""
    rows = []
    for place, found in records(path, "question", "choices", "answer"):
        wrong = str(found.get("error_type", "ok")) != "ok"
        if wrong and sound:
            continue
        at, mended = found["answer"], found.get("correct_answer")
        if wrong and mended not in (None, ""):
            at = mended
        at = LETTERS.index(at) if isinstance(at, str) and at in LETTERS else int(at)
        options = tuple(map(str, found["choices"]))
        if not 0 <= at < len(options):
            raise BadInput(f"{place}: answer {at} of {len(options)} choices")
        rows.append(built(place, id=str(found.get("id", place.rpartition(" ")[2])), prompt=found["question"],
                          kind="choice", options=options, answers=(options[at],),
                          meta={"subject": found.get("subject", "")}))  # fmt: skip
    return rows


def crux_eval(path: Path | str, asked: str = "output") -> list[Row]:
    """CRUXEval (arXiv 2401.03065): what does `f` give for an input, or (`asked="input"`) some input that gives an
    output, which is judged by running the program."""
    if asked not in ("output", "input"):
        raise BadInput(f"CRUXEval asks for 'output' or 'input', not {asked!r}")
    rows = []
    for place, found in records(path, "code", "input", "output", "id"):
        call = f"f({found['input']})" if asked == "output" else f"f(...) == {found['output']}"
        told = "What does this call give?" if asked == "output" else "Which arguments make this true?"
        meta = {"checker": "literal" if asked == "output" else "program", "code": found["code"],
                "output": found["output"]}  # fmt: skip
        rows.append(built(place, id=f"{found['id']}-{asked}", prompt=f"{found['code']}\n\n{told}\n{call}", kind="exact",
                          answers=(found[asked],), meta=meta))  # fmt: skip
    return rows


def math_problems(path: Path | str) -> list[Row]:
    """MATH (arXiv 2103.03874): JSON lines, or a folder of one JSON file a problem; the answer is what is boxed last."""
    where = Path(path)
    files = sorted(where.rglob("*.json")) if where.is_dir() else []
    source = (
        ((str(file), json.loads(text_of(file))) for file in files) if files else records(path, "problem", "solution")
    )
    rows = []
    for place, found in source:
        answer = boxed(found["solution"])
        if answer is None:
            raise BadInput(f"{place}: nothing is boxed in the solution")
        rows.append(
            built(
                place,
                id=place.rpartition("/")[2] if files else place.rpartition(" ")[2],
                prompt=found["problem"],
                kind="exact",
                answers=(answer,),
                meta={"checker": "formula", "level": found.get("level"), "subject": found.get("type")},
            )
        )
    return rows


def chain_of_evidences(path: Path | str) -> list[Row]:
    """The released data of arXiv 2401.05787 (logiqa, drop, hotpotqa, nq, tqa, fever): `question, context, answers`,
    with
    the `evidence` that the method wrote and the index of the answer it gave, kept in `meta`."""
    rows = []
    for place, found in records(path, "question", "context", "answers"):
        answers = found["answers"] if isinstance(found["answers"], list) else [found["answers"]]
        told = found["context"] if isinstance(found["context"], str) else "\n".join(map(str, found["context"]))
        rows.append(
            built(
                place,
                id=place.rpartition(" ")[2],
                prompt=str(found["question"]),
                kind="f1",
                answers=tuple(str(a) for a in answers if str(a).strip()),
                context=told,
                meta={"evidence": found.get("evidence", ""), "predicted": found.get("prediction_index")},
            )
        )
    return rows


def retrieved(path: Path | str) -> list[Row]:
    """Open questions (NQ, TriviaQA, ELI5, Wizard of Wikipedia) in the form of KILT (arXiv 2009.02252): `input` and
    `output`, with the passages that were retrieved under `ctxs` (each `title`, `text`) where a retriever added them."""
    rows = []
    for place, found in records(path, "input", "output"):
        answers = tuple(dict.fromkeys(one["answer"] for one in found["output"] if one.get("answer")))
        passages = [f"{one.get('title', '')}: {one['text']}".strip(": ") for one in found.get("ctxs", [])]
        rows.append(built(place, id=str(found.get("id", place.rpartition(" ")[2])), prompt=found["input"], kind="f1",
                          answers=answers, context="\n".join(passages)))  # fmt: skip
    return rows


READERS: dict[str, Callable[[Path | str], list[Row]]] = {
    "humaneval": published.human_eval, "mbpp": published.mbpp, "gsm8k": published.gsm8k,
    "bigbench": published.big_bench, "squad": published.squad, "hotpotqa": published.hotpot_qa,
    "drop": published.drop, "logiqa": published.logi_qa, "fever": published.fever, "xsum": published.xsum,
    "wmt": published.wmt, "etpc": published.paraphrases, "trivia-writing": published.trivia_writing,
    "logic-grids": published.logic_grids,
    "alpaca-eval": alpaca_eval, "mt-bench": mt_bench, "mmlu-redux": mmlu_redux, "crux": crux_eval,
    "crux-input": lambda path: crux_eval(path, "input"), "math": math_problems,
    "chain-of-evidences": chain_of_evidences, "kilt": retrieved,
}  # fmt: skip


def boxed(text: str) -> str | None:
    r"""What the last `\boxed{...}` of a text holds, braces inside included; None without one."""
    start = max(text.rfind(r"\boxed"), text.rfind(r"\fbox"))
    opened = text.find("{", start) if start >= 0 else -1
    if opened < 0:
        return None
    depth = 0
    for at in range(opened, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[opened + 1 : at].strip()
    return None


def formula(text: str) -> str:
    """A formula in a form in which equal ones are mostly equal: spacing, size marks, units and dollars left out."""
    text = text.strip().strip("$").rstrip(".").replace("\\!", "").replace("\\,", "").replace("\\ ", "")
    text = re.sub(r"\\text\{\s*([^}]*)\}", r"\1", re.sub(r"\\(left|right|big|Big)\b", "", text))
    text = re.sub(r"\\[dt]frac", r"\\frac", text).replace("\\%", "").replace("%", "").replace("^\\circ", "")
    text = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\frac\{(-?\d+)\}\{(-?\d+)\}", r"\1/\2", text)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"^[a-zA-Z]\s*=\s*", "", text)
    return re.sub(r"\s+", "", text)


def same_formula(first: str, second: str) -> bool:
    """Equal as formulas, or as numbers (fractions included)."""
    one, other = formula(first), formula(second)
    return one == other or (number_of(one) is not None and number_of(one) == number_of(other))


def number_of(text: str) -> float | None:
    over, mark, under = text.partition("/")
    try:
        return round(float(over) / float(under), 9) if mark else round(float(text), 9)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def same_literal(first: str, second: str) -> bool:
    """Equal as Python values of one type."""
    try:
        one, other = ast.literal_eval(first.strip("` ")), ast.literal_eval(second.strip("` "))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return first.strip("` ") == second.strip("` ")
    return type(one) is type(other) and one == other


async def judged(row: Row, text: str) -> float:
    """The score of an answer in [0, 1]; what only a judge can score is NaN."""
    checker = row.meta.get("checker", "")
    if checker == JUDGED:
        return float("nan")
    if checker == "formula":
        return float(same_formula(boxed(text) or text, row.answers[0]))
    if checker == "literal":
        said = re.sub(r"^f\(.*\)\s*==\s*", "", text.strip(), flags=re.S)
        return float(same_literal(said, row.answers[0]))
    if checker == "program":
        return await as_program(row, text)
    return (await judge(row, text)).progress


async def as_program(row: Row, text: str) -> float:
    """Whether the program gives the wanted output for the arguments in `text`, found out by running it. Arguments are
    plain values: an expression could print what is wanted and leave."""
    said = re.sub(r"\s*==.*$", "", text.strip("` \n"), flags=re.S)
    called = said if said.startswith("f(") else f"f({said})"
    try:
        call = ast.parse(called, mode="eval").body
        if not isinstance(call, ast.Call):
            return 0.0
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return 0.0
    ran = await run(f"{row.meta['code']}\nprint('\\n' + repr({called}))\n", limits=Limits(seconds=5.0))
    shown = ran.stdout.rstrip("\n").rpartition("\n")[2]
    return float(ran.ok and same_literal(shown, row.meta["output"]))


def exact_match(row: Row, text: str) -> bool:
    """Equal to an accepted answer after the normalisation of SQuAD."""
    return normalised(text) in map(normalised, row.answers)


def best_overlap(row: Row, text: str) -> float:
    """The best F1 over accepted answers."""
    return max(overlap(text, answer) for answer in row.answers)


def hotpot_evidence(path: Path | str) -> dict[str, tuple[list[str], set[int]]]:
    """By question of HotpotQA: all sentences of its context in order, and which of them support the answer."""
    found = {}
    for place, one in records(path, "_id", "context", "supporting_facts"):
        told, places = [], {}
        for title, sentences in one["context"]:
            for i, sentence in enumerate(sentences):
                places[title, i] = len(told)
                told.append(sentence.strip())
        gold = {places[title, i] for title, i in one["supporting_facts"] if (title, i) in places}
        if not gold:
            raise BadInput(f"{place}: no supporting fact stands in the context")
        found[one["_id"]] = (told, gold)
    return found
