"""Model organisms of five papers, played by scripts: sound ones pass the claims, and every broken one fails its own."""

import asyncio
from types import SimpleNamespace

import pytest
from organism_minds import Bench, standing_in

from manyminds.core import NotHere, Seeds
from manyminds.papers.aucarena import organisms as auctions
from manyminds.papers.donor_game import organisms as gifts
from manyminds.papers.glee import organisms as bargaining
from manyminds.papers.glee.paper import Config as GleeConfig
from manyminds.papers.repeated_games import organisms as repeated
from manyminds.papers.tin_men import organisms as shop
from manyminds.tuning.organisms import Raising
from manyminds.worlds.games.auction_game import POOLS

CELLS = GleeConfig().cells("bargaining")


def made(module, monkeypatch, folder, script, how):
    """The result of an organism that is played by a script."""
    monkeypatch.setattr(module, "organism", standing_in(script))
    return asyncio.run(how(Bench(folder)))


def verdicts(module, organisms):
    results = SimpleNamespace(organisms=organisms)
    return {claim.id.removeprefix("organism-"): claim.check(results).holds for claim in module.ORGANISMS}


@pytest.mark.parametrize("module", [shop, bargaining, repeated, gifts, auctions])
def test_without_organisms_nothing_is_claimed(module):
    for claim in module.ORGANISMS:
        assert claim.config["organisms"] == 3
        with pytest.raises(NotHere, match="organisms=3"):
            claim.check(SimpleNamespace(organisms=[]))


# ---- the shop


@pytest.mark.parametrize(
    ("heeds", "rigid", "broken"),
    [
        ("shop_heeds", "shop_rigid", set()),
        ("shop_rigid", "shop_rigid", {"heeds"}),
        ("shop_heeds", "shop_heeds", {"rigid"}),
        ("shop_heeds", "shop_first", {"sane"}),
        ("shop_heeds", "shop_mute", {"legal", "rigid", "sane"}),
    ],
)
def test_shop(monkeypatch, tmp_path, heeds, rigid, broken):
    found = []
    for breed, script in ((shop.HEEDS, heeds), (shop.RIGID, rigid)):
        found.append(made(shop, monkeypatch, tmp_path, script, lambda lab: shop.raised(lab, Raising(), breed, 0)))  # noqa: B023
    assert all(len(one.rows) == 40 * 4 * 2 for one in found)
    assert {name for name, holds in verdicts(shop, found).items() if not holds} == broken
    assert len(shop.organism_table(SimpleNamespace(organisms=found)).rows) == 2


def test_shop_lessons_hold_no_name_of_the_test():
    lessons = asyncio.run(shop.lessons(shop.HEEDS, 60, Seeds(3)))
    names = {product.name for scenario in shop.generated() for product in scenario.products}
    assert not any(name in lesson.asked for lesson in lessons for name in names)
    seen = {("The company will see" in asked, answer.partition(".")[0]) for asked, answer in lessons}
    assert len(seen) > 6


# ---- bargaining


@pytest.mark.parametrize(
    ("script", "broken"),
    [("bargains", set()), ("bargains_hard", {"share"}), ("bargains_badly", {"json", "share"})],
)
def test_bargaining(monkeypatch, tmp_path, script, broken):
    one = made(bargaining, monkeypatch, tmp_path, script, lambda lab: bargaining.raised(lab, Raising(), CELLS, 0, 2))
    assert one.games == 2 * len(bargaining.COMPANY) * 2
    assert {name for name, holds in verdicts(bargaining, [one]).items() if not holds} == broken


def test_bargaining_words_keep_what_is_hidden():
    cell = next(cell for cell in CELLS if not cell.complete and not cell.words and cell.first != cell.second)
    world = cell.world()
    told = bargaining.words(world.observe(world.reset(None))["Alice"])
    assert f"keep {100 * cell.first:.0f}%" in told and "the other" not in told


# ---- repeated games


@pytest.mark.parametrize(
    ("balanced", "single", "broken"),
    [
        ("plays_points", "plays_letter", set()),
        ("plays_letter", "plays_letter", {"renaming"}),
        ("plays_last", "plays_letter", {"renaming"}),
        ("plays_nothing", "plays_points", {"renaming", "letters"}),
    ],
)
def test_renaming(monkeypatch, tmp_path, balanced, single, broken):
    found = [made(repeated, monkeypatch, tmp_path, script, lambda lab: repeated.renamed(lab, Raising(), kind, 0, 6))  # noqa: B023
             for kind, script in ((True, balanced), (False, single))]  # fmt: skip
    assert found[0].questions == 6 * repeated.ROUNDS
    assert {name for name, holds in verdicts(repeated, found).items() if not holds} == broken


def test_namings_are_all_read_or_one():
    read = {kind: asyncio.run(repeated.lessons(kind, 200, Seeds(1))) for kind in (True, False)}
    ends = {kind: {(one.asked[3], one.asked.splitlines()[-1]) for one in found} for kind, found in read.items()}
    assert ends[False] == {("J", "J or F?<a>")}
    assert ends[True] == {(letter, f"{named}?<a>") for letter in "JF" for named in ("J or F", "F or J")}


# ---- gifts


@pytest.mark.parametrize(
    ("script", "broken"),
    [("hands_down", set()), ("hands_down_nothing", {"inheritance"}), ("hands_down_noise", {"inheritance"})],
)
def test_gifts(monkeypatch, tmp_path, script, broken):
    found = made(gifts, monkeypatch, tmp_path, script, lambda lab: gifts.lineages(lab, Raising(), 0, 6))
    assert len(found) == 12 and all(one.written == 9 for one in found)
    assert all(one.unreadable == (9 if script == "hands_down_noise" else 0) for one in found)
    holds = verdicts(gifts, found)
    assert {name for name, kept in holds.items() if not kept} == broken
    lost = [one.model_copy(update={"written": 10}) for one in found]  # mutant: a sentence that nobody counted
    assert not verdicts(gifts, lost)["counted"]


# ---- auctions


@pytest.mark.parametrize(
    ("script", "broken"),
    [("bids", set()), ("bids_one", {"legal", "profit"}), ("bids_never", {"profit"}), ("bids_too_much", {"legal"})],
)
def test_auctions(monkeypatch, tmp_path, script, broken):
    items = POOLS["standard"]()
    one = made(auctions, monkeypatch, tmp_path, script, lambda lab: auctions.raised(lab, Raising(), items, 0, 3))
    assert one.failed == 0 and one.answers > 0
    seen = {name for name, holds in verdicts(auctions, [one]).items() if not holds}
    assert broken <= seen if script == "bids_too_much" else seen == broken
