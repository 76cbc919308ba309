"""Repeated games from end to end: claims, the broken worlds they catch, models over HTTP, released file forms."""

import asyncio
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from server import seeded_faults, serving

from manyminds.agents.repeaters import Strategy
from manyminds.agents.repeaters_library import strategy
from manyminds.core import NotHere, Seeds
from manyminds.lab.papers import find
from manyminds.lab.runner import execute, resume
from manyminds.lab.store import Store
from manyminds.models.door import Budget
from manyminds.papers.repeated_games import sweep
from manyminds.papers.repeated_games.claims import CLAIMS
from manyminds.papers.repeated_games.imitation import NONE, asked, imitated, rendered
from manyminds.papers.repeated_games.paper import PAPER, Config, looked_up
from manyminds.papers.repeated_games.seating import CONDITIONS, game_called, worded
from manyminds.worlds.games.repeated import Repeated

CLAIM = {claim.id: claim for claim in CLAIMS}
RAISED = {"imitation", "organisms"}  # settings of claims on networks that a run must train first
OFFLINE = [claim.id for claim in CLAIMS if claim.needs == "nothing" and not RAISED & {*claim.config}]
PLAIN = replace(PAPER, figures=lambda results, folder: [])  # drawing is slow
FEW = ("cooperator", "random", "grim", "best-reply", "thompson", "foresight")
SMALL = {"strategies": ("grim", "best-reply", "foresight"), "repetitions": 1}


def ran(folder, budget=None, **settings):
    folder.mkdir(exist_ok=True)
    with Store(folder / "manyminds.db") as store:
        return asyncio.run(execute(PLAIN, Config(**settings), 0, store, budget))


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    with Store(folder / "manyminds.db") as store:
        found = asyncio.run(execute(PAPER, Config(strategies=FEW), 0, store))
    assert found.results is not None, found.reason
    return found


def test_it_is_found_and_every_offline_claim_holds(offline):
    assert find("repeated-games") is PAPER
    verdicts = {verdict.id: verdict.verdict for verdict in offline.verdicts}
    assert {name for name, verdict in verdicts.items() if verdict == "holds"} == set(OFFLINE)
    assert len(offline.files) == 2 and all(path.stat().st_size > 5000 for path in offline.files)


def test_tables_have_the_papers_figures_beside_ours(offline):
    tables = {table.title: table for table in PAPER.tables(offline.results)}
    families = {row[0]: row[1:] for row in tables["Score by family of games"].rows}
    assert families["GPT-4 (paper)"][0] == 0.933 and 0.8 < families["foresight"][0].value < 1
    dilemma = tables["Prisoner's dilemma"]
    row = dict(zip(dilemma.columns, next(row for row in dilemma.rows if row[0] == "grim")))
    assert (row["vs cooperator"], row["vs defector"], row["vs defect-once"]) == ("80/80", "45/55", "90/10")
    assert any(row[0] == "GPT-4 (paper)" and "90/10" in row for row in dilemma.rows)


def test_the_two_engines_agree_on_the_matches_of_the_case_studies(offline):
    """Every deterministic match of the turn world is what the arrays of the sweep's engine play."""
    import jax

    from manyminds.worlds.games.tournament import tournament

    names = list(dict.fromkeys(row.first for row in offline.results.matches))
    for game in ("pd", "bos"):
        fast = tournament(jax.random.key(0), [strategy(n) for n in names], game_called(game).payoffs, 10).totals
        rows = [row for row in offline.results.matches if row.game == game]
        assert len(rows) == 56
        for row in rows:
            assert tuple(fast[:, names.index(row.first), names.index(row.second), 0, 0]) == row.totals


# ---- mutants: what each exact claim would catch


def broken(results, **changes):
    return results.model_copy(update=changes)


def test_each_exact_claim_has_a_world_that_breaks_it(offline, monkeypatch):
    results = offline.results

    def fails(name, seen):
        return not CLAIM[name].check(seen).holds

    half = sweep.Census(**(results.census.model_dump() | {"games": 576}))  # forgot that names do not matter
    assert fails("census", broken(results, census=half))
    weak = sweep.Census(**(results.census.model_dump() | {"pure": {0: 14, 1: 112, 2: 18}}))  # the released table
    assert fails("census", broken(results, census=weak))
    assert fails(
        "cyclic-value", broken(results, census=results.census.model_copy(update={"cyclic_values": [[2.5, 2.0]]}))
    )
    flipped = [
        row.model_copy(update={"gain": -row.gain, "low": -row.high, "high": -row.low}) for row in results.shadows
    ]
    assert fails("shadow", broken(results, shadows=flipped))
    assert fails("fictitious-cyclic", broken(results, cyclic=[0.64, *results.cyclic[1:]]))
    assert fails("lookup", broken(results, lookup={"grim": 1022}))
    same = results.turns.model_copy(update={"foresight": results.turns.best_reply})
    assert fails("foresight-gap", broken(results, turns=same))


def test_a_forgiving_grim_breaks_the_grim_row(tmp_path):
    found = ran(tmp_path, **SMALL, players=("tit-for-tat",), games=("pd",))
    swapped = [
        row.model_copy(update={"first": "grim"}) if row.first == "tit-for-tat" else row for row in found.results.matches
    ]
    assert not CLAIM["grim-row"].check(broken(found.results, matches=swapped)).holds


def test_a_reader_of_frequencies_or_of_a_late_table_breaks_foresight(monkeypatch):
    """Counting transitions one round late predicts the wrong turn against the alternator."""
    from manyminds.agents.repeaters_learning import foresight

    right = foresight()

    def late(state, seen, xp):
        return right.move(state, seen._replace(other=~seen.other & (seen.turn > 0)), xp)

    mutants = {"foresight": Strategy("late", right.start, late)}
    original = sweep.strategy
    monkeypatch.setattr(sweep, "strategy", lambda name: mutants.get(name) or original(name))
    turns = sweep.turns(5, 10, Seeds(0))
    assert abs(turns.exact["foresight"] - 7.8) > 0.5


def test_a_table_that_is_read_with_own_choices_is_caught(monkeypatch):
    """The mutant looks up its own past choices instead of the other's."""
    from manyminds.papers.repeated_games import paper

    original = paper.lookup

    def wrong(table):
        right = original(table)
        return Strategy(
            "wrong", right.start, lambda state, seen, xp: right.move(state, seen._replace(other=seen.own), xp)
        )

    assert looked_up(strategy("tit-for-tat")) == 1023
    monkeypatch.setattr(paper, "lookup", wrong)
    assert looked_up(strategy("tit-for-tat")) < 1023


@pytest.mark.slow
def test_renaming_tells_letters_from_payoffs():
    balanced, single = (imitated(Seeds(7), balanced) for balanced in (True, False))
    assert max(balanced.letters, balanced.order) < 0.05 < 0.2 < single.letters
    assert min(balanced.right, single.right) > 0.9


def test_renaming_the_options_of_a_question_changes_labels_only():
    few = asked(Seeds(0), "x", 4, 1)
    n = len(few.choice)
    plain, swapped = (rendered(few, np.full(n, k), np.zeros(n, int)) for k in (0, 1))
    turned = {0: 1, 1: 0}
    assert np.array_equal(swapped, np.vectorize(lambda token: turned.get(token, token))(plain))
    assert set(np.unique(plain)) > {0, 1, NONE}


def test_first_options_are_not_favoured():
    """Without the four namings the cooperator's score would depend on which option is called the first."""
    import jax

    from manyminds.worlds.games.ordinal import payoffs_of
    from manyminds.worlds.games.tournament import tournament

    minds = [sweep.strategy("cooperator"), sweep.strategy("defector")]
    fair = sweep.by_game(tournament(jax.random.key(0), minds, sweep.namings(payoffs_of()), 3), 144)
    assert np.allclose(fair[0], fair[1])
    unfair = tournament(jax.random.key(0), minds, payoffs_of(), 3).normalised.mean(axis=(0, 2, 3, 4))
    assert abs(unfair[0] - unfair[1]) > 0.05


# ---- models over real HTTP


def chooser(messages):
    """Grim in the dilemma; takes its own first option in all other games. Answers a forecast with the first option."""
    asked = messages[-1]["content"]
    option = re.search(r"this round, (\w+) or (\w+)\?", asked)
    labels = sorted(option.groups(), key=lambda label: re.search(rf"If you \w+ {label} ", asked).start())
    if "What do you think" not in asked and re.search(rf"the other player \w+ {labels[1]} and got", asked):
        return labels[1]
    return labels[0]


def test_a_model_plays_both_games_and_gets_the_grim_row(tmp_path):
    with serving(chooser) as server:
        found = ran(tmp_path, **SMALL, players=(f"{server.url}#m",))
        assert found.run.status == "done", found.reason
    results, model = found.results, f"{server.url}#m"
    row = {row.second: row.totals for row in results.matches if row.game == "pd" and row.first == model}
    assert (row["cooperator"], row["defector"], row["defect-once"], row[model]) == (
        (80, 80),
        (45, 55),
        (90, 10),
        (80, 80),
    )
    verdicts = {verdict.id: verdict.verdict for verdict in found.verdicts}
    assert verdicts["unforgiving"] == "holds" and "needs-endpoint" not in verdicts.values()
    answers = next(table for table in PAPER.tables(results) if table.title == "Answers")
    assert answers.rows[0][3].value == 0 and answers.rows[0][2] == 24
    assert all(len(row.history.split()) == 10 for row in results.matches)


def test_requests_are_the_papers(tmp_path):
    bodies = []

    def keep(body):
        bodies.append(body)

    with serving(chooser, special=keep) as server:
        ran(tmp_path, **SMALL, players=(f"{server.url}#m",), opponents=("grim",), games=("pd",), rounds=3)
    assert {(body["max_tokens"], body["temperature"], len(body["messages"])) for body in bodies} == {(1, 0.0, 1)}
    last = max(bodies, key=lambda body: len(body["messages"][0]["content"]))["messages"][0]["content"]
    assert last.count("If you choose") == 4 and last.count("Round ") == 2 and "round 3" in last
    assert not any(
        "maxim" in body["messages"][0]["content"] or "as many" in body["messages"][0]["content"] for body in bodies
    )


def test_log_probabilities_are_reported_where_the_server_has_them(tmp_path):
    def with_logprobs(body):
        token = chooser(body["messages"])
        choice = {"index": 0, "message": {"role": "assistant", "content": token}, "finish_reason": "length",
                  "logprobs": {"content": [{"token": token, "logprob": math.log(0.75)}]}}  # fmt: skip
        return 200, {"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}

    with serving(chooser, special=with_logprobs) as server:
        found = ran(tmp_path, **SMALL, players=(f"{server.url}#m",), opponents=("grim",), games=("pd",), rounds=3)
    assert [p for row in found.results.matches for p in row.sure.values()] == pytest.approx([0.75] * 4)


def test_predicting_first_makes_two_calls_a_round_and_helps_who_uses_it(tmp_path):
    def predicts(messages):
        asked = messages[-1]["content"]
        if "What do you think" in asked:
            rounds = asked.count("the other player chose")
            return "J" if rounds % 2 == 0 else "F"
        expected = re.search(r"will choose (\w) this round\. Take", asked)
        return expected[1] if expected else "J"

    with serving(predicts) as server:
        found = ran(tmp_path, **SMALL, players=(f"{server.url}#m", f"scot:{server.url}#m", f"reply:{server.url}#m"),
                    opponents=("alternator",), games=("bos",), condition=("base",))  # fmt: skip
        asked = len(server.log)
    seen = {row.first: row for row in found.results.matches if row.second == "alternator"}
    plain, scot, reply = (seen[f"{prefix}{server.url}#m"] for prefix in ("", "scot:", "reply:"))
    assert plain.totals == (50, 35) and scot.totals == reply.totals == (85, 85)
    assert scot.foreseen == {"first": (10, 10)} and plain.foreseen == {}
    assert asked > 0 and scot.alternation == 1


@pytest.mark.parametrize("said", ["I refuse.", "J or F", "-9999", ""])
def test_an_answer_that_is_no_option_voids_the_match_and_is_no_number(tmp_path, said):
    with serving(lambda messages: said) as server:
        found = ran(tmp_path, **SMALL, players=(f"{server.url}#m",), opponents=("grim",), games=("pd",))
    rows = found.results.matches
    assert all(row.ending == "void" and row.scores is None and row.bounds == ((0, 1), (0, 1)) for row in rows)
    assert found.run.usage["invalid_answers"] > 0
    table = next(table for table in PAPER.tables(found.results) if table.title == "Prisoner's dilemma")
    assert "1 void" in table.rows[0][2]


def test_an_unreadable_move_leaves_what_was_played_and_reasks_are_counted(tmp_path):
    def late(messages):
        return "hm" if "round 4" in messages[0]["content"] and len(messages) == 1 else chooser(messages[:1])

    settings = {**SMALL, "opponents": ("cooperator",), "games": ("pd",)}
    with serving(late) as server:
        once = ran(tmp_path / "a", **settings, players=(f"{server.url}#m",))
        again = ran(tmp_path / "b", **settings, players=(f"{server.url}#m",), reasks=1)
    row = next(row for row in once.results.matches if row.second == "cooperator")
    assert (row.ending, row.rounds, row.scores) == ("void", 3, None)
    assert row.bounds[0] == (24 / 100, (24 + 70) / 100)
    assert all(row.scores is not None for row in again.results.matches)
    assert again.run.usage["invalid_answers"] == sum(2 if r.first == r.second else 1 for r in again.results.matches)


def test_a_server_that_talks_on_is_read_and_one_without_room_for_the_history_voids(tmp_path):
    def full(body):
        if body["messages"][0]["content"].count("Round ") >= 5:
            return 400, {"error": {"message": "maximum context length exceeded"}}
        return None

    talks = {**SMALL, "opponents": ("cooperator",), "games": ("pd",), "tokens": 200}
    with serving(lambda messages: f"I think it through.\nOption {chooser(messages)}") as server:
        found = ran(tmp_path / "a", **talks, players=(f"{server.url}#m",))
    assert all(row.scores for row in found.results.matches)
    with serving(chooser, special=full) as server:
        short = ran(tmp_path / "b", **talks, players=(f"{server.url}#m",))
    rows = [row for row in short.results.matches if f"{server.url}#m" in (row.first, row.second)]
    assert all(row.ending == "void" and row.rounds == 5 and "context length" in row.reason for row in rows)


@pytest.mark.slow
def test_faults_and_a_spent_budget_change_nothing_in_what_comes_out(tmp_path):
    settings = {**SMALL, "opponents": (), "games": ("pd",), "condition": ("ending 40%",)}
    kinds = ("429", "500", "cut", "malformed")
    with serving(chooser) as server:
        players = (f"{server.url}#m",)
        calm = ran(tmp_path / "calm", **settings, players=players)
        server.plan = seeded_faults(0.15, 3, kinds)
        rough = ran(tmp_path / "rough", **settings, players=players)
        with Store(tmp_path / "halves.db") as store:
            half = asyncio.run(execute(PLAIN, Config(**settings, players=players), 0, store, Budget(calls=15)))
            assert half.run.status == "budget"
            whole = asyncio.run(resume(half.run.id, store, Budget()))
            while whole.run.status != "done":
                whole = asyncio.run(resume(half.run.id, store, Budget()))
    assert calm.results.matches == rough.results.matches == whole.results.matches
    assert not all(row.honest for row in calm.results.matches)  # the announced ending is not the real one


def test_conditions_are_rows_and_each_changes_what_is_asked():
    texts = {}
    for name in CONDITIONS:
        wording, horizon, scot = worded(name, 10, drawn_labels=False)
        world = Repeated(
            game_called("pd"), ("first", "second"), horizon, wording=wording, foresight=("first",) if scot else ()
        )
        state = world.reset(Seeds(2)("reset"))
        texts[name] = world.observe(state)["first"].text
    assert len(set(texts.values())) >= len(CONDITIONS) - 1  # an order drawn by lot may come out as a fixed one
    assert "1%" in texts["ending 1%"] and "20" not in texts["ending 1%"] and "20 rounds" in texts["20 rounds"]
    for letters in (worded("base", 10, drawn_labels=True), worded("letters", 10, drawn_labels=False)):
        assert letters[0].labels is None


def test_every_condition_runs_over_http(tmp_path):
    with serving(chooser) as server:
        found = ran(tmp_path, **SMALL, players=(f"{server.url}#m",), opponents=(), games=("pd",), rounds=2,
                    condition=tuple(CONDITIONS))  # fmt: skip
    assert found.results is not None, found.reason
    assert {row.condition for row in found.results.matches} == set(CONDITIONS)
    assert all(row.ending == "rounds" for row in found.results.matches), found.results.matches


# ---- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"strategies": ("grimm",)}, "grim"), ({"strategies": ("grim", "grim")}, "twice"),
     ({"players": ("nobody",)}, "unknown"), ({"games": ("144/145",)}, "game"), ({"games": ("chess",)}, "game"),
     ({"condition": ("scott",)}, "scot"), ({"noise": 2}, "less than or equal"), ({"player": ()}, "player")],
)  # fmt: skip
def test_bad_settings_are_named(settings, said):
    with pytest.raises(ValidationError, match=said):
        Config(**settings)


def test_other_payoffs_are_games_too():
    assert game_called("bos:9:8:1").payoffs[0].tolist() == [[9, 1], [1, 8]]
    assert game_called("pd:3:0:5:1").payoffs[0].tolist() == [[3, 0], [5, 1]]
    with pytest.raises(ValueError, match="takes 3 payoffs"):
        game_called("bos:9")


def test_one_deterministic_run_has_no_error_bar():
    rows, _ = sweep.swept(("grim", "best-reply"), 5, 20, Seeds(0))
    assert {(row.low, row.high, row.repetitions) for row in rows} == {(None, None, 1)}
    drawn, _ = sweep.swept(("grim", "random"), 5, 4, Seeds(0))
    assert all(row.low <= row.score <= row.high and row.repetitions == 4 for row in drawn)


def test_a_person_sits_at_one_table_at_a_time(tmp_path, monkeypatch):
    from manyminds.agents import seats

    tables = []  # of those who are answering now

    class Reader:
        kind = "person"

        async def act(self, view):
            tables.append(view.seeds.path[:-3])
            await asyncio.sleep(0.001)
            assert len(set(tables)) == 1
            tables.pop()
            return view.action.labels[0]

    monkeypatch.setattr(seats, "Person", Reader)
    found = ran(tmp_path, **SMALL, players=("human",), opponents=("grim",), games=("pd", "bos"), rounds=3)
    assert len(found.results.matches) == 6 and {row.ending for row in found.results.matches} == {"rounds"}


def test_pairs_are_all_seats_and_self_play():
    names = ("grim", "tit-for-tat", "defector")
    pairs = Config(players=names[:2], opponents=names[2:]).pairs
    assert set(pairs) == {(a, b) for a in names for b in names} - {("defector", "defector")} and len(pairs) == 8
    assert len(Config(games=("all",)).tables) == 144
    assert Config(players=("scot:http://x/v1#m", "grim")).models == ("http://x/v1#m",)


def test_claims_about_models_and_data_say_what_is_missing(offline):
    for claim in CLAIMS:
        if claim.id not in OFFLINE:
            with pytest.raises(NotHere):
                claim.check(offline.results)
