"""The raise: what is shown in which shares, how it is packed, and that a killed raise ends in the same weights."""

import json
from dataclasses import replace
from itertools import islice

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from optax.contrib import MuonDimensionNumbers, scale_by_muon

from manyminds.core import BadInput, Seeds
from manyminds.lab.command import main
from manyminds.models.house import weights
from manyminds.models.house.decoder import SIZES, Decoder, Shape
from manyminds.models.house.tokenizer import SPECIAL, trained
from manyminds.tuning import mixture as mixtures
from manyminds.tuning import raising
from manyminds.tuning.calibration import Reading, standard
from manyminds.tuning.mixture import EARLY, Document, Mixture, batch, level_share, packed, raised_levels
from manyminds.tuning.raising import (
    FALL,
    RATES,
    STEP,
    Recipe,
    accuracy,
    optimiser_of,
    orthogonalised,
    raised,
    rate,
    stepping,
)
from manyminds.worlds.texts.formats import formats
from manyminds.worlds.texts.items import stream
from manyminds.worlds.texts.lookup import Lookup
from manyminds.worlds.texts.sums import Sums

TINY = Shape(320, 16, 1, 2, 1, 24, 128)


@pytest.fixture(scope="module")
def tokenizer():
    texts = [item.prompt + item.solution for family in (Sums(), Lookup("copy"))
             for item, _ in zip(stream(family, 1, "raise", Seeds(0)), range(30))]  # fmt: skip
    return trained(texts, 320)


@pytest.fixture
def small(monkeypatch, tokenizer):
    """Two families, a tiny decoder and a tokenizer that is there: a raise of seconds."""
    monkeypatch.setattr(mixtures, "families", lambda seeds: {"sums": Sums(), "key-value": Lookup("key-value")})
    shown = [((f"<u>{i}", "prompt"), (" yes<end>", "completion")) for i in range(40)]
    monkeypatch.setattr(mixtures, "closed_book", lambda seeds: shown)
    monkeypatch.setattr(raising, "spelled", lambda seeds, size: tokenizer)
    monkeypatch.setitem(SIZES, "XS", TINY)
    monkeypatch.setattr(mixtures, "FIRST", ("key-value",))


RECIPE = Recipe("XS", tokens=5000, batch=512, chunk=4, numbers="float32", warmup=3)


def flat(decoder):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(decoder)])


def test_a_killed_raise_ends_in_the_same_weights(small, tmp_path):
    whole = raised(RECIPE, tmp_path / "whole")

    class Killed(Exception):
        pass

    def kill(line):
        if line["chunk"] == 1:
            raise Killed

    with pytest.raises(Killed):
        raised(RECIPE, tmp_path / "broken", kill)
    with (tmp_path / "broken" / "curve.jsonl").open("a") as curve:
        curve.write('{"chunk": 2, "of": "a process that died before its checkpoint"}\n')
    again = raised(RECIPE, tmp_path / "broken")
    assert (flat(whole) == flat(again)).all()

    def curve_of(name):
        lines = map(json.loads, (tmp_path / name / "curve.jsonl").read_text().splitlines())
        return [{key: value for key, value in line.items() if key not in ("speed", "minutes")} for line in lines]

    assert curve_of("whole") == curve_of("broken")
    assert [line["chunk"] for line in curve_of("whole")] == list(range(len(curve_of("whole"))))
    assert abs(curve_of("whole")[-1]["total"] - RECIPE.tokens) < 0.2 * RECIPE.tokens
    assert curve_of("whole")[-1]["progress"] == 1
    kept = weights.load(tmp_path / "whole")
    assert np.abs(flat(kept) - flat(whole)).max() < 1e-3  # half precision
    assert not (flat(raised(replace(RECIPE, seed=1), tmp_path / "other")) == flat(whole)).all()


def test_every_fact_is_shown_as_often_as_planted_and_formats_equally(small, tmp_path):
    raised(RECIPE, tmp_path)
    seen = {}
    for line in map(json.loads, (tmp_path / "curve.jsonl").read_text().splitlines()):
        for name, (_, asked) in line["predicted"].items():
            seen[name] = seen.get(name, 0) + asked
    assert seen["sway 0 statement"] == 40
    for level in raised_levels(Sums()):
        assert seen.get(f"sums {level} worked") == seen.get(f"sums {level} direct")
    assert not any(name.startswith(("sums 7", "sums 8")) for name in seen)  # out of distribution
    exposure = json.loads((tmp_path / "exposure.json").read_text())
    assert exposure["sums 1 worked"] > exposure["sums 1 direct"] > 0


def test_a_folder_keeps_its_recipe(small, tmp_path):
    raised(replace(RECIPE, tokens=600), tmp_path / "one")
    with pytest.raises(BadInput, match=r"holds a raise with seed=0, not 5; name another folder"):
        raised(replace(RECIPE, tokens=600, seed=5), tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "letter.txt").write_text("dear")
    with pytest.raises(BadInput, match="not empty and holds no raise"):
        raised(RECIPE, tmp_path / "two")


def test_a_specialist_begins_with_weights_and_reads_its_families_alone(small, tmp_path):
    base = raised(RECIPE, tmp_path / "base")
    asked = replace(RECIPE, tokens=3000, begin=str(tmp_path / "base"), only=("sums",))
    lines = []
    found = raised(asked, tmp_path / "one", lines.append)
    moved, drawn = (np.abs(flat(one) - flat(base)).mean() for one in (found, Decoder.drawn(TINY, jax.random.key(0))))
    assert 0 < moved < 0.3 * drawn
    assert {line["stage"] for line in lines} == {"full"} and lines[0]["rate"] <= RATES["XS"] / 2
    exposure = json.loads((tmp_path / "one" / "exposure.json").read_text())
    assert exposure and all(name.startswith("sums") for name in exposure)
    kept = json.loads((tmp_path / "one" / "recipe.json").read_text())
    assert kept["begun"] == weights.digest(tmp_path / "base") and kept["only"] == ["sums"]
    same = (tmp_path / "base" / "tokenizer.json").read_text() == (tmp_path / "one" / "tokenizer.json").read_text()
    assert same and (flat(raised(asked, tmp_path / "one")) == flat(found)).all()  # goes on, at its end

    class Killed(Exception):
        pass

    def kill(line):
        raise Killed

    with pytest.raises(Killed):
        raised(asked, tmp_path / "broken", kill)
    assert (flat(raised(asked, tmp_path / "broken")) == flat(found)).all()


def test_what_a_specialist_cannot_begin_with(small, tmp_path):
    raised(replace(RECIPE, tokens=600), tmp_path / "base")
    asked = replace(RECIPE, tokens=600, begin=str(tmp_path / "base"), only=("sums",))
    refused = {
        "holds a model of size XS": replace(asked, size="S", batch=2048),
        "raised with seed 0": replace(asked, seed=3),
        "unknown family": replace(asked, only=("sum",)),
        "holds no model": replace(asked, begin=str(tmp_path)),
    }
    for why, recipe in refused.items():
        with pytest.raises(BadInput, match=why):
            raised(recipe, tmp_path / "new")
        assert not (tmp_path / "new").exists()
    with pytest.raises(BadInput, match="name its families"):
        replace(asked, only=())
    raised(asked, tmp_path / "one")
    raised(replace(RECIPE, tokens=700), tmp_path / "other")
    (tmp_path / "base" / "model.safetensors").write_bytes((tmp_path / "other" / "model.safetensors").read_bytes())
    with pytest.raises(BadInput, match="other weights than those"):
        raised(asked, tmp_path / "one")


def test_minutes_are_planned_by_the_speed(small):
    """Half way through the time with 1,000 tokens a second, a chunk is a known part of what is left."""
    state = raising.beginning(Decoder.drawn(TINY, jax.random.key(0)), optimiser_of("float32", 0.05, 1.0), 1)
    state = state._replace(seconds=np.array(30.0), tokens=np.array(5000))
    assert raising.to_come(replace(RECIPE, tokens=0, minutes=1), state, 1000.0) == 30_000
    assert raising.to_come(replace(RECIPE, tokens=6000), state, 1000.0) == 1000


@pytest.mark.parametrize(
    "change", [{"size": "XXL"}, {"minutes": 0, "tokens": 0}, {"numbers": "int8"}, {"batch": 8}, {"chunk": 0}]
)
def test_a_bad_recipe_is_one_sentence(change):
    with pytest.raises(BadInput):
        Recipe(**{"minutes": 1} | change)


def test_the_command_refuses_in_one_sentence(tmp_path, capsys):
    new = ["raise", "--out", str(tmp_path / "x")]
    for line in ([*new, "--size", "XXL"], [*new, "--rarer", "0"], ["calibrate", str(tmp_path)]):
        with pytest.raises(SystemExit) as stop:
            main(line)
        said = capsys.readouterr().err
        assert stop.value.code == 2 and said.startswith("manyminds: ") and said.count("\n") == 1


def test_the_rate_rises_stays_and_falls():
    recipe, peak = Recipe("S", warmup=100, minutes=1), RATES["S"]
    assert rate(recipe, 0, 0.0) == pytest.approx(peak / 100) and rate(recipe, 49, 0.01) == pytest.approx(peak / 2)
    assert rate(recipe, 5000, FALL - 0.01) == pytest.approx(peak)
    assert rate(recipe, 9000, (1 + FALL) / 2) == pytest.approx((peak + 1e-4) / 2)
    assert rate(recipe, 9999, 1) == pytest.approx(1e-4)


def test_shares_follow_the_stage_and_leave_what_is_mastered(small, tokenizer):
    made = Mixture(Seeds(0), tokenizer, 128)
    none = np.zeros(len(made.cells))
    low = made.shares("low", none)
    assert low.sum() == pytest.approx(1)
    assert all((share > 0) == (cell.level <= 2) for cell, share in zip(made.cells, low))
    full = dict(zip(made.cells, made.shares("full", none)))
    ratios = [parts["key-value", 1] / parts["sums", 1] for parts in (dict(zip(made.cells, low)), full)]
    assert ratios[0] / ratios[1] == pytest.approx(EARLY)
    top = [full["sums", level] for level in (5, 6)]
    assert sum(top) / sum(share for (name, _), share in full.items() if name == "sums") == pytest.approx(0.03)
    mastered = np.array([0.99 * (cell == ("sums", 1)) for cell in made.cells])
    after = dict(zip(made.cells, made.shares("full", mastered)))
    assert after["sums", 1] / after["sums", 2] == pytest.approx(0.15)
    assert level_share((1, 2, 3), 3) == pytest.approx(1 / 3)


def test_a_chunk_has_its_shares_and_is_the_same_again(small, tokenizer):
    made = Mixture(Seeds(0), tokenizer, 128)
    shares = made.shares("low", np.zeros(len(made.cells)))
    first, long = made.chunk(3, shares, 8000, slice(0, 5))
    again, _ = made.chunk(3, shares, 8000, slice(0, 5))
    assert [one.tokens.tolist() for one in first] == [one.tokens.tolist() for one in again]
    other, _ = made.chunk(4, shares, 8000, slice(0, 5))
    assert [one.tokens.tolist() for one in first] != [one.tokens.tolist() for one in other]
    by = {}
    for one in first[5:]:
        name = made.labels[one.label][:2]
        by[name] = by.get(name, 0) + len(one.tokens)
    for cell, share in zip(made.cells, shares):
        assert abs(by.get(tuple(cell), 0) - share * 8000) < 300  # one item too many or too long at most
    assert long <= 1


def read_of_the_test(made, number: int) -> int:
    """How many of the texts in a chunk are those of items that are tested with."""
    tested = {
        tuple(document.tokens)
        for cell in made.cells
        for item in islice(stream(made.families[cell.family], cell.level, "test", made.seeds, scarce=True), 300)
        for document in made.written(item)
    }
    texts, _ = made.chunk(number, made.shares("full", np.zeros(len(made.cells))), 8000, slice(0, 0))
    return sum(tuple(document.tokens) in tested for document in texts)


def test_no_text_of_a_raise_is_one_of_the_test_and_a_raise_that_cheats_is_caught(small, tokenizer, monkeypatch):
    made = Mixture(Seeds(0), tokenizer, 128)
    assert [read_of_the_test(made, number) for number in range(3)] == [0, 0, 0]
    honest = mixtures.stream
    monkeypatch.setattr(mixtures, "stream", lambda family, level, split, seeds, **more: honest(
        family, level, "test", made.seeds, **more))  # fmt: skip
    assert read_of_the_test(made, 0) > 20


def test_only_completions_count_in_full(small, tokenizer):
    made = Mixture(Seeds(0), tokenizer, 128)
    parts = (("<u>ab<a>", "prompt"), ("cd<end>", "completion"), ("<o>e<a>", "observation"), ("f<end>", "completion"))
    found = made.document(parts, 0)
    assert found.tokens.tolist() == tokenizer.encode("<u>ab<a>cd<end><o>e<a>f<end>")
    counts = [len(tokenizer.encode(text)) for text, _ in parts]
    weights = [0.1] * counts[0] + [1.0] * counts[1] + [0.0] * counts[2] + [1.0] * counts[3]
    assert found.weights.tolist() == pytest.approx([0.0, *weights[1:]])  # nothing predicts the first token


def documents(rng, count, longest=120):
    return [Document(rng.integers(24, 300, n).astype(np.int32), np.ones(n, np.float32), int(i % 7))
            for i, n in enumerate(rng.integers(5, longest, count))]  # fmt: skip


def test_packing_loses_nothing_and_wastes_little():
    rng = np.random.default_rng(0)
    texts = documents(rng, 300) + documents(rng, 4, 500) + [documents(rng, 1, 300)[0]]
    batches = packed(texts, 2048, 512, np.random.default_rng(1))
    found = []
    for each in batches:
        assert each.tokens.size == 2048 == each.owner.size
        for i in range(len(each.labels)):
            here = each.owner == i + 1
            rows = np.flatnonzero(here.any(1))
            assert len(rows) == 1
            found.append((each.labels[i], each.tokens[rows[0]][here[rows[0]]].tolist()))
        assert (each.weights[each.owner == 0] == 0).all()
    assert sorted(found) == sorted((one.label, one.tokens.tolist()) for one in texts)
    filled = sum((each.owner > 0).sum() for each in batches) / sum(each.owner.size for each in batches)
    assert filled > 0.85


def test_a_step_is_the_update_of_muon_and_adam_on_the_weighted_loss():
    """The oracle: the same loss written text by text without packing, and the arithmetic of a first step."""
    decoder, rng = Decoder.drawn(TINY, jax.random.key(3)), np.random.default_rng(5)
    counts = [np.array([0, *rng.choice([0.1, 1.0], n - 1)], np.float32) for n in (30, 41, 50)]
    texts = [Document(rng.integers(24, 300, len(count)).astype(np.int32), count, 0) for count in counts]
    one = batch([texts], 2, 128)

    def loss(model):
        total = weight = 0.0
        for text in texts:
            scores = jax.nn.log_softmax(model(jnp.asarray(text.tokens)[None])[0])
            missed = -scores[jnp.arange(len(text.tokens) - 1), text.tokens[1:]]
            total, weight = total + (missed * text.weights[1:]).sum(), weight + text.weights[1:].sum()
        return total / weight

    value, gradient = eqx.filter_jit(eqx.filter_value_and_grad(loss))(decoder)
    before = jax.tree.map(np.array, decoder)
    after, _, found, wrong = stepping("float32", 256, 0.05, 1e9)(
        decoder, optimiser_of("float32", 0.05, 1e9).init(decoder), one, 0.01
    )
    assert float(found) == pytest.approx(float(value), rel=1e-4)
    assert wrong.shape == (65,) and (np.asarray(wrong)[1:4] > 0).all()
    # Adam's has size 1 wherever there is a gradient to speak of; Muon's is about the orthogonal factor of the gradient,
    # whose product with it is the sum of the singular values; matrices also decay.
    for path, old in jax.tree.leaves_with_path(before):
        new, slope = (np.asarray(jax.tree.leaves(tree)[leaves(before).index(path)]) for tree in (after, gradient))
        step = (old * (1 - 0.01 * 0.05 * (old.ndim > 1)) - new) / 0.01
        if old.ndim > 1 and "embedding" not in jax.tree_util.keystr(path):
            step /= STEP * max(old.shape) ** 0.5
            whole = np.linalg.svd(slope, compute_uv=False).sum()
            assert 0.6 * whole < (step * slope).sum() < 1.25 * whole
            assert np.linalg.svd(step, compute_uv=False).max() < 1.3
        else:
            big = np.abs(slope) > 1e-4
            assert np.allclose(step[big], np.sign(slope)[big], atol=0.02)


def leaves(tree):
    return [path for path, _ in jax.tree.leaves_with_path(tree)]


def test_matrices_are_made_orthogonal_as_by_optax():
    rng = np.random.default_rng(6)
    shapes = {"wide": (8, 20), "tall": (20, 8), "again": (20, 8), "square": (9, 9)}
    steps = {name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name, shape in shapes.items()}
    plain = jax.tree.map(lambda _: MuonDimensionNumbers(), steps)
    peer = scale_by_muon(beta=0.0, nesterov=False, weight_dimension_numbers=plain)
    expected, _ = peer.update(steps, peer.init(steps))
    found = orthogonalised(steps, "float32")
    assert all(np.allclose(found[name], expected[name], atol=1e-5) for name in shapes)


def test_loss_falls(small, tmp_path):
    lines = []
    raised(replace(RECIPE, tokens=24_000), tmp_path, lines.append)
    assert lines[-1]["loss"] < 0.9 * lines[0]["loss"]


def test_the_format_that_is_best_decides_what_is_mastered(small, tokenizer):
    made = Mixture(Seeds(0), tokenizer, 128)
    state = raising.beginning(
        Decoder.drawn(TINY, jax.random.key(0)), optimiser_of("float32", 0.05, 1.0), len(made.labels)
    )
    asked, right = state.asked.copy(), state.right.copy()
    for name, n in (("worked", 18), ("direct", 4)):
        at = made.labels.index(("sums", 2, name))
        asked[at], right[at] = 20, n
    asked[made.labels.index(("sums", 1, "worked"))] = 5  # too few to tell
    found = dict(zip(made.cells, accuracy(made, state._replace(asked=asked, right=right))))
    assert found["sums", 2] == 0.9 and found["sums", 1] == 0


def reading(level, greedy, one=0.4, best=0.8):
    return Reading("sums", level, "worked", 200, greedy, 0.0, one, best)


@pytest.mark.parametrize(
    ("readings", "levels", "why"),
    [
        ([reading(1, 0.9), reading(2, 0.5), reading(3, 0.33)], [2], ""),
        ([reading(1, 0.75), reading(2, 0.2)], [1, 2], ""),
        ([reading(1, 0.95, np.nan, np.nan), reading(2, 0.05, np.nan, np.nan)], [], "no level between"),
        ([reading(1, 0.2), reading(2, 0.1)], [], "at most 0.20 right"),
        ([reading(1, 0.45, 0.4, 0.5)], [], "no gain"),
    ],
)
def test_standard_levels(readings, levels, why):
    found = standard(readings)
    assert found["levels"] == levels and why in found.get("out_of_band", "")


def test_every_family_and_format_of_the_nursery_can_be_written():
    made = Mixture(Seeds(0), trained([" ".join(map(chr, range(32, 127))) * 2], 280), 512)
    assert {label[0] for label in made.labels} == set(made.families)
    for cell in made.cells:
        (item,) = mixtures.examples(made, cell, 1)
        for form, found in zip(formats(cell.family), made.written(item)):
            assert made.labels[found.label] == (*cell, form)
            assert found.tokens[0] == SPECIAL.index("<u>") and (found.weights == 1).any()


def test_time_in_which_a_raise_was_halted_is_no_work():
    assert raising.counted(30.0, 20.0) == 30.0
    assert raising.counted(1200.0, 20.0) == 20.0
