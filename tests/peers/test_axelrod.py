"""Match by match beside the axelrod library: deterministic strategies exactly, the others in distribution."""

import warnings
from fractions import Fraction

import jax
import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    axl = pytest.importorskip("axelrod")

from manyminds.agents.repeaters_first import first_tournament
from manyminds.agents.repeaters_library import strategy
from manyminds.worlds.games.matrix import prisoners_dilemma
from manyminds.worlds.games.tournament import tournament
from manyminds.worlds.games.tournament_moran import mean_payoffs, moran

GAMES = {"paper": (8, 0, 10, 5), "axelrod": (3, 0, 5, 1), "mild": (6, 2, 7, 3)}  # r, s, t, p


class ExactDowning(axl.FirstByDowning):
    """The library compares two expected values in floating point, where equal ones differ by rounding. Counted in
    fractions a tie is a tie, as the description has it."""

    def __init__(self):
        super().__init__()
        self.number_opponent_cooperations_in_response_to_C = Fraction(0)
        self.number_opponent_cooperations_in_response_to_D = Fraction(0)


DETERMINISTIC = {
    "cooperator": axl.Cooperator,
    "defector": axl.Defector,
    "alternator": axl.Alternator,
    "tit-for-tat": axl.TitForTat,
    "suspicious-tit-for-tat": axl.SuspiciousTitForTat,
    "reverse-tit-for-tat": axl.Bully,
    "anti-tit-for-tat": axl.AntiTitForTat,
    "tit-for-two-tats": axl.TitFor2Tats,
    "two-tits-for-tat": axl.TwoTitsForTat,
    "hard-tit-for-tat": axl.HardTitForTat,
    "hard-tit-for-two-tats": axl.HardTitFor2Tats,
    "grim": axl.Grudger,
    "win-stay-lose-shift": axl.WinStayLoseShift,
    "win-shift-lose-stay": axl.WinShiftLoseStay,
    "davis": axl.FirstByDavis,
    "downing": ExactDowning,
    "nydegger": axl.FirstByNydegger,
    "shubik": axl.FirstByShubik,
    "stein-rapoport": axl.FirstBySteinAndRapoport,
    "tideman-chieruzzi": axl.FirstByTidemanAndChieruzzi,
}
STOCHASTIC = {
    "random": axl.Random,
    "grofman": axl.FirstByGrofman,
    "joss": axl.FirstByJoss,
    "feld": axl.FirstByFeld,
    "tullock": axl.FirstByTullock,
    "anonymous": axl.FirstByAnonymous,
    "graaskamp": axl.FirstByGraaskamp,
    # The library fixes its forgiveness when a player is made, in its default game; so it is given that of the game.
    "generous-tit-for-tat": lambda r, s, t, p: axl.GTFT(min(1 - (t - r) / (r - s), (r - p) / (t - p))),
    "naive-prober:0.2": lambda: axl.NaiveProber(0.2),
    "firm-but-fair": axl.FirmButFair,
}


def theirs(first, second, rounds, game, seed=None):
    """The choices of a match in the axelrod library, (rounds, 2), second option as True."""
    r, s, t, p = GAMES[game]
    match = axl.Match((first(), second()), rounds, game=axl.Game(r=r, s=s, t=t, p=p), seed=seed)
    return np.array([[act == axl.Action.D for act in pair] for pair in match.play()])


def ours(names, rounds, game, repetitions=1, key=0):
    """The choices of all ordered pairs, (rounds, N, N, repetitions, 2)."""
    table = prisoners_dilemma(*GAMES[game]).payoffs
    minds = [strategy(name) for name in names]
    return tournament(jax.random.key(key), minds, table, rounds, repetitions, history=True).history[:, :, :, 0]


@pytest.mark.parametrize("game", GAMES)
def test_deterministic_strategies_play_the_same_matches(game):
    names = list(DETERMINISTIC)
    mine = ours(names, 60, game)
    wrong = [
        (a, b)
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if not np.array_equal(mine[:, i, j, 0], theirs(DETERMINISTIC[a], DETERMINISTIC[b], 60, game))
    ]
    assert not wrong


def test_scores_of_the_papers_game_are_equal():
    names = list(DETERMINISTIC)
    r, s, t, p = GAMES["paper"]
    played = tournament(jax.random.key(0), [strategy(n) for n in names], prisoners_dilemma(r, s, t, p).payoffs, 20)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            match = axl.Match((DETERMINISTIC[a](), DETERMINISTIC[b]()), 20, game=axl.Game(r=r, s=s, t=t, p=p))
            match.play()
            assert match.final_score() == tuple(played.totals[:, i, j, 0, 0]), (a, b)


@pytest.mark.slow
@pytest.mark.parametrize("game", GAMES)
def test_long_matches_are_the_same_too(game):
    names = list(DETERMINISTIC)
    mine = ours(names, 200, game)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            assert np.array_equal(mine[:, i, j, 0], theirs(DETERMINISTIC[a], DETERMINISTIC[b], 200, game)), (a, b)


def test_noise_slips_at_the_same_rate_for_both():
    mine = tournament(jax.random.key(3), [strategy("cooperator")], prisoners_dilemma().payoffs, 200, 200, noise=0.1)
    rate = 1 - mine.cooperation.mean()
    assert abs(rate - 0.1) < 5 * (0.09 / (200 * 200)) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("game", ["paper", "axelrod"])
def test_stochastic_strategies_have_the_same_law(game):
    """Cooperation of both in each quarter of a match, against partners that react, within five standard errors."""
    forgiving = STOCHASTIC["generous-tit-for-tat"]
    stochastic = STOCHASTIC | {"generous-tit-for-tat": lambda: forgiving(*GAMES[game])}
    partners = {"tit-for-tat": axl.TitForTat, "win-stay-lose-shift": axl.WinStayLoseShift, "random": axl.Random,
                "alternator": axl.Alternator}  # fmt: skip
    both = stochastic | partners
    names, rounds, repeats = list(dict.fromkeys(both)), 120, 60
    mine = ours(names, rounds, game, repetitions=4000)
    for a in stochastic:
        for b in partners:
            i, j = names.index(a), names.index(b)
            sample = np.stack([theirs(both[a], both[b], rounds, game, seed) for seed in range(repeats)])
            quarters = sample.reshape(repeats, 4, rounds // 4, 2).mean(2)
            expected = mine[:, i, j].reshape(4, rounds // 4, -1, 2).mean(1)  # (4, repetitions, 2)
            gap = np.abs(quarters.mean(0) - expected.mean(1))
            error = np.sqrt(expected.var(1) / repeats + quarters.var(0) / repeats + 1e-9)
            assert (gap < 5 * error + 1e-6).all(), (a, b, gap / error)


def test_the_first_tournament_has_the_same_entries():
    assert len(first_tournament()) == len(axl.axelrod_first_strategies) == 15


@pytest.mark.slow
def test_the_moran_process_fixes_as_often():
    minds = [strategy("tit-for-tat"), strategy("defector")]
    table = mean_payoffs(tournament(jax.random.key(0), minds, prisoners_dilemma(3, 0, 5, 1).payoffs, 10))
    mine = moran(jax.random.key(1), table, [3, 3], 20_000)
    players = [axl.TitForTat() for _ in range(3)] + [axl.Defector() for _ in range(3)]
    wins = 0
    for seed in range(300):
        process = axl.MoranProcess(players, turns=10, seed=seed)
        process.play()
        wins += process.winning_strategy_name == "Tit For Tat"
    p = (mine.counts[:, 0] > 0).mean()
    assert abs(wins / 300 - p) < 4 * (p * (1 - p) / 300) ** 0.5
