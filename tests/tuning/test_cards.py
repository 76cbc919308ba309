"""The card: papers read levels from it or the reason why there are none; families can be measured apart."""

import json

import jax
import pytest

from manyminds.core import BadInput, NotHere, Seeds
from manyminds.lab.command import main
from manyminds.models import load
from manyminds.models.house.decoder import Decoder, Shape
from manyminds.models.house.tokenizer import Tokenizer, trained
from manyminds.models.house.weights import load as weights_of
from manyminds.models.house.weights import store
from manyminds.tuning import calibration
from manyminds.tuning.answering import Play
from manyminds.tuning.calibration import Marked, calibrated, candidates, measured
from manyminds.tuning.cards import PARTS, PROOFS, conditions, in_band, standard_levels
from manyminds.worlds.texts.items import items
from manyminds.worlds.texts.lookup import Lookup
from manyminds.worlds.texts.sums import Sums

STANDARD = {"sums worked": {"levels": [2, 3], "accuracy": 0.4, "gain": 0.3},
            "sums direct": {"levels": [], "out_of_band": "at most 0.10 right, at level 1"}}  # fmt: skip


def test_papers_read_levels_or_the_reason(tmp_path, monkeypatch):
    (tmp_path / "card.json").write_text(json.dumps({"standard": STANDARD}))
    for reference in (f"house:{tmp_path}", "house"):
        monkeypatch.setattr(load, "HOUSE", tmp_path)
        assert standard_levels(reference, "sums", "worked") == (2, 3)
        with pytest.raises(NotHere, match=r"out of band.*at most 0\.10 right"):
            standard_levels(reference, "sums", "direct")
        with pytest.raises(NotHere, match="does not tell of hops"):
            standard_levels(reference, "hops", "chain")
    with pytest.raises(BadInput, match="worked"):
        standard_levels("house", "sums", "wrked")


def test_conditions_and_parts_are_read_off_the_card():
    card = {"standard": STANDARD | {"turns-refine refine": {"levels": [3]}, "grids direct": {"levels": []}},
            "instruments": {"after_critique": {"right": {"above_fresh": 0.13}, "misleading": {"above_fresh": 0.12}},
                            "verifier": {"balanced": 0.6}}}  # fmt: skip
    told = {one.name: (one.value, one.met) for one in conditions(card)}
    assert told == {
        "after a right critique": (0.13, True), "after a misleading one": (0.12, False),
        "after 'wrong, try again'": (None, False), "verifier, balanced": (0.6, True),
        "verifier, step by step": (None, False),
    }  # fmt: skip
    assert {part for part, usable in in_band(card).items() if usable} == {"sums", "turns"}
    assert in_band(card)["turns"] == "turns-refine refine" and len(in_band(card)) == 8


def test_every_family_is_of_a_part_or_left_out():
    names = calibration.families(Seeds(0))
    usable = {"standard": {f"{name} form": {"levels": [1]} for name in names}}
    assert all(in_band(usable).values())
    unplaced = {name for name in names if name.split("-")[0] not in PARTS and name not in PROOFS}
    assert unplaced == {"copy", "pairs", "key-value", "few-facts", "plays"}


def test_without_a_card_it_says_how_to_get_one(tmp_path):
    with pytest.raises(NotHere, match=f"manyminds calibrate {tmp_path}"):
        standard_levels(f"house:{tmp_path}", "sums", "worked")


def weigh(folder, seed):
    store(Decoder.drawn(Shape(320, 16, 1, 2, 1, 24, 128), jax.random.key(seed)), folder, 1, 0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A tiny model that has learned nothing, and a nursery of two families."""
    nursery = {"sums": Sums(), "copy": Lookup("copy")}
    shown = [one for family in nursery.values() for one in items(family, 1, "raise", Seeds(0), 20)]
    texts = [one.prompt + one.solution for one in shown]
    trained(texts, 320).save(tmp_path)
    weigh(tmp_path, 0)
    monkeypatch.setattr(calibration, "families", lambda seeds: nursery)
    monkeypatch.setattr("manyminds.tuning.answering.LONGEST", 4)
    return tmp_path


def test_families_measured_apart_make_one_card(folder, capsys):
    first = calibrated(folder, 2, only=["copy"])
    assert {one["family"] for one in first["readings"]} == {"copy"} and first["instruments"] == {}
    with pytest.raises(SystemExit) as left:
        main(["calibrate", str(folder), "--items", "2", "--families", "sums", "--json"])
    both = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and both == json.loads((folder / "card.json").read_text())
    assert [one for one in both["readings"] if one["family"] == "copy"] == first["readings"]
    assert {name.split()[0] for name in both["standard"]} == {"copy", "sums"}
    with pytest.raises(NotHere, match="out of band"):
        standard_levels(f"house:{folder}", "sums", "worked")
    with pytest.raises(BadInput, match="sums"):
        calibrated(folder, 2, only=["sum"])


def test_what_was_measured_on_other_weights_does_not_stay(folder):
    calibrated(folder, 2, only=["copy"])
    weigh(folder, 1)
    assert {one["family"] for one in calibrated(folder, 2, only=["sums"])["readings"]} == {"sums"}


def test_training_that_changes_nothing_changes_no_reading(folder, tmp_path_factory):
    """So what an experiment finds between two cards is what training did, and neither chance nor the folder."""
    before = calibrated(folder, 4)
    same = tmp_path_factory.mktemp("same")
    Tokenizer.load(folder).save(same)
    store(weights_of(folder), same, 1, 0)
    after = calibrated(same, 4)
    assert after == before and len(before["readings"]) > 5
    weigh(same, 1)
    assert calibrated(same, 4) != before


def test_wrappers_over_other_families_are_on_the_card_and_no_standard(folder):
    """Beside the other readings, because no raise shows them."""
    card = calibrated(folder, 2, only=["turns-verify-functions"])
    (found,) = card["out_of_distribution"].values()
    assert [(one["level"], one["form"]) for one in found["readings"]] == [(1, "verify"), (2, "verify")]
    assert "verifier" in found and card["readings"] == [] and card["standard"] == {} and card["own"] is None
    both = calibrated(folder, 2, only=["copy", "turns-retry-functions"])
    assert list(both["out_of_distribution"]) == ["turns-verify-functions", "turns-retry-functions"]
    assert both["out_of_distribution"]["turns-verify-functions"] == found
    with pytest.raises(BadInput, match="did you mean 'turns-verify-hops'"):
        calibrated(folder, 2, only=["turns-verify-hop"])


def test_levels_above_one_where_nothing_is_right_are_not_measured(monkeypatch):
    """A speaker that knows level 1 and nothing else."""

    def judged(speaker, family, some, form):
        return [Marked(Play(one, form, "", ""), family.check(one, one.solution * (one.level < 2))) for one in some]

    monkeypatch.setattr(calibration, "judged", judged)
    monkeypatch.setattr(calibration, "candidates", lambda greedy: [False] * len(greedy))
    kept = {}
    found = measured(None, Sums(), 3, 0, lambda line: None, kept)
    assert [(one.level, one.form, one.greedy) for one in found] == [
        (1, "worked", 1), (2, "worked", 0), (1, "direct", 1), (2, "direct", 0)]  # fmt: skip
    assert set(kept) == {(one.family, one.level, one.form) for one in found}


def test_samples_are_drawn_where_a_level_or_a_pair_can_be_used():
    assert candidates([1.0, 0.76, 0.04, 0.0]) == [False, True, True, False]
    assert candidates([0.9, 0.45, 0.1]) == [False, True, False]
    assert candidates([0.5]) == [True] and candidates([0.2, 0.1]) == [False, False]
