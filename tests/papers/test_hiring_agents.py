"""Hiring agents as a paper: its claims and what breaks them, a user's instance, and language models over HTTP."""

import json
from functools import partial

import paper_runs
import pytest
from server import seeded_faults, serving

from manyminds.core import BadInput, NotHere
from manyminds.lab.overrides import configured
from manyminds.papers.hiring_agents import claims as checks
from manyminds.papers.hiring_agents.paper import PAPER, Config, Results
from manyminds.theory.audit import random_audit
from manyminds.theory.hiring_instances import plain, random_instance

ran = partial(paper_runs.ran, PAPER)
verdicts = partial(paper_runs.verdicts, PAPER)

SMALL = {"random": 20, "horizons": (10**5, 10**7), "repeats": 4, "widths": (0.1,), "rounds": 60, "plays": 6}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return ran(tmp_path_factory.mktemp("hiring"), Config(**SMALL))


def test_offline_the_claims_hold(report):
    found = verdicts(report.results)
    loose = {"rate", "unseen-efforts", "language"}  # slopes need all horizons
    assert {v for k, v in found.items() if k not in loose} == {"holds"}, found
    assert found["language"] == "needs-endpoint" and len(report.files) == 1
    titles = [table.title for table in PAPER.tables(report.results)]
    assert len(titles) == len(set(titles)) == 6
    assert Results.model_validate(json.loads(report.results.model_dump_json())) == report.results


def changed(results, name, **parts):
    rows = [row.model_copy(update=parts) for row in getattr(results, name)]
    return results.model_copy(update={name: rows})


def test_each_claim_can_fail(report):
    """Broken results, and the claim that each of them breaks."""
    good = report.results
    broken = {
        "audit": changed(good, "canonical", optimum=0.61),
        "incentives": changed(good, "canonical", slack=-0.01),
        "correlation": changed(good, "canonical", audited=0.0),
        "separable": changed(good, "drawn", separable=0.9),
        "common-noise": changed(good, "drawn", deterministic=1.0),
        "obedient": changed(good, "learned", obedient=[False]),
        "disobedient": changed(good, "learned", obedient=[True]),
        "baselines": changed(good, "learned", regrets=[5.0]),
        "rate": changed(good, "learned", regrets=[5.0]),
        "cap": good.model_copy(update={"caps": good.caps[::-1]}),
        "rational": changed(good, "study", obeyed=1),
        "shirking": changed(good, "study", utility=1.0),
    }
    for name, results in broken.items():
        claim = next(c for c in PAPER.claims if c.id == name)
        assert claim.verdict(results).verdict == "fails", name
    with pytest.raises(NotHere):
        checks.audit_table(Results())


def test_a_users_instance_becomes_a_mechanism_file_and_contracts(tmp_path):
    file = tmp_path / "mine.json"
    names = {"agents": ["Ann", "Bob"], "efforts": [["idle", "dig"], ["idle", "look"]],
             "signals": [["no", "yes"], ["no", "yes"]], "states": ["dry", "oil"]}  # fmt: skip
    file.write_text(json.dumps(plain(random_audit()) | {"names": names}))
    report = ran(tmp_path, configured(Config, {"instance": str(file)}))
    row = report.results.solved
    assert row.value == pytest.approx(0.63) and row.certified and row.deterministic == pytest.approx(0.6)
    assert row.first_best == pytest.approx(0.70) and [c.value for c in row.caps] == sorted(c.value for c in row.caps)
    made = {path.name: path.read_text() for path in report.files}
    written = json.loads(made["mechanism.json"])
    assert written["certificate"]["holds"] and written["mu"][1] == pytest.approx([0.9, 0.1])
    assert (
        "## Ann, advised: dig (probability 1)" in made["contracts.md"] and "if you report yes" in made["contracts.md"]
    )
    assert len(PAPER.tables(report.results)) == 2


def test_a_larger_instance_and_one_whose_cap_is_too_small(tmp_path):
    import numpy as np

    for name, instance in (
        ("three", random_instance(np.random.default_rng(0), "common noise", 3, 3, 3)),
        ("low", random_audit(cap=0.01)),
    ):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(plain(instance)))
        row = ran(tmp_path, Config(instance=str(file))).results.solved
        assert row.certified and (name == "three" or "nobody is asked" in row.note)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "not JSON"), ("[]", "object"), ("{}", "missing"), (json.dumps(plain(random_audit()) | {"cap": -1}), "cap"),
     (json.dumps(plain(random_audit()) | {"names": {"agents": ["Ann"]}}), "names")],
)  # fmt: skip
def test_bad_files_are_refused_before_anything_runs(tmp_path, text, reason):
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=reason):
        configured(Config, {"instance": str(file)})
    with pytest.raises(BadInput, match="cannot be read"):
        configured(Config, {"instance": str(tmp_path / "none.json")})


def test_bad_seats_are_refused():
    for bad, reason in (({"seats": ("obedient",)}, "two seats"), ({"seats": ("obedience", "obedient")}, "obedient"),
                        ({"idle": 0.5}, "idle"), ({"widht": 1}, "width")):  # fmt: skip
        with pytest.raises(BadInput, match=reason):
            configured(Config, bad)


TINY = {"random": 0, "horizons": (10**5,), "repeats": 1, "widths": (), "rounds": 3, "plays": 2}


def obeying(messages):
    """A mind that does as advised and reports what it saw."""
    text = next(m["content"] for m in messages if "This is round" in m["content"])
    if "Which effort" in text:
        return "Answer: " + text.rpartition("You are advised to ")[2].partition(".")[0]
    return "Answer: " + text.rpartition("Your signal is ")[2].partition(".")[0]


def test_language_models_sit_in_either_seat_over_http(tmp_path):
    with serving(obeying, plan=seeded_faults(0.2, 3, kinds=("429", "500", "no number"))) as server:
        report = ran(tmp_path, Config(model=f"{server.url}#fake", **TINY))
    rows = [r for r in report.results.study if r.mind.startswith("http")]
    assert {r.seat for r in rows} == {"worker", "auditor"} and all(r.ending == "finished" for r in rows)
    assert sum(r.obeyed for r in rows) == sum(r.answered for r in rows) == sum(r.rounds for r in rows) == 12
    assert verdicts(report.results)["language"] == "holds"


def test_a_model_that_never_answers_is_counted_and_bounds_are_given(tmp_path):
    with serving(lambda messages: "I would rather not say.") as server:
        report = ran(tmp_path, Config(seats=(f"{server.url}#fake", "obedient"), **TINY))
    (worker, _) = [r for r in report.results.study if r.repeat == 0]
    assert (worker.obeyed, worker.answered, worker.rounds) == (0, 0, 3)
    table = PAPER.tables(report.results)[-1]
    assert table.rows[0][3].value == 0 and table.rows[0][4].value == 1
    assert verdicts(report.results)["language"] == "fails"
