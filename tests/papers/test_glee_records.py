"""Records of games: our own form and back, and the public archive's folders from small made-up games."""

import asyncio
import json

import numpy as np
import pytest

from manyminds.core import BadInput, Seeds
from manyminds.papers.glee.grid import DEFAULTS, FAMILIES
from manyminds.papers.glee.paper import Config, rule_of
from manyminds.papers.glee.records import GameRecord, measured, read_records, write_records
from manyminds.papers.glee.seating import played_in_world

DIVISION = """alice_gain,bob_gain,message,player,round,decision
7000.0,3000.0,take it,Alice,1,None
,,None,Bob,1,reject
4000.0,6000.0,None,Bob,2,None
,,None,Alice,2,accept
"""
TRADE = """message,product_price,player,round,decision
a bargain,"$11,000",Alice,1,
,,Bob,1,RejectOffer
,9000.0,Bob,2,
,,Alice,2,{decision}
"""
ADVICE = """round_quality,product_worth,player,round,message,decision
high-quality,40000.0,Nature,1,,
,,Alice,1,buy,yes
,,Bob,1,,yes
low-quality,0.0,Nature,2,,
,,Alice,2,buy,yes
,,Bob,2,,yes
low-quality,0.0,Nature,3,,
,,Alice,3,leave,no
,,Bob,3,,no
"""


def config(family, **args):
    seats = {
        f"player_{i}_args": {"public_name": name, "model_name": f"model-{i}"} for i, name in ((1, "Alice"), (2, "Bob"))
    }
    if family == "bargaining":
        seats["player_1_args"]["delta"], seats["player_2_args"]["delta"] = 0.9, 0.8
        game = {"money_to_divide": 10_000, "max_rounds": 99, "complete_information": False, "messages_allowed": True}
    elif family == "negotiation":
        game = {"seller_value": 0.8, "buyer_value": 1.2, "product_price_order": 10_000, "max_rounds": 10,
                "complete_information": True, "messages_allowed": True}  # fmt: skip
    else:
        game = {"p": 0.333333333, "v": 4.0, "c": 0, "product_price": 10_000, "is_seller_know_cv": True,
                "seller_message_type": "binary", "is_myopic": False, "total_rounds": 3}  # fmt: skip
    return {"game_type": family, "game_args": game | args} | seats


def archive(folder, games):
    for number, (settings, rows) in enumerate(games):
        place = folder / "games" / str(number)
        place.mkdir(parents=True)
        (place / "config.json").write_text(json.dumps(settings))
        if rows is not None:
            (place / "game.csv").write_text(rows)


def test_an_archive_is_mapped_and_measured(tmp_path):
    archive(tmp_path, [
        (config("bargaining"), DIVISION), (config("negotiation"), TRADE.format(decision="AcceptOffer")),
        (config("negotiation"), TRADE.format(decision="SellToJhon")), (config("persuasion"), ADVICE),
    ])  # fmt: skip
    records, left_out = read_records(tmp_path)
    assert not left_out and [r.cell.family for r in records] == ["bargaining", *["negotiation"] * 2, "persuasion"]
    division, trade, gone, advice = (measured([record])[1] for record in records)
    assert records[0].cell.rounds is None and records[0].player_b == "model-2"
    assert (division.stage[0], division.first_offer[0]) == (2, pytest.approx(0.3))
    assert division.efficiency[0] == pytest.approx(0.9 * 0.4 + 0.8 * 0.6) and division.fairness[0] == pytest.approx(
        0.96
    )
    assert (division.gain_a[0], division.gain_b[0]) == (pytest.approx(0.36), pytest.approx(0.48))
    assert (trade.gain_a[0], trade.gain_b[0], trade.efficiency[0]) == (pytest.approx(0.1), pytest.approx(0.3), 1)
    assert (gone.efficiency[0], gone.fairness[0], gone.gain_a[0]) == (0, 1, 0)
    assert (advice.efficiency[0], advice.fairness[0]) == (1, 0.5)
    assert advice.gain_b[0] == pytest.approx((3 - 1) / 3) and records[3].cell.first == pytest.approx(1 / 3)


def test_games_that_cannot_be_mapped_are_counted(tmp_path):
    broken = DIVISION.replace("7000.0", "many")
    archive(tmp_path, [
        (config("bargaining"), DIVISION), (config("bargaining"), broken), (config("bargaining"), None),
        (config("persuasion", c=0.5), ADVICE), (config("persuasion", total_rounds=20), ADVICE),
        ({"game_type": "chess"}, ""),
    ])  # fmt: skip
    records, left_out = read_records(tmp_path)
    assert len(records) == 1 and sum(left_out.values()) == 5 and left_out["no game.csv"] == 1
    assert any("worth something" in reason for reason in left_out) and any(
        "to its end" in reason for reason in left_out
    )


def test_an_empty_place_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"config\.json"):
        read_records(tmp_path)
    with pytest.raises(BadInput, match="no games at"):
        read_records(tmp_path / "nowhere.jsonl")
    (tmp_path / "bad.jsonl").write_text("{}\n")
    with pytest.raises(BadInput, match="line 1"):
        read_records(tmp_path / "bad.jsonl")


@pytest.mark.parametrize("family", FAMILIES)
def test_our_records_come_back_equal_and_are_measured_alike(family, tmp_path):
    pair = tuple(side[-1] for side in Config().seated(family))
    records = [asyncio.run(played_in_world(DEFAULTS[family], pair, i, Seeds(i), rule_of(family))) for i in range(3)]
    path = tmp_path / "games.jsonl"
    write_records(records, path)
    again, left_out = read_records(path)
    assert again == records and not left_out
    one, two = measured(records)[1], measured(again)[1]
    assert np.array_equal(one.gain_b, two.gain_b)


def test_void_games_have_no_measures():
    record = GameRecord(cell=DEFAULTS["bargaining"], player_a="a", player_b="b", turns=[], void="Alice: nonsense")
    _, games = measured([record])
    assert games.void[0] and np.isnan(games.efficiency[0]) and np.isnan(games.gain_a[0])
