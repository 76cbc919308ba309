"""The house model that ships with the package: small enough, whole, and as good as its card says."""

import json
from pathlib import Path

import pytest

from manyminds.core import Seeds
from manyminds.models.house.weights import digest
from manyminds.models.load import HOUSE, load
from manyminds.models.request import Request, user
from manyminds.tuning.calibration import held_out, judged, mean_ok, opened
from manyminds.worlds.texts.nursery import families

CARD = json.loads((HOUSE / "card.json").read_text(encoding="utf-8"))
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
    marks = judged(opened(HOUSE), known, held_out(known, level, Seeds(CARD["seed"]), reading["items"]), form)
    assert mean_ok(marks) == pytest.approx(reading["greedy"], abs=0.125)  # another machine rounds otherwise


def test_the_card_tells_of_no_family_or_format_that_it_was_not_raised_on():
    """The nursery may have grown since; what is new is measured with the next model. Highest levels are so rare in a
    raise that some were not drawn."""
    shown = {(name.split()[0], name.split()[2]) for name in CARD["exposure"]}
    assert {(r["family"], r["form"]) for r in CARD["readings"]} <= shown
    assert {tuple(name.split()) for name in CARD["standard"]} <= shown


def test_the_guide_says_of_it_what_its_card_says():
    right = {(r["family"], r["level"], r["form"]): f"{r['greedy']:.0%}".replace("%", " %") for r in CARD["readings"]}
    sections = Path(__file__).parents[2].joinpath("docs/guide.md").read_text(encoding="utf-8").split("\n## ")
    guide = " ".join(next(text for text in sections if text.startswith("The house model")).split())
    verifier = CARD["instruments"]["verifier"]["balanced"]
    expected = (
        f"sums of two steps ({right['sums', 2, 'worked']})",
        f"functions of two operations ({right['functions', 2, 'direct']})",
        f"(hops, grounded: {right['hops', 2, 'grounded']} at two steps)",
        f"({right['calls', 2, 'single']} at two calls)",
        f"a wrong one ({verifier:.0%}".replace("%", " %"),
    )
    for said in expected:
        assert said in guide, said


async def test_it_answers_by_its_name():
    model = load("house")
    said = await model.complete(Request((user("Ada has 3 apples. Ben gives her 2. How many has she?"),), max_tokens=20))
    assert said.text and said.usage.completion_tokens <= 20
    await model.close()
