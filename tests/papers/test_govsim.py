"""GovSim as a run: every claim on a small run, mutants that each claim catches, tables, models over real HTTP."""

import asyncio
import io
import json
import re
from dataclasses import dataclass, replace

import pytest
from pydantic import ValidationError
from rich.console import Console
from server import seeded_faults, serving

from manyminds.agents.commoners import Calculates
from manyminds.core import BadInput, NoAnswer, Seeds
from manyminds.core import statistics as st
from manyminds.core.welfare import at_worst
from manyminds.lab import report
from manyminds.lab.papers import find
from manyminds.lab.runner import execute
from manyminds.lab.store import Store
from manyminds.papers.govsim import published
from manyminds.papers.govsim.claims import CLAIMS, OFFLINE
from manyminds.papers.govsim.labels import CLASSES, shares
from manyminds.papers.govsim.paper import PAPER, Config, Results
from manyminds.papers.govsim.probes import SKILLS, probes
from manyminds.papers.govsim.rows import measured
from manyminds.papers.govsim.skills import fitted
from manyminds.papers.govsim.societies import CONDITIONS, SELFISH, labels
from manyminds.papers.govsim.tables import tables
from manyminds.worlds.games.commons import Commons, fair_share

SMALL = {"runs": 2, "probe_items": 25, "ladder_runs": 6, "believers": 4000}


PLAIN = replace(PAPER, figures=lambda results, folder: [])  # drawing is slow


def ran(folder, paper=PLAIN, **settings):
    folder.mkdir(exist_ok=True)
    with Store(folder / "manyminds.db") as store:
        found = asyncio.run(execute(paper, Config(**settings), 0, store))
        assert found.results is not None, found.reason
        return found


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("offline"), PAPER, **SMALL)


def test_it_is_found_and_every_offline_claim_holds(offline):
    assert find("govsim") is PAPER
    verdicts = {verdict.id: verdict for verdict in offline.verdicts}
    assert {verdict.verdict for verdict in verdicts.values()} <= {"holds", "needs-endpoint"}
    assert {id for id, verdict in verdicts.items() if verdict.verdict == "holds"} == {claim.id for claim in OFFLINE}
    assert {path.name for path in offline.files} == {"pools.png", "survival.png", "skills.png"}


def test_no_table_is_wider_than_a_hundred_columns(offline, monkeypatch):
    for table in tables(offline.results):
        assert all(len(row) == len(table.columns) for row in table.rows), table.title
        monkeypatch.setattr(report, "WIDTH", 400)
        console = Console(width=400, file=io.StringIO())
        report.print_table(table, console)
        grid = [line for line in console.file.getvalue().splitlines() if line[:1] in "┃│┏"]
        assert max(map(len, grid)) <= 100, table.title


# ---- broken worlds and measures, and which claims each of them breaks


@dataclass(frozen=True)
class GrowsFirst(Commons):
    """The pool grows before the test for collapse."""

    def harvested(self, state, answers, rng):
        after, events = super().harvested(state, answers, rng)
        left = state.pool - sum(after.takes[-1].values())
        if 2 * left < self.dead:
            return after, events
        shown = replace(after, alive=True, pool=left)
        return (self.opened(shown), events) if self.talk else self.month_over(replace(shown, month=state.month), events)


@dataclass(frozen=True)
class Sequential(Commons):
    """The first in the order of seats is served first."""

    def harvested(self, state, answers, rng):
        left, served = state.pool, {}
        for who, wish in answers.items():
            served[who] = wish if isinstance(wish, NoAnswer) else min(wish, left)
            left -= 0 if isinstance(wish, NoAnswer) else served[who]
        return super().harvested(state, served, rng)


@dataclass(frozen=True)
class HintStandsStill(Commons):
    """The hint is computed once, from the full pool."""

    def sight(self, state, member):
        seen = super().sight(state, member)
        return seen._replace(threshold=fair_share(self.full, seen.members)) if self.universalisation else seen


@dataclass(frozen=True)
class Leaks(Commons):
    """Closed books are open."""

    def sight(self, state, member):
        return Commons.sight(replace(self, open_books=True), state, member)


def undivided(pool, members):
    """The threshold of all together, set against single harvests."""
    return pool // 2


def current(total, months, threshold):
    """Efficiency against the months that were played instead of those that were possible."""
    return 1 - max(0.0, 0.9 * months * threshold - total) / (0.9 * months * threshold)


def as_total(end, world):
    found = measured(end, world)
    return found | {"gain": sum(end.gains.values())}


def silence_forgotten(pools, takes, mute):
    return at_worst(pools, takes, [])


MUTANTS = {
    GrowsFirst: ("papers.govsim.paper.Commons", {"three-left"}),
    Sequential: ("papers.govsim.paper.Commons", {"equal-service"}),
    HintStandsStill: ("papers.govsim.paper.Commons", {"hint-moves"}),
    Leaks: ("papers.govsim.paper.Commons", {"seeing"}),
    undivided: ("papers.govsim.rows.fair_share", {"compensators"}),
    current: ("core.welfare.efficiency", {"vectors"}),
    as_total: ("papers.govsim.rows.measured", {"vectors"}),
    silence_forgotten: ("core.welfare.at_worst", {"silence"}),
}
QUICK = SMALL | {"runs": 1, "probes": False, "condition": ("default", "universalisation", "no talk", "closed books")}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_mutants_break_the_claims_that_are_there_for_them(tmp_path, monkeypatch, mutant):
    place, claims = MUTANTS[mutant]
    monkeypatch.setattr(f"manyminds.{place}", mutant)
    verdicts = {verdict.id: verdict.verdict for verdict in ran(tmp_path, **QUICK).verdicts}
    assert {id for id, verdict in verdicts.items() if verdict == "fails"} == claims


def test_results_that_lose_what_the_last_month_leaves_break_their_claim(offline):
    rows = [row.model_copy(update={"left": 5}) for row in offline.results.rows]
    check = next(c for c in CLAIMS if c.id == "last-month")
    assert check.verdict(offline.results.model_copy(update={"rows": rows})).verdict == "fails"


def test_claims_about_five_and_twelve_are_silent_of_others(tmp_path):
    settings = QUICK | {"members": 3, "months": 2, "condition": ("default",)}
    verdicts = {verdict.id: verdict.verdict for verdict in ran(tmp_path, **settings).verdicts}
    assert "vectors" not in verdicts and "fails" not in verdicts.values()


def test_a_mean_that_moves_totals_and_a_channel_off_its_closed_form_break_their_claims(offline):
    for claim, change in (
        ("channel-mean", {"moved_by_mean": 3}),
        ("channel-none", {"survived": offline.results.channel.survived | {"none": 900}}),
        ("channel-median", {"survived": offline.results.channel.survived | {"median": 3000}}),
    ):
        channel = offline.results.channel.model_copy(update=change)
        check = next(c for c in CLAIMS if c.id == claim)
        assert check.verdict(offline.results.model_copy(update={"channel": channel})).verdict == "fails"


def test_ladders_that_do_not_go_together_break_their_claims(offline):
    """Months dealt out in another order: accuracy tells nothing of them any more."""
    lasting = offline.results.lasting
    shuffled = [rung.model_copy(update={"months": other.months}) for rung, other in zip(lasting, lasting[::-1])]
    results = offline.results.model_copy(update={"lasting": shuffled})
    for skill in SKILLS:
        assert next(c for c in CLAIMS if c.id == f"{skill}-rules").verdict(results).verdict == "fails"
    deaf = [rung.model_copy(update={"months_with_hint": rung.months}) for rung in lasting]
    results = offline.results.model_copy(update={"lasting": deaf})
    assert next(c for c in CLAIMS if c.id == "hint-rules").verdict(results).verdict == "fails"


# ---- language models over real HTTP

QUIET = ("no talk", "neither")


def reply(messages):
    """A stand-in for a model: answers depend on what was asked and on nothing else."""
    asked = messages[-1]["content"]
    if "How important" in asked:
        return "Answer: " + ", ".join(["6"] * len(re.findall(r"^\d+\. ", asked, re.MULTILINE)))
    if "What do you say?" in asked:
        twice = asked.count("nine each?") >= 2
        return json.dumps({"response": "nine each?", "conclude": twice, "next_speaker": "Emma"})
    if "Sum it up" in asked:
        return json.dumps({"summary": "They agreed.", "limit": 9})
    if "Look back" in asked:
        return json.dumps({"insights": ["restraint pays"], "plan": "take nine", "memorable": "we agreed"})
    if "Which of the classes" in asked:
        return "Answer: " + ("persuasion" if "\nJohn:" in asked else "consensus")
    if "How much will there be" in asked:
        return "I am not sure."
    hinted = re.search(r"more than (\d+)", asked)
    return f"I think.\nAnswer: {hinted[1] if hinted else 9 if 'month 1,' in asked else 12}"


def test_three_skins_and_all_conditions_over_a_faulty_server(tmp_path):
    with serving(reply, plan=seeded_faults(0.03, seed=3)) as server:
        model = f"{server.url}#fake"
        settings = {"scenario": ("fishery", "pasture", "pollution"), "runs": 1, "months": 2, "members": 3}
        found = ran(tmp_path, model=model, labeller=model, logs=True, **settings)
        faults = [entry[1] for entry in server.log if entry[1]]
    rows = found.results.rows
    assert len(rows) == 3 * len(CONDITIONS) and {row.kind for row in rows} == {"language"}
    assert {row.ending for row in rows} <= {"finished", "collapsed"} and {row.society for row in rows} == {"fake"}
    assert sum(row.invalid for row in rows) > 0 and faults
    talked = [row for row in rows if row.condition not in QUIET]
    assert all(sum(row.utterances.values()) + row.unlabelled > 0 for row in talked)
    assert all(not row.utterances for row in rows if row.condition in QUIET)
    assert all(row.limited and row.compliance is not None for row in talked if row.condition == "default")
    assert len([path for path in found.files if path.suffix == ".json"]) == len(rows)
    titles = {table.title for table in tables(found.results)}
    assert {"Agreed limits", "Utterances", "What the conditions change"} <= titles
    verdicts = {verdict.id: verdict for verdict in found.verdicts}
    assert {"survival", "hint-months", "talk", "newcomer-survival", "utterances"} <= verdicts.keys()
    assert verdicts["utterances"].verdict in ("holds", "fails")


def test_the_newcomer_that_is_a_model_is_told_its_goal_and_the_others_are_not(tmp_path):
    seen = []

    def noting(messages):
        seen.append((messages[0]["content"], messages[-1]["content"]))
        return reply(messages)

    with serving(noting) as server:
        ran(tmp_path, model=f"{server.url}#fake", condition=("newcomer",), runs=1, members=3, joins=2, months=2)
    told = {profile for profile, _ in seen if SELFISH in profile}
    assert told == {f"You are Jack. {SELFISH}"}
    months = {int(m[1]) for profile, asked in seen if "Jack" in profile and (m := re.search(r"month (\d+)", asked))}
    assert min(months) == 2


def test_models_can_be_mixed_seat_by_seat(tmp_path):
    """Two models and a rule at one table; the first model at the table keeps the minutes."""
    asked = {"a": [], "b": []}

    def noting(name, answer):
        def script(messages):
            asked[name].append(messages)
            return reply(messages) if "How many" not in messages[-1]["content"] else f"Answer: {answer}"

        return script

    with serving(noting("a", 7)) as one, serving(noting("b", 11)) as two:
        seats = (f"{one.url}#a", f"{two.url}#b", "takes:5")
        settings = {"condition": ("default",), "runs": 1, "months": 2, "members": 3}
        row = ran(tmp_path, seats=seats, **settings).results.rows[0]
    assert (row.kind, row.society, row.gains) == ("mixed", "seats as given", [14, 22, 10])
    minutes = [name for name in asked for messages in asked[name] if "Sum it up" in messages[-1]["content"]]
    assert minutes == ["a", "a"] and row.limited == 0.5


def test_probes_are_asked_of_each_model_and_fits_need_three(tmp_path):
    skill = {"good": 1.0, "fair": 0.6, "poor": 0.2}
    pattern = re.compile(r"there are (\d+)|stands at (\d+)|are now (\d+)")

    def scripted(name):
        def answer(messages):
            asked = messages[-1]["content"]
            found = [group for groups in pattern.findall(asked) for group in groups if group]
            pool = int(found[0]) if found else 0
            fair = pool // 2 // 5
            if "How much will there be" in asked:
                take = int(re.search(r"takes exactly (\d+)", asked)[1])
                return f"Answer: {max(0, min(100, 2 * (pool - 5 * take)))}"
            right = (pool * 7 + len(asked)) % 100 < 100 * skill[name]
            return f"Answer: {fair if right else min(pool, 3 * fair + 1)}"

        return answer

    with serving(scripted("good")) as good, serving(scripted("fair")) as fair, serving(scripted("poor")) as poor:
        models = tuple(f"{server.url}#{name}" for server, name in ((good, "good"), (fair, "fair"), (poor, "poor")))
        settings = {"condition": ("no talk",), "runs": 2, "rates": False, "probe_items": 12}
        found = ran(tmp_path, model=models, probes=True, **settings)
    scores = found.results.scores
    assert {score.mind for score in scores} == {"good", "fair", "poor"} and not any(score.rule for score in scores)
    assert len(scores) == 3 * 4 * 2 * 2 and all(score.asked == 12 for score in scores)
    right = {m: sum(s.right for s in scores if s.mind == m and s.skill == "threshold_same") for m in skill}
    assert right["good"] == 48 > right["fair"] > right["poor"]
    assert all(s.right == s.asked for s in scores if s.skill == "dynamics")


def test_without_numbers_probes_are_unscored_not_wrong(tmp_path):
    with serving(lambda messages: "Who knows.") as server:
        settings = {"condition": ("no talk",), "runs": 1, "months": 1, "rates": False, "probe_items": 1, "members": 2}
        found = ran(tmp_path, model=f"{server.url}#mum", probes=True, **settings)
    assert all((s.right, s.unscored, s.scored) == (0, 1, 0) for s in found.results.scores)
    row = found.results.rows[0]
    assert (row.no_answer, row.survived, row.survived_at_worst, row.months_at_worst) == (1, True, True, 1)
    assert (row.gain, row.gain_at_worst, row.over_usage, row.over_usage_at_worst) == (0, 50, 0, 1)


# ---- settings, labels, published figures


def test_settings_that_cannot_be_are_refused():
    for settings, said in (
        ({"seats": ("greedy",)}, "5 members"),
        ({"condition": ("defalt",)}, "'default'"),
        ({"seats": ("greedy",) * 5, "model": "scripted:echo"}, "not both"),
    ):
        with pytest.raises((ValidationError, BadInput), match=said):
            Config(**settings)
    assert Config(model="scripted:echo").models == ("scripted:echo",) and Config(model="").model == ()


def test_models_have_short_names_unless_two_would_be_the_same():
    assert labels(("http://a:1/v1#org/qwen", "openai/gpt")) == ("qwen", "gpt")
    assert labels(("http://a:1/v1#q", "http://b:1/v1#q")) == ("http://a:1/v1#q", "http://b:1/v1#q")


def test_a_fit_by_hand():
    accuracy = {"a": 0.0, "b": 0.5, "c": 1.0, "d": 0.6, "not played": 1.0}
    fit = fitted("action", accuracy, {"a": 1, "b": 6, "c": 12, "d": 4})
    x, y = [0.0, 0.5, 1.0, 0.6], [1, 6, 12, 4]
    mx, my = sum(x) / 4, sum(y) / 4
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y))
    r2 = sxy**2 / (sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))
    assert fit.r_squared.value == pytest.approx(r2) and fit.minds == 4
    assert fit.spearman.value == pytest.approx(1 - 6 * 2 / (4 * 15))  # two minds one rank off each
    assert 0 <= fit.r_squared.low <= r2 <= fit.r_squared.high <= 1
    assert fitted("action", accuracy, {"a": 1, "b": 2}) is None
    assert fitted("action", accuracy, {"a": 1, "b": 1, "c": 1}) is None


def test_rule_solvers_are_right_as_often_as_their_steps():
    """Dynamics has three steps, a share two: right at least where no step slips, and nearly only there."""
    items = [item for item in probes(Seeds(3), 400) if item.wording == "bare" and not item.hint]
    for slips in (0.0, 0.1, 0.3):
        marks = asyncio.run(answers(Calculates(slips), items))
        by_skill = {s: [m for item, m in zip(items, marks) if item.skill == s] for s in SKILLS}
        for skill, steps in (("dynamics", 3), ("threshold_same", 2)):
            rate, least = sum(by_skill[skill]) / 400, (1 - slips) ** steps
            assert least - 0.07 <= rate <= least + 0.2 and (slips or rate == 1)


async def answers(mind, items):
    return [item.right(await mind.act(item.view(Seeds(1)))) for item in items]


def test_shares_of_utterances_by_hand():
    assert shares({"sharing": 1, "consensus": 2, "punishment": 1}) == {
        "information": 0.25, "negotiation": 0.5, "relational": 0.25}  # fmt: skip
    assert shares({}) is None and len(CLASSES) == 8


def test_published_figures_agree_with_their_own_definitions():
    """Efficiency is gain over 120 where survival is short of it: the printed pairs must fit each other."""
    for row in published.DEFAULT:
        assert row.efficiency == pytest.approx(100 * row.gain / 120, abs=0.1)
        assert 0 <= row.survival <= 100 and 1 <= row.months <= 12
    assert published.STEADY == 12 * 50 < published.PLANNER_ALIVE < published.PLANNER


def test_any_mix_of_seats_plays_and_a_person_too(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("many\n7\n8\n"))  # a scripted terminal
    seats = ("human", "greedy", "matcher", "compensator", "fair-share")
    settings = {"seats": seats, "condition": ("no talk",), "runs": 2, "months": 2}
    rows = ran(tmp_path, **settings).results.rows
    assert {row.kind for row in rows} == {"person"} and [row.months for row in rows] == [1, 1], rows[0].reason
    assert all(row.no_answer == 0 for row in rows)


def test_results_survive_their_json(offline):
    again = Results.model_validate_json(offline.results.model_dump_json())
    assert again == offline.results and st.mean([row.months for row in again.rows]).n > 0
