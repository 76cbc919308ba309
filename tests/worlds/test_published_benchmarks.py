"""Loaders and checkers of more published sets, on tiny files in their form."""

import json
import re
import string
from collections import Counter
from random import Random

import pytest

from manyminds.core import BadInput
from manyminds.worlds.texts import published_benchmarks as sets


def lines(path, *records):
    path.write_text("\n".join(map(json.dumps, records)))
    return path


def test_alpaca_eval_and_mt_bench_are_left_to_a_judge(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps([{"instruction": "Write.", "output": "Text.", "generator": "gpt4_1106_preview"}]))
    row = sets.alpaca_eval(file)[0]
    assert row.prompt == "Write." and row.answers == ("Text.",) and row.meta["checker"] == sets.JUDGED
    row = sets.mt_bench(lines(tmp_path / "m.jsonl", {"question_id": 81, "category": "math", "turns": ["a?", "b?"],
                                                     "reference": ["4", "5"]}))[0]  # fmt: skip
    assert (row.id, row.prompt, row.meta["second"], row.answers) == ("81", "a?", "b?", ("4",))


def test_mmlu_redux_keeps_sound_questions_or_mends_the_others(tmp_path):
    told = {"question": "?", "choices": ["x", "y"], "answer": 1, "error_type": "ok"}
    file = lines(tmp_path / "r.jsonl", told, told | {"error_type": "wrong_groundtruth", "correct_answer": "A"})
    assert [row.answers for row in sets.mmlu_redux(file)] == [("y",)]
    assert [row.answers for row in sets.mmlu_redux(file, sound=False)] == [("y",), ("x",)]
    with pytest.raises(BadInput, match="answer 7"):
        sets.mmlu_redux(lines(tmp_path / "w.jsonl", told | {"answer": 7}))


CRUX = {"code": "def f(x):\n    return x + [1]", "input": "[2]", "output": "[2, 1]", "id": "sample_0"}


async def test_crux_outputs_are_values_and_inputs_are_run(tmp_path):
    file = lines(tmp_path / "c.jsonl", CRUX)
    out, back = sets.crux_eval(file)[0], sets.crux_eval(file, "input")[0]
    assert "[2, 1]" not in out.prompt and "f([2])" in out.prompt and "f([2])" not in back.prompt
    for text, score in (("[2,1]", 1), ("f([2]) == [2, 1]", 1), ("[2, 1.5]", 0), ("[21]", 0), ("", 0)):
        assert await sets.judged(out, text) == score
    for text, score in (
        ("[2]", 1),
        ("f([2])", 1),
        ("f([2]) == [2, 1]", 1),
        ("[3]", 0),
        ("print('[2, 1]') or exit()", 0),
    ):
        assert await sets.judged(back, text) == score
    with pytest.raises(BadInput, match="input"):
        sets.crux_eval(file, "both")


async def test_math_answers_are_boxed_and_compared_as_formulas(tmp_path):
    told = {"problem": "?", "solution": r"so $\boxed{\frac{1}{2}}$.", "level": "Level 1", "type": "Algebra"}
    row = sets.math_problems(lines(tmp_path / "m.jsonl", told))[0]
    assert row.answers == (r"\frac{1}{2}",) and row.meta["level"] == "Level 1"
    for text, score in ((r"\dfrac12", 1), ("0.5", 1), (r"x = \boxed{1/2}", 1), ("-1/2", 0), ("12", 0)):
        assert await sets.judged(row, text) == score
    folder = tmp_path / "algebra"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(told))
    assert len(sets.math_problems(folder)) == 1
    with pytest.raises(BadInput, match="boxed"):
        sets.math_problems(lines(tmp_path / "n.jsonl", told | {"solution": "none"}))


@pytest.mark.parametrize(("one", "other", "same"), [
    ("1,000", "1000", True), (r"\left(1, 2\right)", "(1,2)", True), (r"90^\circ", "90", True),
    (r"\text{ cat }", "cat", True),
    ("-3", "3", False), ("x=5", "5", True), (r"50\%", "50", True), ("1/3", "0.333", False), ("(1,2)", "(2,1)", False),
])  # fmt: skip
def test_formulas(one, other, same):
    assert sets.same_formula(one, other) is same


def test_boxes_nest():
    assert sets.boxed(r"\boxed{1} then \boxed{\frac{a}{b}}") == r"\frac{a}{b}" and sets.boxed(r"\boxed{1") is None


def test_released_evidence_and_retrieved_passages(tmp_path):
    row = sets.chain_of_evidences(lines(tmp_path / "nq.jsonl", {
        "question": "Who?", "context": "Ada did.", "evidence": "Ada did.", "answers": ["Ada"], "prediction_index": 0,
    }))[0]  # fmt: skip
    assert (row.context, row.answers, row.meta) == ("Ada did.", ("Ada",), {"evidence": "Ada did.", "predicted": 0})
    row = sets.retrieved(lines(tmp_path / "k.jsonl", {
        "id": "1", "input": "Who?", "output": [{"answer": "Ada"}, {"provenance": []}, {"answer": "Ada"}],
        "ctxs": [{"title": "T", "text": "Ada did."}],
    }))[0]  # fmt: skip
    assert row.context == "T: Ada did." and row.answers == ("Ada",)


def test_supporting_sentences_of_hotpot(tmp_path):
    file = tmp_path / "h.json"
    file.write_text(json.dumps([{"_id": "q", "context": [["A", ["One.", " Two."]], ["B", ["Three."]]],
                                 "supporting_facts": [["A", 1], ["B", 0], ["B", 9]]}]))  # fmt: skip
    assert sets.hotpot_evidence(file) == {"q": (["One.", "Two.", "Three."], {1, 2})}


def official(prediction, gold):
    """Exact match and F1 as HotpotQA's evaluation defines them, written down anew."""

    def normal(text):
        text = "".join(c for c in text.lower() if c not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())

    p, g = normal(prediction), normal(gold)
    if (p in ("yes", "no", "noanswer") or g in ("yes", "no", "noanswer")) and p != g:
        return float(p == g), 0.0
    common = sum((Counter(p.split()) & Counter(g.split())).values())
    if not common:
        return float(p == g), 0.0
    precision, recall = common / len(p.split()), common / len(g.split())
    return float(p == g), 2 * precision * recall / (precision + recall)


def test_exact_match_and_f1_are_those_of_hotpot_on_five_hundred_pairs():
    rng = Random(1)
    words = ["The", "a", "yes", "no", "noanswer", "Rome", "rome,", "of", "1912", "St.", "an", "U.S.", "king"]
    for _ in range(500):
        said, gold = (" ".join(rng.choices(words, k=rng.randint(1, 4))) for _ in range(2))
        row = sets.Row(prompt="?", kind="f1", answers=(gold,))
        exact, f1 = official(said, gold)
        assert float(sets.exact_match(row, said)) == exact
        if f1 or official(said, gold)[0] == 0:
            assert sets.best_overlap(row, said) == pytest.approx(f1)
