"""Task files and published forms: good rows score, bad rows are named by line. All files are tiny and made here."""

import gzip
import json

import pytest

from manyminds.agents import sandbox
from manyminds.core import BadInput
from manyminds.worlds.texts import published
from manyminds.worlds.texts.task_files import Row, check, judge, load, normalised, number, overlap, save

needs_walls = pytest.mark.skipif(sandbox.isolation().walls == "none", reason="no isolation on this machine")


def lines(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_rows_are_read_and_written(tmp_path):
    path = lines(
        tmp_path / "my.jsonl",
        {"prompt": "2 + 2?", "answers": ["4"], "kind": "number"},
        {"prompt": "Sky?", "id": "sky", "kind": "choice", "options": ["blue", "red"], "answers": ["blue"]},
    )
    rows = load(path)
    assert [row.id for row in rows] == ["1", "sky"] and rows[1].asked() == "Sky?\nA) blue\nB) red"
    save(tmp_path / "again.jsonl", rows)
    assert load(tmp_path / "again.jsonl") == rows


@pytest.mark.parametrize(
    "row,said",
    [
        ("{", "line 2: not JSON"),
        ("[1]", "a JSON object, not list"),
        ('{"answers": ["4"]}', "'prompt': Field required"),
        ('{"prompt": "x", "answer": ["4"]}', "did you mean 'answers'"),
        ('{"prompt": "x"}', "needs 'answers'"),
        ('{"prompt": " ", "answers": ["4"]}', "'prompt' is empty"),
        ('{"prompt": "x", "answers": "4"}', "a list, such as"),
        ('{"prompt": "x", "answers": [4]}', "'answers.0'"),
        ('{"prompt": "x", "kind": "numbr", "answers": []}', "did you mean 'number'"),
        ('{"prompt": "x", "kind": "number", "answers": ["four"]}', "no number"),
        ('{"prompt": "x", "kind": "choice", "answers": ["c"], "options": ["a", "b"]}', "must be one of them"),
        ('{"prompt": "x", "kind": "code", "tests": "assert f()"}', "entry_point"),
        ('{"prompt": "y", "id": "1", "answers": ["4"]}', "twice"),
    ],
)
def test_a_bad_row_is_named_by_line(tmp_path, row, said):
    path = tmp_path / "my.jsonl"
    path.write_text('{"prompt": "x", "answers": ["4"]}\n' + row + "\n")
    with pytest.raises(BadInput, match=r"my\.jsonl, line 2.*" + said.replace("line 2", "").lstrip(": ")):
        load(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(BadInput, match="holds no tasks"):
        load(tmp_path / "empty.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "bytes.jsonl")


@pytest.mark.parametrize(
    "kind,answers,good,bad",
    [
        ("exact", ["The Hague"], ["hague", "the hague."], ["The Hague, NL", ""]),
        ("f1", ["blue whale"], ["a blue whale"], ["whale", ""]),
        ("contains", ["cancer"], ["it is Cancer."], ["cancerous", ""]),
        ("number", ["1,200"], ["so 1200", "1,200.0"], ["120", "none", ""]),
    ],
)
def test_kinds_of_scores(kind, answers, good, bad):
    row = Row(prompt="x", kind=kind, answers=answers)
    assert all(check(row, text).ok for text in good) and not any(check(row, text).ok for text in bad)


def test_choices():
    row = Row(prompt="x", kind="choice", options=("a cat", "a dog"), answers=("a dog",))
    assert all(check(row, text).ok for text in ("B", "B)", "a dog", "The answer is B.", "A) is wrong, so B"))
    assert not any(check(row, text).ok for text in ("A", "C", "cat", "", "B) or rather A"))


def test_overlap_by_hand():
    assert overlap("the big cat", "big dog") == pytest.approx(0.5)  # one word of two and of two
    assert overlap("yes", "yes it is") == 0 and overlap("", "") == 1 and normalised("An  A.b, the c") == "ab c"
    assert number("1.5 and -2") == -2 and number("no") is None


ADD = {
    "task_id": "HumanEval/0",
    "prompt": 'def add(a, b):\n    """Sum."""\n',
    "entry_point": "add",
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
}


@needs_walls
async def test_human_eval_and_its_extension(tmp_path):
    with gzip.open(tmp_path / "HumanEval.jsonl.gz", "wt") as file:
        file.write(json.dumps(ADD))
    more = lines(tmp_path / "et.jsonl", {"task_id": "HumanEval/0", "test_case_list": ["assert add(5, 5) == 10"]})
    plain = published.human_eval(tmp_path / "HumanEval.jsonl.gz")[0]
    extended = published.human_eval(tmp_path / "HumanEval.jsonl.gz", more)[0]
    assert (await judge(plain, plain.meta["gold"])).ok and (
        await judge(extended, f"```python\n{plain.meta['gold']}```")
    ).ok
    lazy = "def add(a, b):\n    return 3"
    assert (await judge(plain, lazy)).ok and not (await judge(extended, lazy)).ok
    for cheat in (
        "import os\ndef add(a, b): os._exit(0)",
        "import sys\nsys.exit(0)\ndef add(): pass",
        "",
        "def add(a, b): return 4",
        "raise SystemExit",
        "def add(a, b):\n    while True: pass",
    ):
        assert not (await judge(plain, cheat, seconds=0.7)).ok, cheat


@needs_walls
async def test_mbpp_in_both_forms(tmp_path):
    code = "def helper(x):\n    return x\ndef twice(x):\n    return helper(x) * math.prod([2])"
    full = {
        "task_id": 1,
        "text": "Double it.",
        "code": code,
        "test_setup_code": "import math",
        "test_list": ["assert twice(2) == 4"],
    }
    clean = {
        "task_id": 2,
        "prompt": "Double it.",
        "code": code,
        "test_imports": ["import math"],
        "test_list": ["assert twice(2) == 4"],
        "source_file": "x",
        "test_case_list": ["assert twice(3) == 6"],
    }
    for path, record in ((tmp_path / "a.jsonl", [full]), (tmp_path / "b.json", [clean])):
        lines(path, *record) if path.suffix == ".jsonl" else path.write_text(json.dumps(record))
        row = published.mbpp(path)[0]
        assert row.entry_point == "twice" and "assert" not in row.prompt
        assert (await judge(row, row.meta["gold"])).ok and not (await judge(row, "def twice(x): return 5")).ok


def test_gsm8k(tmp_path):
    path = lines(tmp_path / "gsm.jsonl", {"question": "?", "answer": "2+2=<<2+2=4>>4\n#### 1,004"})
    row = published.gsm8k(path)[0]
    assert check(row, "It is 1004.").ok and not check(row, "4").ok
    with pytest.raises(BadInput, match=r"line 1.*####"):
        published.gsm8k(lines(tmp_path / "bad.jsonl", {"question": "?", "answer": "4"}))
    with pytest.raises(BadInput, match="line 1: no field 'answer'"):
        published.gsm8k(lines(tmp_path / "worse.jsonl", {"question": "?"}))


def test_sets_with_a_context(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(
        json.dumps(
            {
                "data": [
                    {
                        "paragraphs": [
                            {
                                "context": "C",
                                "qas": [
                                    {"id": "q", "question": "?", "answers": [{"text": "Paris"}, {"text": "Paris"}]},
                                    {"id": "r", "question": "!", "answers": []},
                                ],
                            }
                        ]
                    }
                ]
            }
        )
    )
    assert [row.answers for row in published.squad(path)] == [("Paris",), ("unknown",)]
    path.write_text(
        json.dumps(
            [
                {
                    "_id": "h",
                    "question": "?",
                    "answer": "yes",
                    "supporting_facts": [["T", 0]],
                    "context": [["T", ["One.", " Two."]]],
                }
            ]
        )
    )
    row = published.hotpot_qa(path)[0]
    assert row.context == "T: One. Two." and row.meta["evidence"] == [["T", 0]] and check(row, "Yes").ok
    path.write_text(
        json.dumps(
            {
                "p": {
                    "passage": "P",
                    "qa_pairs": [
                        {"query_id": "1", "question": "?", "answer": {"number": "0", "spans": [], "date": {}}},
                        {"query_id": "2", "question": "?", "answer": {"number": "", "spans": ["a b", "c"], "date": {}}},
                        {
                            "query_id": "3",
                            "question": "?",
                            "answer": {"number": "", "spans": [], "date": {"day": "", "month": "May", "year": "1999"}},
                        },
                    ],
                }
            }
        )
    )
    assert [row.answers for row in published.drop(path)] == [("0",), ("a b c",), ("May 1999",)]


def test_sets_with_choices(tmp_path):
    path = tmp_path / "task.json"
    path.write_text(json.dumps({"examples": [{"input": "?", "target_scores": {"Yes": 0, "No": 1}}]}))
    assert published.big_bench(path)[0].answers == ("No",)
    path.write_text("\nb\nContext.\nWhich?\nA.one\nB.two\nC.three\nD.four\n")
    row = published.logi_qa(path)[0]
    assert row.answers == ("two",) and check(row, "B").ok
    path.write_text("\nb\nContext.\nWhich?\nA.one\n")
    with pytest.raises(BadInput, match="block 1: 4 lines"):
        published.logi_qa(path)
    row = published.fever(lines(path, {"id": 3, "claim": "c", "label": "REFUTES"}))[0]
    assert check(row, "REFUTES").ok and not check(row, "SUPPORTS").ok
    with pytest.raises(BadInput, match="line 1"):
        published.fever(lines(path, {"id": 3, "claim": "c", "label": "MAYBE"}))


def test_generative_and_story_sets(tmp_path):
    path = tmp_path / "x.jsonl"
    assert published.xsum(lines(path, {"document": "d", "summary": "s", "id": "7"}))[0].id == "7"
    assert published.wmt(lines(path, {"translation": {"de": "ja", "en": "yes"}}))[0].answers == ("yes",)
    assert published.paraphrases(lines(path, {"sentence1": "a", "sentence2": "b", "idx": 1, "etpc_label": 1}))[
        0
    ].meta == {"idx": 1, "etpc_label": 1}
    rows = published.trivia_writing(
        lines(path, {"questions": ["q", "r"], "answers": [["x"], ["y", "z"]], "topic": "t"})
    )
    assert [row.id for row in rows] == ["1.0", "1.1"] and check(rows[1], "in story Z!").ok
    assert published.logic_grids(lines(path, {"inputs": "?", "targets": ["2"]}))[0].answers == ("2",)
    assert published.codenames(lines(path, {"word_list": ["a b", "c"], "target_words": ["c"]}))[0]["targets"] == ["c"]
    with pytest.raises(BadInput, match="not in the list"):
        published.codenames(lines(path, {"word_list": ["a"], "target_words": ["c"]}))
