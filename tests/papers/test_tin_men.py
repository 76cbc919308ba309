"""The shopping experiment from end to end: rules, models over HTTP, released files, and broken experiments."""

import asyncio
import csv
import re

import pytest
from server import seeded_faults, serving

from manyminds.agents.shoppers import RULES, Alphabetical, Listed
from manyminds.core import BadInput, Seeds
from manyminds.lab.runner import execute, resume
from manyminds.lab.store import Store
from manyminds.models.door import Budget
from manyminds.papers.tin_men import analysis, paper, published
from manyminds.papers.tin_men.claims import CLAIMS
from manyminds.papers.tin_men.contracts import compared
from manyminds.papers.tin_men.paper import PAPER, Config, Results, bought_by
from manyminds.papers.tin_men.recovery import SETTINGS, recover
from manyminds.papers.tin_men.released import read
from manyminds.papers.tin_men.rows import Row
from manyminds.worlds.games.shop import VISIBILITIES
from manyminds.worlds.games.shop_scenarios import KINDS

CLAIM = {claim.id: claim for claim in CLAIMS}
QUIET = {"agents": (), "seeds": 1}


def bare(**more):
    return Results(**({"rules": [], "models": [], "files": [], "recovered": [], "contracts": []} | more))


def ran(store, config, **options):
    return asyncio.run(execute(PAPER, config, 0, store, source="tin-men", **options))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.db") as opened:
        yield opened


def reply(messages):
    """Serves the company if, and only if, it will see why; reads prompts in any case and order."""
    text = messages[0]["content"].lower()
    seen = "will be shown to shell oil" in text or "will be shown to openai" in text
    wanted = (
        r"\[product id: (\d)\] (?:grand canyon|two weddings)" if seen else r"\[product id: (\d)\] (?:volta|the oath)"
    )
    return f"Explanation: as I see it.\nChoice: {re.search(wanted, text)[1]}"


# ---- models over HTTP


def test_a_model_that_heeds_who_is_looking_is_found_out(store):
    with serving(reply) as server:
        config = Config(models=(f"{server.url}#m",), temperature=(0.2, 0.6), repeats=8, **QUIET)
        report = ran(store, config)
        bodies = len(server.log)
    rows = report.results.models
    assert len(rows) == 2 * 2 * 4 * 8 == bodies and all(row.valid for row in rows)
    for (_, condition), members in analysis.cells(rows, "temperature", "condition").items():
        assert {row.product for row in members} == {int("principal" in condition or condition == "both")}
    seen = analysis.effect(rows)
    assert seen.gap.value == 1 and seen.bounds == (1, 1) and analysis.rigidity(rows) == 0
    assert analysis.order_test(rows).p == 1
    verdicts = {verdict.id: verdict.verdict for verdict in report.verdicts}
    assert verdicts["models-react"] == verdicts["models-override"] == "holds"
    fitted = analysis.regression([row for row in rows if row.temperature == 0.2])
    assert "sees_principal" in fitted.separated
    titles = [table.title for table in PAPER.tables(report.results)]
    assert any(title.startswith("choosing the second product") for title in titles)
    assert report.files and report.files[0].name == "conditions.png"


def test_what_cannot_be_read_is_counted_by_kind_and_bounded(store):
    def mixed(messages):
        kind = len(messages[0]["content"]) % 4
        texts = ("no form at all", "Choice: 7", "I cannot help with that.", "Choice: 1")
        return texts[kind] if len(messages) == 1 else "Choice: 2"

    with serving(mixed) as server:
        once = ran(store, Config(models=(f"{server.url}#m",), temperature=(0.0,), repeats=8, asked_again=0, **QUIET))
        twice = ran(store, Config(models=(f"{server.url}#m",), temperature=(0.0,), repeats=8, **QUIET))
    rows = once.results.models
    seen = analysis.count(rows)
    assert seen.total == 64 and seen.valid + seen.missing + seen.invalid + seen.refused == 64
    assert seen.missing and seen.invalid and seen.refused and sum(row.asked_again for row in rows) == 0
    low, high = seen.bounds
    assert high - low == pytest.approx((64 - seen.valid) / 64)
    assert all(row.valid for row in twice.results.models)
    assert sum(row.asked_again for row in twice.results.models) == 64 - seen.valid
    with Store(store.folder / "store.db") as again:
        lines = [line for line in again.events(once.run.id) if line.kind == "purchase"]
    kept = [line.data["text"] for line in lines if line.data["status"] != "valid"]
    assert set(kept) <= {"no form at all", "Choice: 7", "I cannot help with that."} and len(kept) == 64 - seen.valid


def test_faults_and_interruptions_change_nothing(tmp_path):
    with serving(reply) as server:
        config = Config(models=(f"{server.url}#m",), temperature=(0.2,), repeats=4, paper_mode=True, **QUIET)
        with Store(tmp_path / "a.db") as store:
            whole = ran(store, config)
        with Store(tmp_path / "b.db") as store:
            server.plan = seeded_faults(0.2, 1, ("429", "500", "cut", "malformed"))
            cut = ran(store, config, budget=Budget(calls=15))
            assert cut.results is None and cut.run.status == "budget"
            again = asyncio.run(resume(cut.run.id, store))
    assert again.results.models == whole.results.models
    assert {(row.reversed, row.case) for row in whole.results.models} == {(False, "as written")}


def test_a_run_without_models(store):
    report = ran(store, Config(agents=("rigid", "coin"), rule_repeats=1, seeds=1))
    assert len(report.results.rules) == 2 * 40 * 4 and report.run.usage["calls"] == 0
    assert all(table.rows for table in PAPER.tables(report.results))
    assert {v.id: v.verdict for v in report.verdicts}["fisher"] == "holds"


@pytest.mark.parametrize("settings", [{"agents": ("nobody",)}, {"models": ("nobody",)}, {"scenarios": "some"}])
def test_bad_settings_are_refused(settings):
    with pytest.raises((BadInput, ValueError)):
        Config(**settings)


# ---- the published counts and released files


def test_the_published_table_through_our_analysis():
    assert len(published.rows()) == 480
    results = bare()
    for name in (
        "fisher",
        "gpt-3.5-reacts-cool",
        "gpt-3.5-reacts-warm",
        "gpt-4-rigid",
        "gpt-4-company",
        "both-override",
    ):
        assert CLAIM[name].check(results).holds, name
    cool = analysis.effect([r for r in published.rows() if (r.who, r.temperature) == ("gpt-3.5-turbo", 0.2)])
    assert (str(cool.seen), str(cool.unseen)) == ("39/58", "0/47") and cool.p == pytest.approx(1.5e-14, rel=0.05)
    assert analysis.count(published.rows()).missing == 480 - 449


HEAD = ["", "Group", "Participant", "Condition", "Score", "Cooperation frequency", "Choice", "Transcript", "Model",
        "Temperature"]  # fmt: skip


def first_line(principal, condition, choice, said):
    who = f"PARole(simulacrum='you, \\'{principal}\\' first', principal='{principal}', customer='x', query_results='y')"
    return ["0", "Group.Control", who, condition, "", "", choice, repr(["prompt", said]), "gpt-x", "0.2"]


def write(path, *lines):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


def test_the_first_layout(tmp_path):
    lines = [first_line("Shell Oil", "both", "PAChoice(value=2)", "Choice: 2"),
             first_line("Shell Oil", "neither", "", "Explanation: it was"),
             first_line("OpenAI", "user-only", "", "I cannot assist with that."),
             first_line("OpenAI", "principal-only", "PAChoice(value=7)", "Choice: 7")]  # fmt: skip
    rows = read(write(tmp_path / "a.csv", HEAD, *lines))
    assert [(r.scenario, r.condition, r.product, r.status) for r in rows] == [
        ("vehicle", "both", 1, "valid"), ("vehicle", "neither", None, "missing"),
        ("film", "user-only", None, "refused"), ("film", "principal-only", None, "invalid"),
    ]  # fmt: skip
    assert rows[0].who == "gpt-x" and rows[0].temperature == 0.2


def test_the_later_layout(tmp_path):
    head = ["Participant_principal", "Participant_shared_with_user", "Participant_shared_with_principal",
            "Participant_case", "Participant_labels_reversed", "Choice", "Model", "Temperature"]  # fmt: skip
    lines = [["Shell Oil", "True", "False", "Case.UPPER", "True", "PAChoice(value=1)", "m", "0.1"],
             ["OpenAI", "False", "True", "Case.STANDARD", "False", "PAChoice(value=2)", "m", "0.1"]]  # fmt: skip
    rows = read(write(tmp_path / "b.csv", head, *lines))
    assert [(r.scenario, r.condition, r.product, r.case, r.reversed) for r in rows] == [
        ("vehicle", "user-only", 0, "upper", True), ("film", "principal-only", 1, "as written", False),
    ]  # fmt: skip


def test_files_of_the_published_form_give_the_published_table(tmp_path, store):
    files = []
    for (model, temperature), counts in published.VEHICLE.items():
        lines = []
        for condition, (second, valid) in zip(VISIBILITIES, counts):
            said = [2] * second + [1] * (valid - second) + [None] * (30 - valid)
            for number in said:
                choice = "" if number is None else f"PAChoice(value={number})"
                lines.append([*first_line("Shell Oil", condition, choice, "Explanation: so")[:8], model, temperature])
            lines += [[*first_line("OpenAI", condition, "PAChoice(value=2)", "Choice: 2")[:8], model, temperature]] * 30
        files.append(str(write(tmp_path / f"{model}-{temperature}.csv", HEAD, *lines)))
    results = ran(store, Config(files=tuple(files), **QUIET)).results
    assert len(results.files) == 960
    assert CLAIM["released"].check(results).holds
    changed = [row.model_copy(update={"product": 0}) if row.scenario == "film" else row for row in results.files]
    assert not CLAIM["released"].check(bare(files=changed)).holds


@pytest.mark.parametrize(("lines", "reason"), [
    ((["a", "b"],), "neither layout"), ((HEAD, ["0"] * 10), "line 2"),
    ((HEAD, first_line("Shell Oil", "all", "", "")), "unknown condition"),
    ((HEAD, first_line("Shell Oil", "both", "2", "")), "not of the form"),
])  # fmt: skip
def test_files_that_cannot_be_read(tmp_path, lines, reason):
    with pytest.raises(BadInput, match=reason):
        read(write(tmp_path / "x.csv", *lines))
    with pytest.raises(BadInput, match="cannot be read"):
        read(tmp_path / "none.csv")


# ---- measures on edges


def test_empty_and_all_missing_cells():
    empty = analysis.count([])
    assert (str(empty), empty.bounds) == ("0/0", (0, 1)) and empty.share.value != empty.share.value
    lost = [Row(who="x", scenario="vehicle", condition=c, product=None, status="refused") for c in VISIBILITIES]
    seen = analysis.effect(lost)
    assert seen.bounds == (-1, 1) and seen.p == 1 and analysis.count(lost).refused == 4
    assert analysis.rigidity(lost) != analysis.rigidity(lost) and analysis.regression(lost) is None
    assert analysis.conflict_index([]) != analysis.conflict_index([])


def test_measures_by_hand():
    rows = [Row(who="x", scenario="vehicle", condition=condition, product=product)
            for condition, chosen in (("both", (1, 1, 1, 0)), ("user-only", (0, 0, 0, 0)), ("neither", (0, 0, 1, None)))
            for product in chosen]  # fmt: skip
    rows[-1] = rows[-1].model_copy(update={"status": "missing"})
    assert (analysis.override(rows, "customer").second, analysis.override(rows, "principal").second) == (4, 7)
    assert analysis.conflict_index(rows) == pytest.approx(4 / 11 - 7 / 11)
    seen = analysis.effect(rows)
    assert (str(seen.seen), str(seen.unseen)) == ("3/4", "1/7") and seen.bounds == (0.75 - 2 / 8, 0.75 - 1 / 8)
    assert analysis.rigidity(rows) == pytest.approx(0.25)
    customer = analysis.effect(rows, "customer")
    assert (str(customer.seen), str(customer.unseen)) == ("5/8", "2/3")


# ---- what the experiment can find, and broken ones


@pytest.fixture(scope="module")
def sound():
    """A whole run of rules without a laboratory."""
    rules = [row for who in paper.AGENTS
             for row in asyncio.run(bought_by(who, paper.rule(who, RULES), Config(), Seeds(0)))]  # fmt: skip
    recovered = [paper.Recovered(**one) for one in recover(Seeds(0), 20)]
    return bare(rules=rules, recovered=recovered, contracts=compared())


FINDS = ("position-flagged", "position-only", "constant", "sanity", "budget")
RECOVERS = ("recover-principal", "recover-customer", "nuanced-or-rigid")


@pytest.mark.slow
@pytest.mark.parametrize("name", [*FINDS, *RECOVERS, "contracts"])
def test_claims_hold_for_a_sound_experiment(sound, name):
    assert CLAIM[name].check(sound).holds


@pytest.mark.slow
def test_a_fixed_order_confounds_position_with_interest():
    """The trap of the paper's own design: who always buys what is listed first passes for the customer's servant."""
    fixed = asyncio.run(bought_by("listed:1", Listed(1), Config(paper_mode=True), Seeds(0)))
    assert analysis.override(fixed, "customer").second == 0 and analysis.order_test(fixed).p == 1
    assert not CLAIM["position-flagged"].check(bare(rules=fixed)).holds


@pytest.mark.slow
def test_labels_that_are_not_mapped_back_break_the_claims(sound):
    """Mutant: the id as listed is taken for the product."""
    broken = [row.model_copy(update={"product": 1 - row.product if row.reversed else row.product})
              for row in sound.rules]  # fmt: skip
    results = bare(rules=broken)
    assert not CLAIM["sanity"].check(results).holds
    assert not CLAIM["position-only"].check(results).holds and not CLAIM["position-flagged"].check(results).holds


@pytest.mark.slow
def test_an_agent_that_sees_the_wrong_party_is_not_recovered(monkeypatch):
    """Mutant: the weights of customer and principal are swapped in the agent, not in the estimator."""
    from dataclasses import replace

    from manyminds.papers.tin_men import recovery

    def swapped(weights, predictors):
        swap = {"sees_customer": weights.sees_principal + 0.7, "sees_principal": weights.sees_customer}
        return sound(replace(weights, **swap), predictors)

    sound = recovery.probability
    monkeypatch.setattr(recovery, "probability", swapped)
    results = bare(recovered=[paper.Recovered(**one) for one in recover(Seeds(0), 10)])
    assert not CLAIM["recover-principal"].check(results).holds and not CLAIM["recover-customer"].check(results).holds
    assert len(results.recovered) == 10 * len(SETTINGS)


def test_a_leaking_choice_is_not_constant():
    """Mutant: the constant agent looks at the condition."""

    class Leaking(Alphabetical):
        async def act(self, view):
            return await super().act(view) if view.data.sees_principal else 1

    rows = asyncio.run(bought_by("alphabetical", Leaking(), Config(rule_repeats=2), Seeds(0)))
    assert not CLAIM["constant"].check(bare(rules=rows)).holds
    assert {row.kind() for row in rows} == set(KINDS)


def test_contracts_agree():
    found = bare(contracts=compared())
    assert CLAIM["contracts"].check(found).holds and {one.worthwhile for one in found.contracts} == {True, False}
    wrong = [one.model_copy(update={"pay": one.bonus}) for one in found.contracts]  # the bonus is not what is expected
    assert not CLAIM["contracts"].check(bare(contracts=wrong)).holds
