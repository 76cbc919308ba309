"""The paper runs small, its claims hold where they should, and broken dynamics are caught by name."""

import json

import pytest

from manyminds.core import Seeds
from manyminds.lab.command import main
from manyminds.networks.token_dynamics import Line
from manyminds.papers.mamba_dynamics import motion
from manyminds.papers.mamba_dynamics.lessons import Lesson
from manyminds.papers.mamba_dynamics.paper import CLAIMS, Config, Results


def results(draws=12, **changed):
    seeds = Seeds(3)
    found = {"layers": motion.layer_errors(seeds, 5), "fates": motion.fates(seeds, draws, 5), "learnt": []}
    for name, kind in (("convergence", motion.convergence), ("slow", motion.slow), ("fast", motion.fast)):
        found[name] = [kind(seeds.child(name, i), 5) for i in range(draws)]
    return Results(**found | changed)


def verdicts(found):
    return {c.id: c.check(found).holds for c in CLAIMS if c.config == {"steps": 0}}


def test_every_claim_on_the_dynamics_but_one_holds():
    assert [name for name, holds in verdicts(results()).items() if not holds] == ["signs-suffice"]


RATES = Line.log_rates
MUTANTS = {
    "a factor x is dropped": lambda line, size, sign: RATES(line, size, sign) - size,
    "nothing decays": lambda line, size, sign: RATES(Line(line.mu, line.s, 1e-9), size, sign),
}


@pytest.mark.parametrize(
    ("mutant", "broken"),
    [
        ("a factor x is dropped", "vanish"),
        ("a factor x is dropped", "asymptote"),
        ("nothing decays", "constants"),
    ],
)
def test_broken_dynamics_are_caught(monkeypatch, mutant, broken):
    monkeypatch.setattr(Line, "log_rates", MUTANTS[mutant])
    field, kind = ("slow", motion.slow) if broken == "asymptote" else ("convergence", motion.convergence)
    rows = [kind(Seeds(3).child(i), 5) for i in range(2)]
    claim = next(c for c in CLAIMS if c.id == broken)
    assert not claim.check(Results.model_construct(**{field: rows})).holds


def test_lessons_differ_by_one_thing():
    lessons = Config(control=True, orders=("none", "learned", "random"), norms=(True, False)).lessons()
    assert len({lesson.name for lesson in lessons}) == len(lessons) == 4 + 2 + 4
    assert Lesson(task="recall").name != Lesson(task="recall", norm=False).name


def test_it_runs_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(
            [
                "run",
                "mamba-dynamics",
                "draws=3",
                "tokens=3",
                "steps=4",
                "signs=positive",
                "orders=none",
                "seeds=2",
                "size=8",
                "depth=1",
                "--json",
            ]
        )
    found = json.loads(capsys.readouterr().out)
    assert left.value.code == 0 and len(found["results"]["learnt"]) == 2 and found["files"]
