"""Statistics against known values, and the released file forms in small synthetic copies."""

import json

import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.papers.repeated_games import means, records
from manyminds.papers.repeated_games.claims import CLAIMS
from manyminds.papers.repeated_games.reanalysis import reanalysed

CLAIM = {claim.id: claim for claim in CLAIMS}


# ---- statistics


def test_the_bayes_factor_is_the_known_one_of_the_sleep_data():
    """Student's sleep data: 17.2589 by the R package BayesFactor; t = -4.0621, p = 0.002833."""
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = means.paired("a", "b", first, second, "people")
    assert found.t == pytest.approx(-4.0621, abs=1e-4) and found.p == pytest.approx(0.002833, abs=1e-6)
    assert found.bayes == pytest.approx(17.2589, abs=1e-3) and found.d == pytest.approx(-1.2846, abs=1e-4)


@pytest.mark.parametrize(("t", "n"), [(0.0, 20), (2.0, 12), (-3.5, 50), (6.0, 144)])
def test_the_bayes_factor_is_the_mean_of_its_two_directions(t, n):
    """Two routes to one number: an integral over g, and one over the effect with the noncentral t."""
    both = (means.directional(t, n - 1, n) + means.directional(-t, n - 1, n)) / 2
    assert means.jzs(t, n - 1, n) == pytest.approx(both, rel=1e-6)


def test_tests_of_means_agree_with_scipy():
    from scipy.stats import ttest_ind, ttest_rel

    rng = np.random.default_rng(0)
    a, b = rng.normal(0.5, 1, 30), rng.normal(0, 1, 30)
    assert means.paired("a", "b", a, b, "x").p == pytest.approx(ttest_rel(a, b).pvalue)
    two = means.independent("a", "b", a, b[:20], "x")
    assert (two.t, two.p) == pytest.approx((ttest_ind(a, b[:20]).statistic, ttest_ind(a, b[:20]).pvalue))
    assert means.paired("a", "b", [1, 2], [0, 1], "x").bayes is None  # one deterministic difference has no error bar


# ---- released files, in synthetic copies of their forms


def write_games(folder):
    lines = ["game_number;game_row;game_col;game_name;game_family;" + ";".join(
        f"r{r}_c{c}_p{p}" for r in (1, 2) for c in (1, 2) for p in (1, 2))]  # fmt: skip
    games = (("Dilemma", "PD Family", (3, 3, 1, 4, 4, 1, 2, 2)), ("Twice", "Cyclic", (3, 4, 3, 2, 4, 1, 1, 3)))
    for number, (name, family, cells) in enumerate(games, 1):
        lines.append(f"{number};1;1;{name};{family};" + ";".join(map(str, cells)))
    (folder / "all_games" / "experiments").mkdir(parents=True)
    (folder / "all_games" / "144_games_info.csv").write_text("\n".join(lines) + "\n")


HEAD = (
    "game_number,game_name,round,player1,player2,answer1,answer2,points1,points2,total1,total2,"
    "choice_option1,choice_option2,option_order"
)


def write_plays(folder, number, rows):
    lines = [HEAD, *(f'{number},X,{r},act_gpt4,act_claude2,{a},{b},{p},{q},0,0,N,B,"[0, 1]"' for r, a, b, p, q in rows)]
    (folder / "all_games" / "experiments" / f"game_{number}.csv").write_text("\n".join(lines) + "\n")


def test_released_records_are_computed_anew_from_the_matrix(tmp_path):
    write_games(tmp_path)
    write_plays(tmp_path, 1, [(1, "N", "B", 1, 4), (2, "B", "B", 2, 2)])
    write_plays(tmp_path, 2, [(1, "N", "N", 3, 4), (2, "?", "N", -9999, -9999)])
    found = reanalysed(tmp_path)
    assert (found.games, found.flawed, found.disagreeing, found.void) == (2, [2], 0, 1)
    assert found.scores["GPT-4"] == {"PD Family": 3 / 8, "all": 3 / 8}  # of 4, which nobody got: not of the observed 2
    assert found.scores["Claude 2"]["all"] == 6 / 8
    write_plays(tmp_path, 1, [(1, "N", "B", 4, 1), (2, "B", "B", 2, 2)])
    assert reanalysed(tmp_path).disagreeing == 1  # points of the untransposed game


def test_the_human_study_counts_persons_and_does_not_call_defection_cooperation(tmp_path):
    write_games(tmp_path)
    write_plays(tmp_path, 1, [(1, "N", "B", 1, 4)])
    lines, rng = ["id,game,action,score,opponent,guess,coordination"], np.random.default_rng(1)
    for person in range(12):
        kind = "Prompted" if person % 2 else "Base"
        for game in ("PD", "BoS"):
            for _ in range(10):
                score = (
                    int(rng.choice([5, 5, 8, 0])) if game == "PD" else 7 * int(rng.random() < 0.4 + 0.3 * (person % 2))
                )
                lines.append(f"{person},{game},1,{score},{kind},{'Human' if person % 3 else 'LLM'},0")
    path = tmp_path / "human_experiment" / "analysis"
    path.mkdir(parents=True)
    (path / "repgames.csv").write_text("\n".join(lines) + "\n")
    found = reanalysed(tmp_path)
    assert {row.n for row in found.humans} == {12} and len(found.humans) == 6
    assert found.both_defect["Base"] > found.both_cooperate["Base"] > 0
    results = type("Results", (), {"released": found})
    assert isinstance(CLAIM["human-cooperation"].check(results).holds, bool)


def test_broken_files_are_named_with_their_line(tmp_path):
    with pytest.raises(BadInput, match="no file"):
        reanalysed(tmp_path)
    path = tmp_path / "x.csv"
    path.write_text("round,player1\n1,a\n")
    with pytest.raises(BadInput, match="no column player2"):
        records.plays(path)
    path.write_text("round,player1,player2,answer1,answer2,points1,points2\n1,a,b,J,F,x,0\n")
    with pytest.raises(BadInput, match="line 2"):
        records.plays(path)
    path.write_text("round,player1,player2,answer1,answer2,points1,points2\n1,a,b,J,F,0,10\n3,a,b,J,F,0,10\n")
    with pytest.raises(BadInput, match="missing"):
        records.paired(records.plays(path))
    path.write_text("[]")
    with pytest.raises(BadInput, match="look-up"):
        records.policy(path)
    path.write_text(json.dumps({"": "J", "J": "F", "F": "J"}))
    assert records.policy(path)["J"] == "F"
