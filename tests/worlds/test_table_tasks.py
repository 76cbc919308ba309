"""Tasks for discussions: each accepts its own solution, refuses another, and is what it says it is."""

import pytest

from manyminds.core import Seeds
from manyminds.worlds.texts import text_metrics as metrics
from manyminds.worlds.texts.clues import Clues, answer_by
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.norms import KEPT, RULES, Norms
from manyminds.worlds.texts.rewording import DIGITS, Rewording

FAMILIES = (Clues(), Norms(), Rewording())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_the_gold_answer_passes_and_others_do_not(family):
    for level in family.levels:
        for item in items(family, level, "test", Seeds(1), 8):
            assert family.check(item, item.solution).ok and family.check(item, item.direct).ok
            for bad in ("# nobody", "", "no mark", f"{item.solution}\n# D"):
                assert not family.check(item, bad).ok


def test_all_clues_name_one_and_any_clue_less_two():
    for item in items(Clues(), 4, "test", Seeds(2), 10):
        clues = item.meta["clues"]
        assert answer_by(item.prompt, clues) == [item.answer]
        for missing in range(4):
            assert len(answer_by(item.prompt, clues[:missing] + clues[missing + 1 :])) == 2


def test_rewordings_are_what_they_ask_for():
    for item in items(Rewording(), 3, "test", Seeds(3), 30):
        told = item.prompt.partition(": ")[2]
        made = {"upper": told.upper(), "list": ",".join(told.split()),
                "digits": " ".join(DIGITS[int(d)] for d in told.split() if d.isdigit())}  # fmt: skip
        assert item.answer == made[item.meta["kind"]]
        assert not Rewording().check(item, f"#{item.answer.swapcase()}").ok


def test_only_one_deed_keeps_every_rule():
    broken = [deed.partition("{n}")[0].partition("}")[2][:8] for deed in RULES.values()]
    kept = [deed.partition("{")[2].partition("}")[2][:6] for deed in KEPT]
    assert not set(broken) & set(kept)
    for item in items(Norms(), 4, "test", Seeds(4), 20):
        assert set(item.meta["broken"]) <= set(item.prompt.split("\n")) and item.answer in "ABC"


def test_metrics_by_hand():
    assert metrics.rouge("the cat sat", "the cat ran", 1) == pytest.approx(2 / 3)
    assert metrics.rouge("the cat sat", "the cat ran", 2) == pytest.approx(1 / 2)
    assert metrics.rouge_l("a b c d", "b d a") == pytest.approx(2 * 2 / 7)
    assert metrics.bleu(["a b c d e"], [["a b c d e"]]) == pytest.approx(1.0)
    assert metrics.bleu(["the the the"], [["the cat"]], order=1) == pytest.approx(1 / 3)  # clipped
    assert metrics.bleu(["x"], [["y"]]) == 0 and metrics.bleu([""], [["y"]]) == 0
    assert metrics.meteor("a b c", "a b c") == pytest.approx(1 - 0.5 / 27)
    assert metrics.meteor("x", "y") == 0
    assert metrics.distinct(["a b a b"], 2) == pytest.approx(2 / 3) and metrics.distinct([], 1) == 0
