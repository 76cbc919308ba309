"""Turns: what is wrong is known, wrong answers are those of slips, and a wrapper never says the answer by its form."""

import json
from collections import Counter
from random import Random

import pytest

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts.grids import Grids
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import items, split_of
from manyminds.worlds.texts.slips import KINDS, carried, first_difference, slipped, wrong_answer
from manyminds.worlds.texts.sums import EQUATION, Sums, first_wrong
from manyminds.worlds.texts.sway import Sway, cell, facts
from manyminds.worlds.texts.turns import Turns, own_solution, unit_score

SEEDS = Seeds(2)
STEPS = ["17-5=12", "3*4=12", "12+12=24", "24*2=48"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_slip_is_where_it_is_said_to_be(kind):
    for seed in range(300):
        slip = slipped(Random(seed), STEPS, kind)
        assert slip.lines != STEPS and slip.right == STEPS[slip.at].rpartition("=")[2]
        if slip.kind == "missing":
            assert slip.lines == STEPS[: slip.at] + STEPS[slip.at + 1 :]
        else:
            assert first_difference(STEPS, slip.lines) == (slip.at, slip.right)
            assert slip.kind != "off" or first_wrong("\n".join(slip.lines)) == slip.at


def test_what_is_carried_on_is_consistent():
    assert carried(["17-5=11", *STEPS[1:]], 0, "12")[2:] == ["11+12=23", "23*2=46"]
    for seed in range(200):
        slip = slipped(Random(seed), STEPS, "carried")
        wrong = [i for i, line in enumerate(slip.lines) if first_wrong(line) is not None]
        assert wrong in ([slip.at], []), "later steps follow from the slip"
        assert all(EQUATION.fullmatch(line) for line in slip.lines)


def test_wrong_answers_are_wrong_and_near():
    found = [wrong_answer(Random(seed), STEPS, "48") for seed in range(300)]
    assert "48" not in found and len(set(found)) > 5
    assert sum(20 <= int(one) <= 80 for one in found) > 150


def test_verifying_is_balanced_and_all_kinds_appear():
    found = items(Turns("verify"), 3, "raise", SEEDS, 400)
    kinds = Counter(item.meta["kind"] for item in found)
    assert 150 < kinds[""] < 250 and set(kinds) == {"", *KINDS}


def test_critiques_are_right_empty_and_misleading_as_planted():
    shares = Counter(item.meta["critique"] for item in items(Turns("refine"), 3, "raise", SEEDS, 500))
    assert 250 < shares["right"] < 350 and 65 < shares["empty"] < 140 and 65 < shares["misleading"] < 140


def test_units_of_a_critique():
    family = Turns("critique")
    found = items(family, 4, "raise", SEEDS, 200)
    assert {len(item.meta["units"]) for item in found} == {0, 1, 2}
    for item in found:
        assert unit_score(item, item.solution) == 1
        if len(item.meta["units"]) == 2:
            one = family.check(item, "\n".join([item.meta["units"][0], "#1"]))
            assert not one.ok and one.progress == pytest.approx(2 / 3)
        assert family.check(item, "step 1 off 999 fatal\n#1").progress < 1
    more = items(Turns("critique", mistakes=3), 5, "raise", SEEDS, 100)
    assert max(len(item.meta["units"]) for item in more) == 3


def test_selections_hold_a_right_answer_and_any_of_its_letters_counts():
    family = Turns("select")
    sizes, places = Counter(), Counter()
    for item in items(family, 3, "raise", SEEDS, 400):
        offered, right = item.meta["offered"], item.meta["right"]
        sizes[len(offered)] += 1
        places[item.answer] += len(offered) == 3
        for letter, value in zip("ABCDEF", offered):
            assert family.check(item, f"# {letter}").ok == (value == right)
    assert set(sizes) == {3, 6} and min(sizes.values()) > 150 and min(places[letter] for letter in "ABC") > 40


def test_debaters_are_right_half_of_the_time():
    found = items(Turns("debate"), 2, "raise", SEEDS, 400)
    own = sum(item.meta["own"] == item.answer for item in found)
    others = sum(one == item.answer for item in found for one in item.meta["others"])
    assert 160 < own < 240 and 330 < others < 470


def test_the_checker_of_a_wrapped_sum_is_that_of_the_sum():
    for kind in ("refine", "retry", "debate"):
        for item in items(Turns(kind), 2, "train", SEEDS, 5):
            assert Turns(kind).check(item, item.solution) == Sums().check(item, item.solution)
    with pytest.raises(BadInput, match="did you mean 'verify'"):
        Turns("verifi")


def test_other_families_are_wrapped_where_that_makes_sense():
    for family in (Hops(unanswerable=0), Grids()):
        for kind in ("select", "debate"):
            for item in items(Turns(kind, of=family), 2, "train", SEEDS, 10):
                assert Turns(kind, of=family).check(item, item.solution).ok
                root = json.dumps([family.name, json.loads(item.form)[1][0]], separators=(",", ":"))
                assert split_of(root) == "train"
                wrong = [one for one in item.meta.get("offered", []) if one != item.meta["right"]]
                assert kind == "debate" or (wrong and all(one.isdigit() == wrong[0].isdigit() for one in wrong))
    with pytest.raises(BadInput, match="wrap sums"):
        Turns("verify", of=Hops())


def test_a_models_own_solution_gets_its_exact_label():
    item = next(one for one in items(Sums(), 3, "train", SEEDS, 9) if len(one.meta["steps"]) > 2)
    assert own_solution(item, item.solution).answer == "ok"
    steps = item.meta["steps"]
    labelled = own_solution(item, "\n".join([steps[0], "1+1=3", "#7"]))
    assert labelled.answer == f"bad 2 {steps[1].rpartition('=')[2]}" and labelled.split == "train"
    assert own_solution(item, "I cannot").answer.startswith("bad 1")
    assert Turns("verify").check(labelled, labelled.solution).ok


def test_styles_cells_and_replies_of_a_dialogue():
    book = facts(SEEDS)
    family = Sway(book, partner=True)
    found = items(family, 3, "raise", SEEDS, 400)
    assert len({item.meta["style"] for item in found}) == 5
    changed = [item for item in found if item.meta["own"] != item.meta["claim"]]
    took = sum(item.meta["noisy"] == item.meta["claim"] for item in changed)
    assert 0.4 < took / len(changed) < 0.6, "the reply of a raise follows nobody"
    item = found[0]
    assert cell(item, item.solution) == (*item.meta["cell"], True) and not cell(item, "# nothing")[2]
    truth = {(fact.who, fact.kind): fact.value for fact in book}
    for item in found:
        if " is like " in item.prompt:
            kind, kin, value = (
                item.prompt.split("Partner: The ")[1]
                .split(", and")[0]
                .replace(" of ", "|")
                .replace(" is ", "|")
                .split("|")
            )
            assert truth[kin, kind] == value, "what a logical partner cites is true"
    two = items(Sway(book, partner=True, styles=("social",), partners=2, insists=2), 2, "raise", SEEDS, 3)
    assert all(item.prompt.count("Everybody here says") == 4 for item in two)
