"""Mistakes of a model's own, and the weak sibling: what a raise shows, and that a killed one shows the same again."""

import json
from collections import Counter
from dataclasses import asdict, replace
from random import Random

import jax
import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.lab.raising import said
from manyminds.models.house.decoder import SIZES, Shape
from manyminds.models.house.tokenizer import trained
from manyminds.tuning import mixture as mixtures
from manyminds.tuning import own_mistakes, raising
from manyminds.tuning.mixture import Mixture
from manyminds.tuning.own_mistakes import FILE, KEPT, LEVELS, Found, keep, kept, sampled
from manyminds.tuning.raising import LOW, Recipe, raised
from manyminds.worlds.texts.formats import closed_book
from manyminds.worlds.texts.items import final, items, split_of, stream
from manyminds.worlds.texts.slips import first_difference, slipped
from manyminds.worlds.texts.sums import Sums
from manyminds.worlds.texts.sway import book_lines, facts, left_out
from manyminds.worlds.texts.turns import FEWEST, MARRED, Turns

TINY = Shape(320, 16, 1, 2, 1, 24, 256)
RECIPE = Recipe("XS", tokens=9000, batch=512, chunk=4, numbers="float32", warmup=3)


@pytest.fixture(scope="module")
def tokenizer():
    texts = [one.prompt + one.solution for family in (Sums(), Turns("verify"))
             for one, _ in zip(stream(family, 1, "raise", Seeds(0)), range(60))]  # fmt: skip
    return trained(texts, 320)


@pytest.fixture
def small(monkeypatch, tokenizer):
    """Sums and what wraps them, a tiny decoder, and solutions with slips that depend on the weights and the stream."""
    found = {family.name: family for family in (Sums(), Turns("verify"), Turns("refine"), Turns("debate"))}
    monkeypatch.setattr(mixtures, "families", lambda seeds: found)
    shown = [((f"<u>{i}", "prompt"), (" yes<end>", "completion")) for i in range(40)]
    monkeypatch.setattr(mixtures, "closed_book", lambda seeds: shown)
    monkeypatch.setattr(raising, "spelled", lambda seeds, size: tokenizer)
    monkeypatch.setitem(SIZES, "XS", TINY)
    monkeypatch.setattr(mixtures, "LENGTHS", ())  # one program to compile
    monkeypatch.setattr(own_mistakes, "TOKENS", 10)
    monkeypatch.setattr(own_mistakes, "LEAST", 1)
    monkeypatch.setattr(own_mistakes, "solved", slipping)


def slipping(speaker, some, stream):
    weights = float(sum(np.abs(np.asarray(leaf)).sum() for leaf in jax.tree.leaves(speaker.decoder)))
    found = []
    for item in some:
        slip = slipped(Random(f"{weights!r} {stream} {item.form}"), item.meta["steps"])
        found.append("\n".join([*slip.lines, final(f"{item.answer}0")]))
    return found


def flat(decoder):
    return np.concatenate([np.asarray(leaf).ravel() for leaf in jax.tree.leaves(decoder)])


def curve_of(folder):
    lines = map(json.loads, (folder / "curve.jsonl").read_text().splitlines())
    return [{key: value for key, value in line.items() if key not in ("speed", "minutes")} for line in lines]


class Killed(Exception):
    pass


def killed_after_the_checkpoint(monkeypatch):
    def kill(line):
        if line["stage"] == "full":
            raise Killed

    return kill


def killed_before_the_checkpoint(monkeypatch):
    """The mistakes are kept, the chunk that showed some of them is not."""

    def one_chunk(recipe, mixture, step, state, speed, real=raising.one_chunk):
        if mixture.own:
            raise Killed
        return real(recipe, mixture, step, state, speed)

    monkeypatch.setattr(raising, "one_chunk", one_chunk)


def killed_while_sampling(monkeypatch):
    def solved(speaker, some, stream):
        if some[0].level < LEVELS[-1]:
            raise Killed
        return slipping(speaker, some, stream)

    monkeypatch.setattr(own_mistakes, "solved", solved)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A place for the raise that nobody kills, which the tests share."""
    return tmp_path_factory.mktemp("whole")


@pytest.mark.parametrize(
    "kill", [killed_after_the_checkpoint, killed_before_the_checkpoint, killed_while_sampling]
)  # fmt: skip
def test_a_raise_killed_at_its_mistakes_ends_in_the_same_weights(small, tmp_path, whole, kill):
    decoder = raised(RECIPE, whole)
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        raised(RECIPE, tmp_path, kill(patch) or (lambda line: None))
    assert (tmp_path / FILE).exists() == (kill is not killed_while_sampling)
    again = raised(RECIPE, tmp_path)
    assert (flat(decoder) == flat(again)).all() and curve_of(tmp_path) == curve_of(whole)
    assert (tmp_path / FILE).read_bytes() == (whole / FILE).read_bytes()
    stages = [("own" in line, line["stage"]) for line in curve_of(whole)]
    assert set(stages) == {(False, "low"), (True, "full")} and curve_of(whole)[-1]["own"] >= FEWEST
    assert kept(whole).progress >= LOW


def test_the_mistakes_are_in_the_texts_that_follow(small, tmp_path, tokenizer):
    """Half of the wrong solutions in a chunk of the full mixture; every text of the same item in the same formats."""
    raised(RECIPE, tmp_path)
    own = kept(tmp_path).own
    made = Mixture(Seeds(0), tokenizer, 256, own=own)
    assert all(made.families[f"turns-{kind}"].own == own for kind in ("verify", "refine"))
    assert made.families["turns-debate"].own == () and made.labels == Mixture(Seeds(0), tokenizer, 256).labels
    texts = [tokenizer.decode(one.tokens.tolist()) for one in
             made.chunk(9, made.shares("full", np.zeros(len(made.cells))), 150_000, slice(0, 0))[0]]  # fmt: skip
    wrong = {f"{one.prompt}\n{chr(10).join(one.lines)}\n" for one in own}
    wrong = {tokenizer.decode(tokenizer.encode(text)) for text in wrong}
    mended = [text for text in texts if "Solve it again." in text]
    mine = sum(any(one in text for one in wrong) for text in mended)
    assert len(mended) > 60 and abs(mine / len(mended) - 0.5) < 4 * 0.5 / len(mended) ** 0.5
    exposure = json.loads((tmp_path / "exposure.json").read_text())
    seen = Counter()
    for line in curve_of(tmp_path):
        seen.update({name: asked for name, (_, asked) in line["predicted"].items()})
    for name in ("sums", "turns-debate"):
        for level in LEVELS:
            assert seen[f"{name} {level} worked"] == seen[f"{name} {level} direct"]
    assert exposure["turns-verify 1 verify"] > 0


def test_a_raise_without_them_or_too_short_for_them(small, tmp_path, monkeypatch):
    raised(replace(RECIPE, own=False), tmp_path / "without")
    assert not (tmp_path / "without" / FILE).exists() and "own" not in curve_of(tmp_path / "without")[-1]
    monkeypatch.setattr(own_mistakes, "LEAST", 10**6)
    decoder = raised(RECIPE, tmp_path / "short")
    line = curve_of(tmp_path / "short")[-1] | {"speed": 1, "minutes": 1.0}
    assert line["own"] == 0 and "too few own mistakes: slips alone" in said(line)
    assert "7 own mistakes" in said(line | {"own": 7}) and "mistakes" not in said(line | {"own": None})
    assert kept(tmp_path / "short").header()["asked"] == dict.fromkeys(map(str, LEVELS), 0)
    assert (flat(decoder) == flat(raised(replace(RECIPE, own=False), tmp_path / "again"))).all(), "slips, as without"


def test_a_folder_keeps_its_recipe_and_its_mistakes(small, tmp_path):
    stop = replace(RECIPE, tokens=9001)

    def kill(line):
        if line["stage"] == "full":
            raise Killed

    with pytest.raises(Killed):
        raised(stop, tmp_path / "one", kill)
    for change, wrong in (({"rarer": 4}, "rarer=1, not 4"), ({"own": False}, "own=True, not False")):
        with pytest.raises(BadInput, match=wrong):
            raised(replace(stop, **change), tmp_path / "one")
    assert json.loads((tmp_path / "one" / "recipe.json").read_text())["rarer"] == 1
    (tmp_path / "one" / FILE).unlink()
    with pytest.raises(BadInput, match=r"own\.jsonl is gone"):
        raised(stop, tmp_path / "one")
    # A recipe that was kept before there were mistakes of its own is one without them.
    (tmp_path / "old").mkdir()
    old = {name: value for name, value in asdict(stop).items() if name not in ("own", "rarer")}
    (tmp_path / "old" / "recipe.json").write_text(json.dumps(old))
    with pytest.raises(BadInput, match="own=False, not True"):
        raised(stop, tmp_path / "old")
    assert raising.agreed(replace(stop, own=False), tmp_path / "old") == replace(stop, own=False)
    with pytest.raises(BadInput, match="factor"):
        Recipe(rarer=0)


def test_what_is_kept_is_wrong_bounded_and_read_back(monkeypatch, tmp_path):
    """A model that is right half of the time, says nothing to some sums, and writes in words to others."""

    def solved(speaker, some, stream):
        found = slipping(speaker, some, stream)
        for i, item in enumerate(some):
            if i % 2:
                found[i] = item.solution
            elif i % 8 == 0:
                found[i] = ("", "I do not know\n#1", "#9999")[i % 3]
        return found

    class Nobody:
        decoder = np.ones(3)

    monkeypatch.setattr(own_mistakes, "solved", solved)
    found = sampled(Nobody(), Seeds(3), 10**9, 0.4)
    assert all(found.asked[level] <= own_mistakes.MOST * len(LEVELS) for level in LEVELS)
    assert sum(found.asked.values()) <= own_mistakes.MOST * len(LEVELS)
    assert all(0.45 < found.header()["share_wrong"][str(level)] < 0.55 for level in LEVELS)
    counts = Counter(one.level for one in found.own)
    assert all(FEWEST < counts[level] <= KEPT for level in LEVELS[1:]) and found.enough == dict(sorted(counts.items()))
    for one in found.own:
        assert split_of(one.form) == "raise"
        assert first_difference(list(one.steps), list(one.lines)) == (one.slip.at, one.slip.right)
    assert len({(one.form, one.lines) for one in found.own}) == len(found.own)
    keep(found, tmp_path)
    assert kept(tmp_path) == found and not list(tmp_path.glob("*.part"))
    assert sampled(Nobody(), Seeds(3), 10**9, 0.4) == found != sampled(Nobody(), Seeds(4), 10**9, 0.4)
    assert sampled(Nobody(), Seeds(3), 10**6, 0.4).own == (), "too short a raise"
    (tmp_path / FILE).write_text('{"progress": 1}\n')
    with pytest.raises(BadInput, match="no mistakes"):
        kept(tmp_path)


def test_mistakes_are_sampled_from_a_real_model_and_repeat(tokenizer, monkeypatch):
    """Untrained weights: nothing that can be read as equations, so slips take its place; the same texts again."""
    from manyminds.models.house.decoder import Decoder
    from manyminds.models.house.model import Speaking

    monkeypatch.setattr(own_mistakes, "LONGEST", 6)
    monkeypatch.setattr(own_mistakes, "LEVELS", (1,))
    monkeypatch.setattr(own_mistakes, "LEAST", 6)
    speaker = Speaking(Decoder.drawn(TINY, jax.random.key(1)), tokenizer)
    some = items(Sums(), 1, "raise", Seeds(0), 3)
    texts = own_mistakes.solved(speaker, some, "a")
    assert texts == own_mistakes.solved(speaker, some, "a") != own_mistakes.solved(speaker, some, "b")
    found = sampled(speaker, Seeds(0), own_mistakes.LEAST * own_mistakes.TOKENS, 0.4)
    assert found == Found(found.own, 0.4, found.asked, found.wrong) and found.enough == {}
    assert sum(found.asked.values()) == own_mistakes.LEAST


@pytest.mark.parametrize("rarer", [2, 3, 4, 64])
def test_a_weak_sibling_sees_every_fact_more_rarely(rarer):
    """Facts by facts: n // rarer times or once more, and on average n / rarer, to half a statement."""
    seeds = Seeds(5)
    lines, gone = book_lines(seeds), left_out(seeds, rarer)
    seen = Counter(fact for i, (fact, _) in enumerate(lines) if i not in gone)
    for exposures in (1, 2, 4, 8, 16, 32):
        counts = [seen[fact] for fact in facts(seeds) if fact.exposures == exposures]
        assert len(counts) == 250 and set(counts) <= {exposures // rarer, exposures // rarer + 1}
        assert abs(sum(counts) - 250 * exposures / rarer) <= 0.5
    assert left_out(seeds, rarer) == gone != left_out(Seeds(6), rarer)
    assert [parts[0][0] for parts in closed_book(seeds)] == [f"<u>Tell of {fact.who}.<a>" for fact, _ in lines]
    assert not left_out(seeds, 1)


def test_nothing_takes_the_place_of_what_a_weak_sibling_is_not_shown(small, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(mixtures, "left_out", lambda seeds, rarer: frozenset(range(0, 40, rarer)))
    strong, weak = (Mixture(Seeds(0), tokenizer, 256, rarer) for rarer in (1, 2))
    shares = strong.shares("full", np.zeros(len(strong.cells)))
    texts = [[one.tokens.tolist() for one in made.chunk(2, shares, 6000, slice(4, 24))[0]] for made in (strong, weak)]
    assert texts[0][20:] == texts[1][10:] and [one for one in texts[0][:20] if one in texts[1][:10]] == texts[1][:10]
    assert weak.spared(24) == sum(len(strong.book[i].tokens) for i in range(0, 24, 2)) and strong.spared(24) == 0
    whole = {}
    for rarer in (1, 2):
        raised(replace(RECIPE, rarer=rarer, own=False), tmp_path / str(rarer))
        whole[rarer] = json.loads((tmp_path / str(rarer) / "exposure.json").read_text())
        progress = [line["progress"] for line in curve_of(tmp_path / str(rarer))]
        assert progress[-1] == 1
    book = "sway 0 statement"
    assert whole[1].pop(book) > whole[2].pop(book) > 0
    assert whole[1] == whole[2], "all other texts are the same"


def test_a_weak_sibling_is_asked_the_same(tokenizer):
    strong, weak = (Mixture(Seeds(0), tokenizer, 256, rarer) for rarer in (1, 4))
    for name in ("sway", "sway-partner", "sums"):
        cell = next(cell for cell in strong.cells if cell.family == name)
        assert mixtures.examples(strong, cell, 5) == mixtures.examples(weak, cell, 5)
    assert strong.book[0].tokens.tolist() == weak.book[0].tokens.tolist() and len(weak.left_out) > 5500
    assert set(MARRED) == {"verify", "critique", "refine", "retry"}
