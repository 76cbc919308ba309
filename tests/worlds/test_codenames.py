"""Codenames, trivia stories and persona-keyed facts: scores, bad input, brute force, and what a curriculum may say."""

import json
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyminds.core import BadInput, Seeds
from manyminds.worlds.texts import codenames as cn
from manyminds.worlds.texts import persona_facts as pf
from manyminds.worlds.texts import trivia_stories as ts

GAME = cn.Game("0", ("kiss", "king arthur", "street", "fog"), ("king arthur", "fog"))


def test_scores_of_guesses():
    assert cn.score(GAME, "King Arthur., FOG") == (2, 2, 2, 2)
    assert cn.score(GAME, "kiss, fog, king arthur, street") == (2, 1, 2, 4)  # guessing all is no skill
    assert cn.score(GAME, "fog, fog, fog") == (1, 1, 2, 1)
    assert cn.score(GAME, "") == (0, 0, 2, 0)
    assert cn.score(GAME, "arthur, fog and kiss") == (0, 0, 2, 2)


def test_micro_is_not_macro():
    found = [cn.Score(1, 1, 1, 1), cn.Score(1, 1, 4, 4)]
    assert cn.micro(found) == 0.4 and cn.macro(found) == 0.625
    assert cn.micro([cn.Score(2, 1, 2, 4)], capped=True) == 0.5


@pytest.mark.parametrize(
    ("words", "targets", "told"),
    [
        (("a", "b"), ("c",), "not in the list"),
        (("a", "A.", "b"), ("b",), "stand twice"),
        (("a", "b"), ("a", "a"), "stand twice"),
        (("a", "b"), (), "at least one target"),
        (("a", " "), ("a",), "empty word"),
    ],
)
def test_bad_games_are_refused(words, targets, told):
    with pytest.raises(BadInput, match=told):
        cn.Game("7", words, targets)


def test_illegal_hints():
    assert cn.illegal("Fog.", GAME.words) == ("a word of the list",)
    assert cn.illegal("king arthur", GAME.words) == ("a word of the list", "several words")
    assert cn.illegal("", GAME.words) == ("no hint",) and cn.illegal("weather", GAME.words) == ()


@settings(max_examples=50)
@given(st.integers(0, 10**6))
def test_drawn_games(seed):
    game = cn.game(Random(seed), [f"w{i}" for i in range(40)], "0")
    assert 9 <= len(game.words) <= 25 and 1 <= len(game.targets) <= 4 and set(game.targets) <= set(game.words)


def test_blind_guesses_find_n_of_the_list():
    """All ways to guess two of four words: the mean score is n / |list|."""
    every = [cn.score(GAME, ", ".join(pair)) for pair in permutations(GAME.words, 2)]
    assert cn.micro(every) == GAME.chance == 0.5


def test_the_best_hint_is_the_best_by_playing_all_of_them():
    lexicon = cn.Lexicon.drawn(Seeds(1), words=40)
    game = cn.game(Random(4), lexicon.words, "0")
    found = {hint: cn.score(game, ", ".join(lexicon.guess(hint, game.words, len(game.targets)))).found
             for hint in lexicon.words if hint not in game.words}  # fmt: skip
    best, expected = lexicon.best_hint(game.words, game.targets)
    assert found[best] == expected == max(found.values())
    margin = lexicon.difficulty(game.words, game.targets)
    assert (margin > 0) == (expected == len(game.targets))


def test_equals_are_guessed_at_random():
    """Two targets, three words at one similarity: of the last place each has a third."""
    x, y = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    lexicon = cn.Lexicon({"hint": x, "a": x, "b": y, "c": y, "d": y})
    assert lexicon.expected("hint", ["a", "b", "c", "d"], ["a", "b"]) == pytest.approx(1 + 1 / 3)
    assert lexicon.guess("unheard", ["a", "b", "c"], 2) == ["a", "b"]


def test_stories_are_scored_by_every_alias():
    story = ts.Story("0", "x", ("q1", "q2"), (("exile", "banishment"), ("Sunset Blvd.",)))
    assert ts.score(story, "They lived in EXILE on Sunset Blvd. for long") == (2, 2, 2)
    assert ts.score(story, "The exiles slept") == (1, 0, 2)  # a part of a word counts by the paper's rule alone
    assert ts.micro([ts.Score(5, 4, 5), ts.Score(0, 0, 10)]) == pytest.approx(1 / 3)
    assert ts.micro([ts.Score(5, 4, 5)], whole=True) == 0.8


def test_stories_without_accepted_answers_are_refused(tmp_path):
    for answers in ([], [[], ["a"]], [[" "], ["a"]]):
        path = tmp_path / "t.jsonl"
        path.write_text(json.dumps({"questions": ["q1", "q2"], "answers": answers, "topic": "x"}))
        with pytest.raises(BadInput):
            ts.released(path)
    path.write_text(json.dumps({"questions": ["q1"], "answers": [["a", "A"]], "topic": "x"}))
    assert ts.released(path)[0].answers == (("a", "A"),)


def test_standins_ask_nothing_twice_and_accept_their_answers():
    for story in ts.standins(Random(0), 20, 10):
        assert len(set(story.questions)) == 10
        told = ts.score(story, "; ".join(aliases[0] for aliases in story.answers))
        assert told.whole == told.found == 10


def test_a_curriculum_never_uses_anothers_tag():
    knowledge = pf.Knowledge.drawn(Seeds(0), each=50)
    assert len({fact.subject for fact in knowledge.facts}) == 600
    own = {fact.statement: fact.domain for fact in knowledge.facts}
    lines = list(knowledge.curriculum(Random(1), exposures=3))
    assert len(lines) == 1800 and all(tag in ("", own[statement]) for tag, statement in lines)
    tagged = sum(tag != "" for tag, _ in lines) / len(lines)
    assert abs(tagged - 0.85) < 0.034  # four standard errors
    assert all(pf.domain_of(fact.relation) == fact.domain for fact in knowledge.facts)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.lists(st.sampled_from("abcde"), min_size=1, max_size=6))
def test_displaced_tags_are_the_same_tags(seed, tags):
    moved = pf.displaced(Random(seed), tags)
    assert sorted(moved) == sorted(tags)
    if len(set(tags)) == len(tags) > 2:
        assert sum(a == b for a, b in zip(tags, moved)) < len(tags)
