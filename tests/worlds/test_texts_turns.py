"""Turns: what is wrong is known, wrong answers are those of slips, and a wrapper never says the answer by its form."""

import json
import re
from ast import literal_eval
from collections import Counter
from random import Random

import pytest

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts.functions import Functions, applied
from manyminds.worlds.texts.grids import Grids
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import SPLITS, final, items, split_of
from manyminds.worlds.texts.slips import KINDS, carried, first_difference, kind_of, slipped, wrong_answer
from manyminds.worlds.texts.sums import EQUATION, Sums, first_wrong
from manyminds.worlds.texts.sway import Sway, cell, facts
from manyminds.worlds.texts.turns import FEWEST, MARRED, Own, Turns, own_mistake, own_solution, unit_score

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


def said_of(item) -> tuple[int, str, list[str]]:
    """The step that a critique names (from 0), the value it puts there, and the lines that are shown."""
    step, value = re.search(r"Critique: Step (\d+) is wrong: it gives (\d+)\.\n", item.prompt).groups()
    return int(step) - 1, value, [line for line in item.prompt.split("\n") if EQUATION.fullmatch(line)]


def test_misleading_critiques_read_like_right_ones_and_put_a_wrong_value():
    for level in (1, 3):
        for item in items(Turns("refine"), level, "raise", SEEDS, 300):
            if item.meta["critique"] == "empty":
                continue
            at, value, shown = said_of(item)
            right = [line.rpartition("=")[2] for line in item.meta["steps"]]
            if item.meta["critique"] == "right":
                assert value == right[at] and item.meta["steps"][: at + 1] != shown[: at + 1]
            else:
                assert value not in right[at : at + 1] and value != shown[at].rpartition("=")[2]


def test_misleading_critiques_of_paths_and_programs_are_wrong():
    for item in items(Turns("refine", of=Hops(unanswerable=0.0)), 2, "test", SEEDS, 60):
        if item.meta["critique"] == "misleading":
            step, name = re.search(r"Step (\d+) is wrong: it gives (\w+)\.\n", item.prompt).groups()
            right = [line for line in item.solution.split("\n") if not line.startswith("#")]
            assert not right[int(step) - 1].endswith(f": {name}")
    for item in items(Turns("refine", of=Functions()), 2, "test", SEEDS, 60):
        if item.meta["critique"] != "empty":
            x, y = re.search(r"A test fails: f\((.+)\) == (.+)\.\n", item.prompt).groups()
            passes = applied(item.meta["chain"], literal_eval(x)) == literal_eval(y)
            assert passes == (item.meta["critique"] == "right")


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
        Turns("critique", of=Hops())
    with pytest.raises(BadInput, match="wrap one of sums, hops, functions"):
        Turns("verify", of=Grids())


def test_a_models_own_solution_gets_its_exact_label():
    item = next(one for one in items(Sums(), 3, "train", SEEDS, 9) if len(one.meta["steps"]) > 2)
    assert own_solution(item, item.solution).answer == "ok"
    steps = item.meta["steps"]
    labelled = own_solution(item, "\n".join([steps[0], "1+1=3", "#7"]))
    assert labelled.answer == f"bad 2 {steps[1].rpartition('=')[2]}" and labelled.split == "train"
    assert own_solution(item, "I cannot").answer.startswith("bad 1")
    assert Turns("verify").check(labelled, labelled.solution).ok


def test_the_kind_of_a_slip_is_told_from_its_line():
    """An independent oracle: the generator of slips, which knows what it did; lines it never makes have no kind."""
    for seed in range(600):
        slip = slipped(Random(seed), STEPS, ("off", "swapped", "operation", "operand")[seed % 4])
        assert kind_of(STEPS[slip.at], slip.lines[slip.at]) == slip.kind
    for said in ("17-5=12", "17-5=99", "9-8=1", "17-5=", "5+17=23", "12", "6+6=12"):
        assert kind_of("17-5=12", said) == ""
    assert kind_of("17-5=12", "16-5=11") == "operand", "the first one too"


def wrong_by_slips(level, count=3 * FEWEST, split="raise", kinds=KINDS):
    """What a model might write: solutions with a slip, by items of a split."""
    found = {}
    for i, item in enumerate(items(Sums(), level, split, SEEDS, count)):
        slip = slipped(Random(i), item.meta["steps"], kinds[i % len(kinds)])
        mistake = own_mistake(item, "\n".join([*slip.lines, final(f"{item.answer}0")]))
        if mistake:
            found[mistake.form, mistake.lines] = (mistake, slip)
    return found


def test_a_mistake_of_a_models_own_is_where_the_checker_finds_it():
    found = wrong_by_slips(3)
    assert len(found) > 2 * FEWEST
    for mistake, slip in found.values():
        assert (mistake.slip.lines, mistake.slip.at, mistake.slip.right) == (slip.lines, slip.at, slip.right)
    item = next(one for one in items(Sums(), 3, "raise", SEEDS, 9) if len(one.meta["steps"]) > 2)
    first, *others = item.meta["steps"]
    a, b = first.split("=")[0].replace("*", "+").replace("-", "+").replace("/", "+").split("+")
    end = first.rpartition("=")[2]
    refused = {
        "right": item.solution,
        "right, the answer alone wrong": "\n".join([first, *others, "#999"]),
        "right answer": "\n".join(["1+1=3", *others, final(item.answer)]),
        "the same result in other words": "\n".join([f"{end}+0={end}", "1+1=3", "#999"]),
        "no answer": "\n".join(["1+1=3", *others]),
        "no equations": "I cannot\n#999",
        "something between": "\n".join(["1+1=3", "so", "#999"]),
        "answer alone": "#999",
        "far too long": "\n".join(["1+1=3"] * 9 + ["#999"]),
        "": "",
    }
    for why, text in refused.items():
        assert own_mistake(item, text) is None, why
    assert own_mistake(item, "1+1=3\n#999").slip.at == 0 and a and b


@pytest.mark.parametrize("kind", MARRED)
def test_half_of_the_mistakes_are_the_models_own_and_labels_are_exact(kind):
    """Labels are found again from the prompt alone: the lines that are shown, against the steps of the sum."""
    own = tuple(mistake for mistake, _ in wrong_by_slips(2, 120, kinds=("off", "operand", "operation")).values())
    family, shown = Turns(kind, own=own), {(one.prompt, one.lines) for one in own}
    steps, sums = {one.prompt: one.steps for one in own}, {one.prompt for one in own}
    marred = from_pool = clean = clean_from_pool = 0
    for draw in range(400):
        item = items(family, 2, "raise", SEEDS.child(draw), 1)[0]
        prompt, *said = item.prompt.split("\n")
        lines = [line for line in said if EQUATION.fullmatch(line)]
        known = prompt in sums
        if known and (wrong := first_difference(list(steps[prompt]), lines)):
            assert (prompt, tuple(lines)) in shown
            at, right = wrong
            if kind == "verify":
                assert item.answer == f"bad {at + 1} {right}" and item.meta["kind"] == "own"
            if kind == "critique":
                gold = [f"step {i + 1} {kind_of(a, b)} {a.rpartition('=')[2]}" for i, (a, b) in
                        enumerate(zip(steps[prompt], lines)) if a != b]  # fmt: skip
                assert [one.rpartition(" ")[0] for one in item.meta["units"]] == gold
            if kind == "refine" and item.meta["critique"] == "right":
                assert f"Step {at + 1} is wrong: it gives {right}." in item.prompt
        is_clean = item.answer in ("ok", "0") and kind in ("verify", "critique")
        marred, from_pool = marred + (not is_clean), from_pool + (known and not is_clean)
        clean, clean_from_pool = clean + is_clean, clean_from_pool + (known and is_clean)
        assert family.check(item, item.solution).ok
        assert split_of(json.dumps(["sums", json.loads(item.form)[1][0]], separators=(",", ":"))) == "raise"
    assert abs(from_pool / marred - 0.5) < 4 * 0.5 / marred**0.5
    assert not clean or abs(clean_from_pool / clean - 0.5) < 4 * 0.5 / clean**0.5, "a sum tells nothing of its label"
    for split in SPLITS:
        if split != "raise":
            assert items(family, 2, split, SEEDS, 30) == items(Turns(kind), 2, split, SEEDS, 30)
    assert items(family, 3, "raise", SEEDS, 30) == items(Turns(kind), 3, "raise", SEEDS, 30), "none of level 3: slips"


def test_a_pool_must_be_of_sums_of_the_raise_split():
    test = tuple(mistake for mistake, _ in wrong_by_slips(2, 5, "test").values())
    assert test and isinstance(test[0], Own)
    with pytest.raises(BadInput, match="raise split"):
        Turns("verify", own=test)
    own = tuple(mistake for mistake, _ in wrong_by_slips(2, 5).values())
    with pytest.raises(BadInput, match="in sums"):
        Turns("verify", of=Hops(), own=own)
    assert Turns("verify", own=own).usable == {}, "too few"
    # What follows from a mistake is of no kind, so a critique cannot name it.
    steps, lines = ("2+3=5", "5*2=10"), ("2+3=6", "6*2=12")
    assert own[0]._replace(steps=steps, lines=lines).units == []
    assert own[0]._replace(steps=steps, lines=("2+3=6", "5*2=10")).units == ["step 1 off 5 slight"]
    assert own[0]._replace(steps=steps, lines=("2+3=6",)).units == []


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
