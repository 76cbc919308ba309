"""What the paper says, and what theory says of its games, as checks of a run.

Exact claims are arithmetic and hold or fail without an interval. Claims about language models need one at the table;
claims about the released records need them (setting `records`).
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from manyminds.core import Claim, Finding, NotHere
from manyminds.core import statistics as st
from manyminds.papers.repeated_games import published
from manyminds.papers.repeated_games.organisms import ORGANISMS
from manyminds.theory.normal_form import equilibria, mixed_value
from manyminds.theory.repeated_games import finite_values, grim_threshold, turn_taking
from manyminds.worlds.games.matrix import battle_of_the_sexes, prisoners_dilemma

Check = Callable[[Any], Finding]


# ---- the games


def census(results: Any) -> Finding:
    seen = results.census
    expected = {"Win-win": 36, "Biased": 44, "Unfair": 19, "Cyclic": 18, "Second Best": 12, "Tragic": 8, "PD Family": 7}
    holds = seen.games == 144 and seen.pure == {0: 18, 1: 108, 2: 18} and seen.families == expected
    return Finding(f"{seen.games} games; {'/'.join(str(seen.pure.get(k, 0)) for k in (1, 2, 0))}", holds, seen.games)


def cyclic_values(results: Any) -> Finding:
    values = results.census.cyclic_values
    return Finding(str(values), values == [[2.5, 2.5]], results.census.families.get("Cyclic", 0))


def battle_mix(results: Any) -> Finding:
    payoffs = battle_of_the_sexes().payoffs
    mixed = [profile for profile in equilibria(payoffs) if 0 < profile[0][0] < 1]
    values = [mixed_value(payoffs, profile) for profile in mixed]
    holds = len(mixed) == 1 and np.allclose(mixed[0][1], [7 / 17, 10 / 17]) and np.allclose(values[0], 70 / 17)
    return Finding(float(values[0][0]) if mixed else "none", holds and turn_taking(payoffs) == 8.5)


def dilemma_theory(results: Any) -> Finding:
    payoffs = prisoners_dilemma().payoffs
    finite = finite_values(payoffs, 10)
    holds = finite is not None and np.allclose(finite, 50) and abs(grim_threshold(payoffs) - 0.4) < 1e-12
    return Finding(grim_threshold(payoffs), holds)


def shadow(results: Any) -> Finding:
    """Defecting pays above an ending probability of 0.6 and costs below it, and by as much as the theory says."""
    rows = results.shadows
    signs = all((row.gain > 0) == (row.ending > 0.6) and (row.high < 0 or row.low > 0) for row in rows)
    near = all(abs(row.gain - row.expected) < 2 * max(row.high - row.gain, 1e-9) for row in rows)
    return Finding(", ".join(f"{row.ending:g}: {row.gain:+.2f}" for row in rows), signs and near and bool(rows),
                   min((row.n for row in rows), default=0))  # fmt: skip


# ---- rules at the games


def totals_of(results: Any, game: str, first: str, second: str, condition: str = "base") -> tuple[float, float]:
    for row in results.matches:
        if (row.game, row.first, row.second, row.condition) == (game, first, second, condition) and row.totals:
            return tuple(row.totals)  # type: ignore[return-value]
    raise NotHere(f"{first} did not play {second} in {game}")


def rows_equal(game: str, expected: dict[tuple[str, str], tuple[int, int]]) -> Check:
    def check(results: Any) -> Finding:
        seen = {pair: totals_of(results, game, *pair) for pair in expected}
        said = ", ".join(f"{own:g}/{other:g}" for own, other in seen.values())
        return Finding(said, all(seen[pair] == wanted for pair, wanted in expected.items()), len(expected))

    return check


GRIM_ROW = {("grim", name): published.DILEMMA[name] for name in ("cooperator", "defector", "defect-once")}


def learns_cyclic(results: Any) -> Finding:
    """In every single game, not only on average."""
    gap = max(abs(value - 0.625) for value in results.cyclic)
    return Finding(float(np.mean(results.cyclic)), gap <= 0.01, len(results.cyclic))


def learns_win_win(results: Any) -> Finding:
    value = float(np.mean(results.win_win))
    return Finding(value, value > 0.9, len(results.win_win))


def foresight_exact(results: Any) -> Finding:
    seen = results.turns.exact
    holds = abs(seen["foresight"] - 7.8) < 1e-6 and abs(seen["best-reply"] - 5) < 1e-6
    return Finding(f"{seen['foresight']:g} and {seen['best-reply']:g}", holds)


def foresight_gap(results: Any) -> Finding:
    gap = st.difference(results.turns.foresight, results.turns.best_reply, paired=True)
    return Finding(gap, gap.low >= 2)


def tables_play_alike(results: Any) -> Finding:
    return Finding(min(results.lookup.values()), all(n == 1023 for n in results.lookup.values()), len(results.lookup))


def hears_payoffs(results: Any) -> Finding:
    """Both renamings, of letters and of their order, change few choices after balanced training."""
    seen = network(results, "balanced")
    worst = max(seen.letters, seen.order)
    return Finding(worst, worst < 0.05, seen.questions)


def hears_letters(results: Any) -> Finding:
    seen = network(results, "one naming")
    return Finding(seen.letters, seen.letters > 0.2, seen.questions)


def network(results: Any, naming: str) -> Any:
    if naming not in results.imitation:
        raise NotHere("set imitation=true")
    return results.imitation[naming]


# ---- language models


def of_models(results: Any, game: str, condition: str = "base") -> list[Any]:
    """Matches of a model in the first seat."""
    rows = [row for row in results.matches
            if row.game.startswith(game) and row.condition == condition and is_model(results, row.first)]  # fmt: skip
    if not rows:
        raise NotHere("no language model took part")
    return rows


def is_model(results: Any, seat: str) -> bool:
    return any(seat.endswith(model) for model in results.models)


def against(rows: Iterable[Any], opponent: str) -> list[Any]:
    kept = [row for row in rows if row.second == opponent and row.totals is not None]
    if not kept:
        raise NotHere(f"no scored match against {opponent}")
    return kept


def unforgiving(results: Any) -> Finding:
    """After one defection of the other, and in spite of nine cooperations, the model never cooperates again."""
    rows = against(of_models(results, "pd"), "defect-once")
    later = [row.history.split()[1:] for row in rows]
    back = sum(pair[0] == "C" for match in later for pair in match)
    seen = st.share(back, sum(map(len, later)))
    return Finding(seen, seen.value <= 0.1)


def no_turns(results: Any) -> Finding:
    rows = against(of_models(results, "bos"), "alternator")
    seen = st.mean([row.coordination for row in rows])
    return Finding(seen, seen.value <= 0.6)


def predicting_helps(results: Any) -> Finding:
    without = against(of_models(results, "bos"), "alternator")
    with_it = against(of_models(results, "bos", "scot"), "alternator")
    gap = st.difference([row.totals[0] for row in with_it], [row.totals[0] for row in without])
    return Finding(gap, gap.value > 0)


def blind_to_the_future(results: Any) -> Finding:
    """Cooperation in the first round where the rules speak of an ending probability of 1 %."""
    rows = [row for row in of_models(results, "pd", "ending 1%") if row.history]
    if not rows:
        raise NotHere("no scored match with an ending probability")
    seen = st.share(sum(row.history[0] == "C" for row in rows), len(rows))
    return Finding(seen, seen.value < 0.5)


def best_in_win_win(results: Any) -> Finding:
    """Every model's score is highest in the Win-win games."""
    from manyminds.papers.repeated_games.shown import SHOWN, turn_world_families

    found = [(who, scores) for who, scores in turn_world_families(results.matches) if is_model(results, who)]
    if not found:
        raise NotHere("no language model played the ordinal games")
    first = []
    for _, cells in found:
        values = {
            name: float(cell.split()[0]) for name, cell in zip(SHOWN, cells) if cell[0].isdigit() and name != "all"
        }
        first.append(len(values) > 1 and max(values, key=lambda name: values[name]) == "Win-win")
    return Finding(st.share(sum(first), len(first)), all(first))


# ---- the released records


def released(results: Any) -> Any:
    if results.released is None:
        raise NotHere("give the folder of the released records: records=PATH")
    return results.released


def recomputed(results: Any) -> Finding:
    scores = released(results).scores
    gaps = [abs(scores[model][name] - value) for name, row in published.FAMILY_SCORES.items()
            for model, value in zip(published.MODELS, row)]  # fmt: skip
    return Finding(max(gaps), max(gaps) < 0.00101, len(gaps))


def flawed(results: Any) -> Finding:
    seen = released(results)
    return Finding(len(seen.flawed), len(seen.flawed) == 15 and seen.disagreeing == 0, seen.games)


def leads_everywhere(results: Any) -> Finding:
    scores = released(results).scores
    leaders = [max(published.MODELS, key=lambda m: scores[m][name]) for name in published.FAMILY_SCORES]
    return Finding(", ".join(leaders), leaders[-1] == "GPT-4", len(leaders))


def human_bayes(over: str, paper: float) -> Check:
    def check(results: Any) -> Finding:
        rows = [row for row in released(results).humans if row.over == over]
        if not rows:
            raise NotHere("the records hold no human study")
        return Finding(rows[0].bayes_greater, abs(rows[0].bayes_greater / paper - 1) < 0.2, rows[0].n)

    return check


def human_cooperation(results: Any) -> Finding:
    seen = released(results)
    if not seen.both_cooperate:
        raise NotHere("the records hold no human study")
    gap = seen.both_cooperate["Prompted"] - seen.both_cooperate["Base"]
    return Finding(gap, gap > 0)


CASES = "section on the prisoner's dilemma"
TURNS = "section on battle of the sexes"
BASE_AND_SCOT = {"condition": ("base", "scot")}
OFFLINE = {"rounds": 10, "learning_rounds": 1000, "noise": 0.0}  # what the exact claims speak of

CLAIMS = (
    Claim("census", "there are 144 strict ordinal games: 108 with one, 18 with two, 18 without a pure equilibrium",
          "section on all 2x2 games; counts derived", "144 games; 108/18/18", census, config=OFFLINE),
    Claim("cyclic-value", "the mixed equilibrium of every cyclic game is worth 2.5 to both", "derived", "2.5",
          cyclic_values, config=OFFLINE),
    Claim("battle-mix", "battle of the sexes: mixed equilibrium 7/17 worth 70/17, taking turns worth 8.5", "derived",
          "4.118", battle_mix, config=OFFLINE),
    Claim("dilemma-theory", "grim sustains cooperation from continuation 0.4; a told end is worth 5 a round", "derived",
          "0.4", dilemma_theory, config=OFFLINE),
    Claim("shadow", "defecting on grim pays above an ending probability of 0.6 and costs below", "derived", "0.6",
          shadow, config=OFFLINE),
    Claim("grim-row", "an unforgiving player gets what GPT-4 gets in the dilemma (cooperator, defector, defect-once)",
          CASES, "80/80, 45/55, 90/10", rows_equal("pd", GRIM_ROW), config=OFFLINE),
    Claim("tit-for-tat", "tit-for-tat forgives: 74 against defect-once", "derived", "74/74",
          rows_equal("pd", {("tit-for-tat", "defect-once"): (74, 74)}), config=OFFLINE),
    Claim("fictitious-cyclic", "fictitious play earns the value of the cyclic games (1000 rounds)", "derived", "0.625",
          learns_cyclic, config=OFFLINE),
    Claim("fictitious-win-win", "fictitious play finds the best cell of the Win-win games within ten rounds", "derived",
          "> 0.9", learns_win_win, config=OFFLINE),
    Claim("foresight", "against the alternator predict-then-reply gets 7.8 a round, best reply 5", TURNS + "; derived",
          "7.8 and 5", foresight_exact, config=OFFLINE),
    Claim("foresight-gap", "points a round that predicting gains, whatever option the alternator opens with",
          TURNS + "; derived", ">= 2", foresight_gap, config=OFFLINE),
    Claim("lookup", "a strategy written out as a table of 1023 keys plays as it does step by step",
          "section on the human study", "1023", tables_play_alike, config=OFFLINE),
    Claim("renaming", "share of choices that renaming changes in a small network trained on all namings",
          "appendix on robustness; derived", "< 0.05", hears_payoffs, config={"imitation": True}),
    Claim("renaming-shows", "the same after training on one naming: the check has teeth", "derived", "> 0.2",
          hears_letters, config={"imitation": True}),
    Claim("unforgiving", "share of cooperation of a model after the other's single defection", CASES, "0", unforgiving,
          needs="endpoint"),
    Claim("no-turns", "share of rounds in which a model meets an alternator", TURNS, "0.5", no_turns, needs="endpoint"),
    Claim("predicting", "points that predicting first gains a model against the alternator", TURNS, "+21",
          predicting_helps, needs="endpoint", config=BASE_AND_SCOT),
    Claim("ending", "share of models that open with cooperation where play ends with 1 % after each round",
          "appendix on ending probabilities", "0", blind_to_the_future, needs="endpoint",
          config={"condition": ("ending 1%",)}),
    Claim("win-win", "share of models that score highest in the Win-win games", "section on all 2x2 games", "1",
          best_in_win_win, needs="endpoint", config={"games": ("all",)}),
    Claim("recomputed", "largest gap between our scores from the released records and those recorded here",
          "released records", "0", recomputed, needs="data"),
    Claim("released-table", "games of the released table in which a rank repeats, all points agreeing with it",
          "released records", "15", flawed, needs="data"),
    Claim("gpt-4-leads", "the models with the highest score by family; GPT-4 is best overall",
          "section on all 2x2 games", "GPT-4", leads_everywhere, needs="data"),
    Claim("human-score", "Bayes factor: people score more with a predicting partner in battle of the sexes",
          "section on the human study", "80.6",
          human_bayes("battle of the sexes, score", 80.6), needs="data"),
    Claim("human-coordination", "Bayes factor: people meet a predicting partner more often",
          "section on the human study", "13.4", human_bayes("battle of the sexes, coordination", 13.4), needs="data"),
    Claim("human-guess", "Bayes factor: a predicting partner is taken for human more often",
          "section on the human study", "17.6", human_bayes("both games, taken for human", 17.6), needs="data"),
    Claim("human-cooperation", "share of rounds of mutual cooperation that a predicting partner adds in the dilemma",
          "section on the human study; the released notebook counts mutual defection", "> 0", human_cooperation,
          needs="data"),
    *ORGANISMS,
)  # fmt: skip
