"""The auction arena as a paper: its claims and what breaks them, its files, and tables of language models."""

import asyncio
import json
from functools import partial
from pathlib import Path

import paper_runs
import pytest
from auction_mind import reply
from server import serving

from manyminds.core import BadInput, Estimate, NotHere
from manyminds.core.trajectory import plain
from manyminds.lab.overrides import configured
from manyminds.lab.playing import paper_of
from manyminds.lab.runner import execute
from manyminds.lab.store import Store
from manyminds.papers.aucarena import claims as checks
from manyminds.papers.aucarena import memos
from manyminds.papers.aucarena.arena import labels
from manyminds.papers.aucarena.measures import SeatRow, spearman
from manyminds.papers.aucarena.paper import PAPER, Config, Results
from manyminds.worlds.games.auction_game import GAME, Settings
from manyminds.worlds.games.auction_items import read_entrants, read_items

verdicts = partial(paper_runs.verdicts, PAPER)

SMALL = {"simulated": 1000, "ladder": 1, "calibration": 30}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aucarena")
    with Store(folder / "store.db") as store, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield asyncio.run(execute(PAPER, Config(**SMALL), 3, store))


def test_offline_everything_that_needs_nothing_holds(report):
    found = verdicts(report.results)
    offline = [c for c in PAPER.claims if c.needs == "nothing" and "organisms" not in c.config]
    assert {found[c.id] for c in offline} <= {"holds"}, found
    assert {found[c.id] for c in PAPER.claims if c.needs != "nothing"} == {"needs-endpoint"}
    assert len(report.files) == 3 and all(row.ending == "finished" for row in report.results.ladder)
    titles = [table.title for table in PAPER.tables(report.results)]
    assert len(titles) == len(set(titles)) == 9
    assert Results.model_validate(json.loads(report.results.model_dump_json())) == report.results


def changed(results, **parts):
    return results.model_copy(update=parts)


def test_each_claim_has_a_run_that_breaks_it(report):
    """The curse without over-estimation, a learner as good as its twin, totals 5 % off, plans and errors gone."""
    good = report.results
    curses = [row | {"off": 0.1} for row in good.curses]
    learners = [row | {"better": 70, "learner": row["learner"] | {"low": -1}} for row in good.learners]
    totals = [
        row | {part: row[part] | {"value": row[part]["value"] * 1.06} for part in ("total", "ratio")}
        for row in good.totals
    ]

    def seats(rows, **values):
        return [
            row.model_copy(update={"seats": [seat.model_copy(update=values) for seat in row.seats]}) for row in rows
        ]

    broken = {
        ("curse",): changed(good, curses=curses), ("learner", "learner-profit"): changed(good, learners=learners),
        ("alone",): changed(good, alone=seats(good.alone, profit=9_000)),
        tuple(i for i in verdicts(good) if i.startswith(("total", "price"))): changed(good, totals=totals),
        ("adherence",): changed(good, controls=seats(good.controls, rho_engagement=0.05)),
        ("adherence-control",): changed(good, controls=seats(good.controls, rho_engagement=0.9)),
        ("beliefs-0.05", "beliefs-0.2"): changed(good, noisy=seats(good.noisy, self_wrong=0)),
    }  # fmt: skip
    for ids, results in broken.items():
        found = verdicts(results)
        assert all(found[i] == "fails" for i in ids), (ids, found)
        assert all(verdict != "fails" for i, verdict in found.items() if i not in ids), (ids, found)


def test_the_same_seed_gives_the_same_run_whatever_the_concurrency(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(seats=("planner", "random", "rule"), orders=("shuffled",), budgets=(10_000,), auctions=3)
    with Store(tmp_path / "store.db") as store:
        one, many = (asyncio.run(execute(PAPER, config, 5, store, concurrency=n)) for n in (1, 16))
    assert plain(one.results) == plain(many.results) and one.results.tables
    assert verdicts(one.results)["curse"] == "absent"


async def test_a_table_of_models_over_http_with_lessons_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = []

    def keep(messages):
        asked.append(messages)
        return reply(messages)

    with serving(keep) as a, serving(reply) as b, Store(tmp_path / "store.db") as store:
        seats = (f"{a.url}#small", f"{b.url}#large", "rule")
        config = Config(
            seats=seats, orders=("ascending",), budgets=(10_000,), auctions=2, learning="both", correct_belief=True
        )
        report = await execute(PAPER, config, 0, store)
    rows = report.results.tables
    assert [(row.learning, row.repeat, row.ending) for row in rows] == [
        (False, 0, "finished"), (False, 1, "finished"), (True, 0, "finished"), (True, 1, "finished")]  # fmt: skip
    told = [m for m in asked if "here is the log of an earlier auction" in m[0]["content"]]
    assert len(told) == 1 and "true value $" in told[0][0]["content"]  # the second auction of the learning series
    assert seats[0] not in told[0][0]["content"]  # which model sat where is not in the log
    assert any("What you learned from an earlier auction" in m[0]["content"] for m in asked)
    first = rows[0].seats[0]
    assert first.mind == seats[0] and first.calls > 0 and first.tokens > 0 and first.other_checked > 0
    assert {c for c in verdicts(report.results).values() if c != "absent"} <= {"holds", "fails", "needs-endpoint"}
    logs = sorted(path.name for path in report.files if path.suffix in (".json", ".jsonl"))
    assert len(logs) == 4 * 4 and "memo-1.json" in logs and "Bidder1-0.jsonl" in logs
    folder = next(path.parent for path in report.files if path.name == "memo-1.json" and "learning" in str(path))
    memo = memos.read_memo(folder / "memo-1.json")
    assert memo.past.lessons["Bidder 1"] == ("Wait.", "Do not overpay.") and memo.model_info["Bidder 3"] == "rule"
    auctions = memos.read_logs(folder)
    assert [len(auction) for auction in auctions] == [3, 3]
    assert {log.bidder_name: log.profit for log in auctions[1]} == memo.profit
    assert PAPER.tables(report.results) and PAPER.figures(report.results, tmp_path)
    with Store(tmp_path / "again.db") as store:
        again = await execute(PAPER, Config(logs=str(folder)), 0, store)
    assert len(again.results.logged) == 6 and PAPER.tables(again.results)[0].title == "logged auctions"


def released(tmp_path):
    """Small files of the released forms, written by hand."""
    (tmp_path / "items.jsonl").write_text('{"name": "A", "price": 1000, "desc": "a", "id": 1, "true_value": 2000}\n\n')
    (tmp_path / "bidders.jsonl").write_text(
        json.dumps(
            {
                "name": "Bidder 1",
                "model_name": "m",
                "budget": 10000,
                "desire": "maximize_items",
                "plan_strategy": "static",
                "temperature": 0.5,
                "overestimate_percent": 5,
                "correct_belief": True,
                "enable_learning": False,
            }
        )
        + "\n"
    )
    for name, model, profit in (("Bidder1", "m", 300), ("Bidder2", "n", -100)):
        row = {
            "auction_hash": "1",
            "bidder_name": name,
            "model_name": model,
            "budget": 10000,
            "money_left": 4000,
            "profit": profit,
            "items_won": [["A", 1700, 2000]],
            "failed_bid_rate": 0.1,
            "self_error_rate": 0.2,
            "other_error_rate": 0.3,
            "changes_of_plan": [["0 (Initial)", False, "{}"]],
            "history": [{"tag": "plan_0"}],
            "tokens_used": 5,
        }
        (tmp_path / f"{name}-0.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(row | {'profit': profit + 1})}\n")
    return tmp_path


async def test_released_files_are_read_and_analysed(tmp_path, monkeypatch):
    folder = released(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert read_items(folder / "items.jsonl")[0].value == 2000
    ((entrant, model, temperature),) = read_entrants(folder / "bidders.jsonl")
    assert (entrant.desire, entrant.plan, entrant.overestimate, model, temperature) == ("items", "static", 5, "m", 0.5)
    with Store(tmp_path / "store.db") as store:
        report = await execute(PAPER, Config(logs=str(folder)), 0, store)
    rows = PAPER.tables(report.results)[0].rows
    assert [row[0] for row in rows] == ["m", "n"] and rows[0][1].n == 2 and rows[0][2].value == 300.5
    assert rows[0][4].value == pytest.approx(0.6) and rows[0][6].value == pytest.approx(0.2)


async def test_bidders_from_a_file_sit_down_as_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "name": "Ann",
            "model_name": "planner:0",
            "budget": 3000,
            "desire": "maximize_items",
            "plan_strategy": "static",
        },
        {"name": "Bea", "model_name": "rule", "budget": 900, "overestimate_percent": 0},
    ]
    Path("bidders.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("items.jsonl").write_text(
        '{"name": "A", "price": 1000, "true_value": 2000}\n{"name": "B", "price": 2000, "true_value": 9000}\n'
    )
    with Store(tmp_path / "store.db") as store:
        report = await execute(
            PAPER, Config(bidders="bidders.jsonl", items="items.jsonl", orders=("given",), auctions=1), 0, store
        )
    (row,) = report.results.tables
    assert [(s.name, s.mind, s.profit, s.left) for s in row.seats] == [
        ("Ann", "planner:0", 8000, 0),
        ("Bea", "rule", 0, 900),
    ]


def test_broken_files_are_named(tmp_path):
    (tmp_path / "x-0.jsonl").write_text('{"bidder_name": "a"}\n')
    with pytest.raises(BadInput, match=r"x-0.jsonl, line 1: not a bidder's log"):
        memos.read_logs(tmp_path)
    (tmp_path / "items.jsonl").write_text('{"name": "A"}\n')
    with pytest.raises(BadInput, match="an item lacks 'price'"):
        read_items(tmp_path / "items.jsonl")
    (tmp_path / "items.jsonl").write_text("{\n")
    with pytest.raises(BadInput, match="line 1: not JSON"):
        read_items(tmp_path / "items.jsonl")
    (tmp_path / "bidders.jsonl").write_text('{"name": "A", "model_name": "m", "budget": 1, "desire": "fame"}\n')
    with pytest.raises(BadInput, match="fame"):
        read_entrants(tmp_path / "bidders.jsonl")
    with pytest.raises(BadInput, match="not the memo"):
        memos.read_memo(tmp_path / "x-0.jsonl")
    with pytest.raises(BadInput, match="cannot be read"):
        memos.read_memo(tmp_path / "none.json")
    with pytest.raises(BadInput, match="not a folder"):
        memos.read_logs(tmp_path / "none")


def test_bad_settings_fail_before_anything_runs():
    for values, reason in (
        ({"seats": ["plannr"]}, "planner"),
        ({"budgets": [-1]}, "at least 0"),
        ({"orders": []}, "orders"),
        ({"model": "gpt"}, "legal forms"),
        ({"overestimate": -200}, "overestimate"),
    ):
        with pytest.raises(BadInput, match=reason):
            configured(Config, values)


def test_labels_and_correlation():
    assert labels(("rule", "m", "rule")) == ("rule (1)", "m", "rule (2)")
    assert spearman([1, 2, 3], [1, 5, 9]) == pytest.approx(1) and spearman([2, 2], [1, 3]) is None
    assert checks.named("rule (2)") == "rule" == checks.named("rule")


def test_paired_lessons_and_waiting_are_judged_on_models_only():
    def auction(learning, repeat, profit, stages=(0.1, 0.2, 0.6)):
        seats = [SeatRow(name="Bidder 1", mind="http://h/v1#m (1)", profit=profit, stages=list(stages)),
                 SeatRow(name="Bidder 2", mind="rule", profit=-profit, stages=[1.0, 0.0, 0.0])]  # fmt: skip
        return {
            "table": "seats",
            "order": "ascending",
            "budget": 1,
            "learning": learning,
            "repeat": repeat,
            "ending": "finished",
            "seats": seats,
        }

    results = Results(tables=[auction(on, r, 100 * r + 50 * on + r % 2) for on in (False, True) for r in range(5)])
    gain = checks.lesson_gain(results)
    assert isinstance(gain.measured, Estimate) and gain.measured.value == 50 and gain.measured.n == 4 and gain.holds
    assert checks.waits(results).measured.value == pytest.approx(0.5)
    with pytest.raises(NotHere):
        checks.lesson_gain(Results(tables=[auction(False, 1, 5)]))


def test_the_game_at_the_table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paper = paper_of("auction")
    config = configured(
        paper.config,
        {"minds": ["straightforward", "straightforward", "rule"], "repeats": 2, "plan": "adaptive", "beliefs": True},
    )
    with Store(tmp_path / "store.db") as store:
        report = asyncio.run(execute(paper, config, 0, store))
    assert [r.ending for r in report.results.rounds] == ["finished"] * 2
    payoffs, bounds, prices = paper.tables(report.results)
    assert bounds.rows[0][1] == 20_000 and bounds.rows[1][1] == 30_000
    assert prices.rows[0] == (1000, 2000, 2200, 2200, -200)
    assert [row[0] for row in payoffs.rows] == list(GAME.seats(Settings()))


def test_claims_speak_of_the_standard_setting_only():
    from manyminds.lab.judging import fits

    standard = [claim for claim in PAPER.claims if "organisms" not in claim.config]
    assert all(fits(PAPER, claim, Config(budgets=(5000,), auctions=3)) for claim in standard)
    for other in ({"pool": "two-level"}, {"markup": 20}, {"overestimate": 0}, {"ties": "released"}):
        assert not any(fits(PAPER, claim, Config(**other)) for claim in PAPER.claims)
    with pytest.raises(NotHere):
        checks.alone(Results(alone=[]))
