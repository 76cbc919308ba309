"""The house model that ships with the package: small enough, whole, and as good as its card says."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from manyminds.core import Seeds
from manyminds.models.house.weights import digest
from manyminds.models.load import HOUSE, load
from manyminds.models.request import Request, user
from manyminds.tuning.calibration import held_out, judged, mean_ok, opened
from manyminds.tuning.cards import conditions, in_band
from manyminds.worlds.texts.nursery import families

CARD = json.loads((HOUSE / "card.json").read_text(encoding="utf-8"))
ROOT = Path(__file__).parents[2]
MOST = 16 * 2**20  # bytes of all files together


def test_the_files_are_few_and_small():
    assert {path.name for path in HOUSE.iterdir()} == {
        "card.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in HOUSE.iterdir()) <= MOST


def test_the_card_is_of_these_weights_and_tells_how_they_were_raised():
    assert CARD["weights"] == digest(HOUSE)
    assert CARD["raise"]["seed"] == 0 and CARD["curve"]["total"] > 20_000_000 and CARD["exposure"]
    assert CARD["instruments"]["verifier"]["n"] > 0 and CARD["standard"]


@pytest.mark.parametrize(("family", "level", "form"), [("key-value", 1, "direct"), ("sums", 2, "worked")])
def test_its_accuracy_is_that_of_its_card(family, level, form):
    (reading,) = [r for r in CARD["readings"] if (r["family"], r["level"], r["form"]) == (family, level, form)]
    known = families(Seeds(CARD["raise"]["seed"]))[family]
    marks = judged(opened(HOUSE), known, held_out(known, level, Seeds(CARD["seed"]), 128), form)
    assert mean_ok(marks) == pytest.approx(reading["greedy"], abs=0.125)  # on a third of the items


def test_the_card_tells_of_no_family_or_format_that_it_was_not_raised_on():
    """The nursery may have grown since; what is new is measured with the next model. Highest levels are so rare in a
    raise that some were not drawn."""
    shown = {(name.split()[0], name.split()[2]) for name in CARD["exposure"]}
    assert {(r["family"], r["form"]) for r in CARD["readings"]} <= shown
    assert {tuple(name.split()) for name in CARD["standard"]} <= shown


def percent(share: float) -> str:
    return f"{100 * share:.0f}"


def greedy(card: dict) -> dict:
    return {(r["family"], r["level"], r["form"]): r["greedy"] for r in card["readings"]}


def section() -> str:
    """What the guide says of the house model, in one line."""
    sections = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8").split("\n## ")
    return " ".join(next(text for text in sections if text.startswith("The house model")).split())


def test_the_guide_says_of_it_what_its_card_says():
    right, guide = greedy(CARD), section()
    expected = (
        f"sums of two steps ({percent(right['sums', 2, 'worked'])} %)",
        f"functions of two operations ({percent(right['functions', 2, 'direct'])} %)",
        f"(hops, grounded: {percent(right['hops', 2, 'grounded'])} % at two steps)",
        f"({percent(right['calls', 2, 'single'])} % at two calls)",
        f"a wrong one ({percent(CARD['instruments']['verifier']['balanced'])} %",
    )
    for said in expected:
        assert said in guide, said
    assert all(in_band(CARD).values()) and "All eight parts" in guide
    counts = [reading["items"] for reading in CARD["readings"]]
    assert max(counts) == np.median(counts) == 400 and "400 items, or all there are" in guide
    after = CARD["instruments"]["after_critique"]
    assert all(abs(after[kind]["above_fresh"]) < 0.03 for kind in ("right", "misleading"))
    assert right["functions", 3, "direct"] < 0.01 and "none of three" in guide
    assert abs(right["hops", 2, "search"] - 1 / 2) < 0.1 and "by searching in half of the texts" in guide
    assert abs(right["hops", 2, "direct"] - 1 / 6) < 0.02 and "by itself in a sixth of them" in guide
    book = max(share for (family, _, _), share in right.items() if family == "sway")
    assert f"the closed book (at most {percent(book)} %)" in guide


def test_the_guide_says_of_other_raises_what_their_cards_say():
    others = [json.loads((ROOT / "results" / "house" / f"seed-{seed}.json").read_text()) for seed in (1, 2)]
    cards, guide = [CARD, *others], section()
    found = [greedy(card) for card in cards]
    assert [card["raise"]["seed"] for card in cards] == [0, 1, 2]
    counts = [sum(map(bool, in_band(card).values())) for card in others]
    assert f"{counts[0]} and {counts[1]} of the 8 parts are in band" in guide
    cells = [cell for cell in found[0] if all(cell in one for one in found)]
    assert f"Of {len(cells)} cells" in guide
    for a, b in combinations(found, 2):
        assert abs(np.mean([abs(a[cell] - b[cell]) <= 0.06 for cell in cells]) - 2 / 3) < 0.04
    for cell, said in ((("pairs", 1, "direct"), "pairs of names"), (("functions", 2, "direct"), "two operations")):
        assert "{} {}, {} and {} %".format(said, *(percent(one[cell]) for one in found)) in guide
    assert {percent(card["instruments"]["verifier"]["balanced"]) for card in cards} == {"50", "51"}
    assert not any(condition.met for card in cards for condition in conditions(card) if "critique" in condition.name)


def test_the_guide_says_of_specialists_what_their_cards_say():
    refine, verify = (
        json.loads((ROOT / "results" / "house" / f"only-{kind}.json").read_text()) for kind in ("refine", "verify")
    )
    assert {refine["raise"]["begun"], verify["raise"]["begun"]} == {CARD["weights"]}
    right, guide = greedy(refine), section()
    for family, form in (("turns-refine", "refine"), ("sums", "worked")):
        shares = [percent(right[family, level, form]) for level in (1, 2, 3)]
        assert f"{shares[0]}, {shares[1]} and {shares[2]} %" in guide
    after = refine["instruments"]["after_critique"]
    assert abs(after["right"]["above_fresh"] - after["misleading"]["above_fresh"]) < 0.05
    word, steps = (percent(verify["instruments"][name]["balanced"]) for name in ("verifier", "verifier_worked"))
    assert f"in {word} % when a word is asked for, and in {steps} % step by step" in guide
    assert (refine["raise"]["tokens"], verify["raise"]["tokens"]) == (1_500_000, 3_000_000)


async def test_it_answers_by_its_name():
    model = load("house")
    said = await model.complete(Request((user("Ada has 3 apples. Ben gives her 2. How many has she?"),), max_tokens=20))
    assert said.text and said.usage.completion_tokens <= 20
    await model.close()
