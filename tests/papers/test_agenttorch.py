"""AgentTorch: minds see the simulated past alone, answers are counted, and claims fall when the world is broken."""

import asyncio

import numpy as np
import pytest
from paper_runs import ran, verdicts
from server import seeded_faults, serving

from manyminds.agents.yes_rates import Rate, YesNo, yes_rates
from manyminds.core import BadInput, Invalid, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.models.request import user
from manyminds.models.scripted import Scripted
from manyminds.papers.agenttorch import analyses, architectures, living
from manyminds.papers.agenttorch.architectures import Compared
from manyminds.papers.agenttorch.calibrating import stepped
from manyminds.papers.agenttorch.files import town_from
from manyminds.papers.agenttorch.living import Plan, lived, town
from manyminds.papers.agenttorch.minds import Asked, Planted, Rule, Sight, asked
from manyminds.papers.agenttorch.paper import PAPER, Config, Results
from manyminds.papers.agenttorch.recovery import Recovery
from manyminds.worlds.populations.epidemic import Epidemic

SIGHT = Sight(cases=1200, change=35, months=2, payment=600, population=20_000)
PERSON = {"age": "65 or older", "gender": "female", "income": "low", "income band": "0", "borough": "East"}


@pytest.fixture(scope="module")
def place():
    return town(1000, Seeds(0))


def planted(of, repeats=6, **options):
    return Planted(Rule(), of.levels, repeats, Seeds(0), **options)


# --- answers


def test_what_stands_before_the_first_period_is_the_answer():
    action = YesNo()
    assert action.parse("Yes. Because I am old.") and action.parse(" YES.") and not action.parse("no. I must work.")
    for text in ("Unclear. It depends.", "I would say yes.", "", "Yes and no. Hm."):
        with pytest.raises(Invalid):
            action.parse(text)


def rates(script, repeats=3, questions=2):
    said = [(user(f"question {i}"),) for i in range(questions)]
    return asyncio.run(yes_rates(Scripted("scripted:test", script), said, repeats, "stream"))


def test_bad_answers_are_asked_once_more_warmer_and_then_dropped_from_the_share():
    temperatures = []

    def script(request):
        temperatures.append(request.temperature)
        sample = int(request.repeat.split("/")[2])
        return ("Yes. Fine.", "maybe", "No. Never.")[sample]

    (rate, _) = rates(script)
    assert rate == Rate(yes=1, valid=2, asked=3, calls=4) and rate.share == 0.5
    assert sorted(set(temperatures)) == [0.7, 1.0]
    assert rates(lambda request: "hm")[0].share is None


def test_samples_of_one_question_are_independent_calls():
    seen = []
    rates(lambda request: seen.append(request.repeat) or "Yes.", repeats=6, questions=1)
    assert len(set(seen)) == 6


# --- prompts


def test_prompts_show_as_much_as_their_context_and_one_question():
    texts = [asked(PERSON, SIGHT.within(context), "isolate")[1].content
             for context in ("demographics", "disease", "stimulus")]  # fmt: skip
    for text in texts:
        assert "65 or older" in text and "female" in text and "East" in text and "1500" in text
        assert text.count("?") == 1
    assert "1200" not in texts[0] and "1200" in texts[1] and "35 %" in texts[1] and "Months" in texts[1]
    assert "$600" not in texts[1] and "$600" in texts[2]
    assert "work" in asked(PERSON, SIGHT, "work")[1].content
    assert "older" in asked(PERSON, SIGHT, "work")[0].content and "unclear" in asked(PERSON, SIGHT, "work")[0].content


def test_without_cases_before_there_is_no_change_to_tell():
    quiet = living.sight(np.zeros(14), 2, Plan(np.array([1.0])), town(1000, Seeds(0)))
    assert quiet.cases == 0 and quiet.change is None
    assert "against" not in asked(PERSON, quiet, "isolate")[1].content


def test_prompts_are_made_of_the_simulated_past_and_never_of_observed_cases(place):
    """Two observed worlds, one simulation: not a sight differs."""
    life = asyncio.run(lived(place, Epidemic(), planted(place), Plan(np.array([4.0]), 0.02), 5, Seeds(1)))
    for week, seen in enumerate(life.sights):
        expected = 0 if week == 0 else round(life.cases[7 * (week - 1) : 7 * week].sum())
        assert seen.cases == expected and seen.months == week // 4
    assert life.weekly.sum() > 30


# --- lives


def test_a_life_cut_short_goes_on_where_it_was(place, tmp_path):
    def live(keeper=None, done=lambda: None):
        plan = Plan(np.array([4.0]), 0.02)
        return asyncio.run(lived(place, Epidemic(), planted(place), plan, 5, Seeds(1), keeper, done))

    count = 0

    def stop():
        nonlocal count
        count += 1
        if count == 17:
            raise KeyboardInterrupt

    keeper = Checkpoint(tmp_path / "life.ckpt")
    with pytest.raises(KeyboardInterrupt):
        live(keeper, stop)
    whole, again = live(), live(keeper)
    assert (whole.cases == again.cases).all() and (whole.isolate == again.isolate).all()
    assert whole.queries == again.queries and whole.sights == again.sights


def test_archetypes_cost_their_number_and_single_minds_stand_for_many(place):
    assert place.archetypes.count == 48
    life = asyncio.run(lived(place, Epidemic(), planted(place), Plan(np.array([4.0])), 1, Seeds(1)))
    assert life.queries == 2 * 48 * 6
    few = living.individuals(place, 100, Seeds(2))
    assert few.scale == 10 and few.archetypes.count == 100
    levels = living.own_levels(few)
    assert (levels["age"] == np.asarray(few.place.age)).all()
    mind = Planted(Rule(), levels, 1, Seeds(0))
    alone = asyncio.run(lived(few, Epidemic(), mind, Plan(np.array([4.0]), 0.05), 2, Seeds(1)))
    assert alone.queries == 2 * 2 * 100 and (alone.cases % 10 == 0).all()  # rescaled to the whole city
    assert set(np.unique(alone.isolate)) <= {0.0, 1.0}
    assert alone.sights[1].population == 1000


def test_empty_archetypes_are_not_asked_and_silence_keeps_the_last_answer(place):
    people = [PERSON, None, PERSON]
    mind = Asked(Scripted("scripted:silent", lambda request: "hm"), people, 2, "s")
    before = living.Answers(np.array([0.9, 0.8, 0.7]), np.array([0.1, 0.2, 0.3]))
    found = asyncio.run(mind.answers(SIGHT, 3, before))
    assert found.isolate.tolist() == [0.9, 0.8, 0.7] and found.queries == 2 * 2 * 2 * 2 and found.invalid == 8


def test_a_model_that_follows_the_rule_gives_the_rates_of_the_rule():
    """A scripted model reads the prompt (and not the world) and answers by age; one that ignores it cannot."""

    def script(request):
        return "Yes. I am old." if "65" in request.messages[-1].content else "No. I am not."

    people = [{"age": "65 or older"}, {"age": "20 to 29"}]
    found = asyncio.run(Asked(Scripted("scripted:age", script), people, 3, "s").answers(SIGHT, 0, None))
    assert found.isolate.tolist() == [1, 0]


def test_the_paper_runs_over_http_with_faults_and_counts_what_it_asked(tmp_path):
    def reply(messages):
        return "Yes. The disease is near." if "stay at home" in messages[-1]["content"] else "No. It is not safe."

    with serving(reply, plan=seeded_faults(0.1, 1, ("500", "no number", "cut"))) as server:
        config = Config(
            model=f"{server.url}#m", parts=("city",), agents=500, days=7, runs=1, attributes=("age",), budget=6
        )
        report = ran(PAPER, tmp_path, config)
    life = report.results.city[0]
    assert report.exit_code == 0 and life.queries >= 12 and np.mean(life.home) == pytest.approx(0.75, abs=0.1)
    assert report.run.usage["calls"] == life.queries


# --- studies


def test_a_damped_step_goes_towards_the_observed_cases():
    assert stepped(1.0, np.array([10.0]), np.array([12.0]), np.array([20.0])) == pytest.approx(1.1)
    assert stepped(1.0, np.array([10.0]), np.array([900.0]), np.array([2.0])) == 1.25


def test_the_test_of_curves_sees_a_difference_and_none_where_there_is_none():
    rng = np.random.default_rng(0)
    a, b = rng.poisson(20, (20, 10)), rng.poisson(20, (20, 10))
    assert analyses.same_curves(a, b, Seeds(0), 299) > 0.05 > analyses.same_curves(a, b + 4, Seeds(0), 299)


def test_the_hidden_rule_tires_fears_and_takes_money():
    rule, levels = Rule(), {"age": np.array([2, 5]), "income": np.array([0, 3])}
    base = rule.isolate(levels, SIGHT)
    assert (rule.isolate(levels, SIGHT._replace(months=8)) < base).all()
    assert (rule.isolate(levels, SIGHT._replace(cases=12_000)) > base).all()
    paid = base - rule.isolate(levels, SIGHT._replace(payment=0))
    assert paid[0] > paid[1] > 0 and (rule.isolate(levels, SIGHT.within("demographics")) != base).all()


def test_unemployment_is_exact_when_the_world_is_as_modelled():
    willing = np.linspace(0.3, 0.6, 8)
    claims = 0.25 * (1 - willing)
    seen = architectures.Observed(np.zeros(32), claims, 0.02 * willing + 0.6 * claims, np.zeros((8, 1)), None)

    class Life:
        pass

    life = Life()
    life.willing = np.repeat(willing, 4)[:, None]
    assert architectures.unemployment_error(life, seen, 4) < 1e-12


def test_a_published_folder_becomes_a_town_with_the_young_first(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "mapping.json").write_text(
        '{"age": ["20t29", "30t39", "40t49", "50t64", "65A", "U19"], "region": ["BK"]}'
    )
    np.savetxt(tmp_path / "age.csv", rng.permutation(np.repeat(np.arange(6), 10)), fmt="%d")
    np.savetxt(tmp_path / "region.csv", np.zeros(60), fmt="%d")
    (tmp_path / "mobility_networks").mkdir()
    np.savetxt(tmp_path / "mobility_networks" / "0.csv", rng.integers(0, 60, (90, 2)), fmt="%d", delimiter=",")
    found = town_from(str(tmp_path), ("age", "income"))
    published = np.loadtxt(tmp_path / "age.csv", dtype=int)
    assert (found.city.age[published == 5] == 0).all() and (found.city.age[published == 0] == 1).all()
    assert found.archetypes.count == 6 and found.people[0]["age"] == "under 20" and found.city.boroughs == ("BK",)


def test_published_unemployment_is_compared_by_borough(tmp_path):
    lines = [f"{b},2020,{m},9,{5 + m * m}" for b in ("North", "East", "Centre", "West", "Island") for m in range(1, 4)]
    path = tmp_path / "jobs.csv"
    path.write_text("\n".join(["area,year,month,labor_force,unemployment_rate", *lines]))
    weeks = [[0.9 - 0.01 * (w // 4) ** 2] * 2 for w in range(12)]
    found = analyses.followed({"North": np.array([6.0, 9, 14])}, ("North", "East"), [weeks])
    assert found == {"North": [pytest.approx(1)]}
    small = {"agents": 500, "days": 14, "runs": 1, "parts": ("city",), "unemployment": str(path)}
    with pytest.raises(BadInput, match="0 months of North cannot be compared"):
        ran(PAPER, tmp_path, Config(**small))
    path.write_text("\n".join(["area,year,month,labor_force,unemployment_rate", *lines[3:]]))
    with pytest.raises(BadInput, match="no rows of 'North'"):
        ran(PAPER, tmp_path, Config(**small))


def test_settings_that_cannot_work_are_refused(tmp_path):
    with pytest.raises(BadInput, match="must be whole months"):
        ran(PAPER, tmp_path, Config(train=16, weeks=18, parts=("city",), agents=500))


# --- claims


def rows(**infection):
    return [Compared(kind=k, seed=s, reproduction=4, fit=1, infection=v + s, unemployment=v + s, queries=288 + 12 * (
            k == "individual"), invalid=0, curve=[1] * 4, truth=[1, 2, 3, 4])
            for k, v in infection.items() for s in range(5)]  # fmt: skip


GOOD = {"archetype": 10, "heuristic": 100, "individual": 200}


def verdict(name, **found):
    return verdicts(PAPER, Results(agents=1, archetypes=48, repeats=6, **found))[name]


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ("archetypes-cases", GOOD | {"archetype": 100, "heuristic": 10}),
        ("heuristics-cases", GOOD | {"heuristic": 300}),
        ("archetypes-work", GOOD | {"archetype": 101}),
        ("heuristics-work", GOOD | {"individual": 50}),
    ],
)
def test_claims_on_architectures_can_fall(claim, broken):
    assert verdict(claim, compared=rows(**GOOD)) == "holds" and verdict(claim, compared=rows(**broken)) == "fails"


def test_one_lucky_seed_does_not_rule_the_ratio_of_architectures():
    """The paper divides means; the mean of ratios would be 20 here."""
    found = [row.model_copy(update={"unemployment": 1.0 if row.seed == 0 else 200.0}) if row.kind == "individual"
             else row for row in rows(**GOOD)]  # fmt: skip
    claim = next(claim for claim in PAPER.claims if claim.id == "heuristics-work")
    judged = claim.check(Results(agents=1, archetypes=48, repeats=6, compared=found))
    assert judged.measured.value == pytest.approx(102 / 160.2) and judged.holds
    assert judged.measured.low < 102 / 160.2 < judged.measured.high


def recovered(**changed):
    good = {"hidden": [2.0, 3.0], "found": [2.1, 2.9], "losses": [1.0, 0.05], "fit": 0.01, "random": 0.02,
            "simulations": 60, "network": [2.0, 2.0], "network_losses": [1.0, 0.3]}  # fmt: skip
    return [Recovery(**good | changed)]


@pytest.mark.parametrize(
    ("claim", "broken"),
    [
        ("recovery", {"found": [3.0, 2.0]}),
        ("loss", {"fit": 0.2}),
        ("random-search", {"random": 0.005}),
        ("network", {"network_losses": [1.0, 0.9]}),
    ],
)
def test_claims_on_calibration_can_fall(claim, broken):
    assert verdict(claim, recovered=recovered()) == "holds"
    assert verdict(claim, recovered=recovered(**broken)) == "fails"


def test_a_mind_that_never_tires_breaks_the_claims_on_fatigue(place):
    def claims(rule):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(analyses, "TIRING", rule)
            found = [row for i in range(3) for row in asyncio.run(analyses.what_ifs(place, 8, 0, Seeds(i), i))]
        results = Results(agents=1, archetypes=48, repeats=6, what_ifs=found)
        return [verdicts(PAPER, results)[name] for name in ("fatigue", "fatigue-wave")]

    assert claims(Rule(base=1.2, fatigue=0.0)) == ["fails", "fails"]
    assert claims(Rule(base=1.2, fatigue=0.3))[0] == "holds"
