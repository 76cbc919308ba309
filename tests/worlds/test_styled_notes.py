"""Notes in four styles: what their grammar and their rubrics say, over all notes and all pairs of styles."""

from collections import Counter
from itertools import product
from random import Random

import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.theory import preferences as theory
from manyminds.worlds.texts import styled_notes as notes
from manyminds.worlds.texts.styled_notes import CLASSES, MALFORMED, RUBRICS, STYLES, TOPICS, WORDS


def test_every_note_has_its_style_and_no_other():
    rng = Random(0)
    for number, style in enumerate(STYLES):
        for _ in range(100):
            topic = rng.choice(TOPICS)
            text = notes.note(style, topic, rng)
            assert notes.class_of(topic, text) == number
            other = next(one for one in TOPICS if one != topic)
            assert notes.class_of(other, text) == MALFORMED
            assert notes.class_of(topic, text + " here") == notes.class_of(topic, text[1:]) == MALFORMED


def test_all_terse_notes_are_written_out():
    """The grammar of the smallest style, whole: what is not in this list is not terse."""
    listed = {f" {word} river" for word in WORDS["adjective"]}
    drawn = {notes.note("terse", "river", Random(i)) for i in range(300)}
    assert drawn == listed
    assert all(notes.class_of("river", f" {a} {b}") == MALFORMED for a, b in product(WORDS["place"], ("river",)))


def test_all_notes_of_a_style_count_the_same():
    rng = Random(1)
    for style, expected in zip(STYLES, ((-2, 0, 1), (-4, 2, 0), (-6, 1, 2), (-7, 0, 0))):
        assert {notes.criteria(notes.note(style, rng.choice(TOPICS), rng)) for _ in range(200)} == {expected}


def test_the_cycle_and_the_order_by_hand():
    round_ = np.array([[0, 1, -1, 1, 1], [-1, 0, 1, 1, 1], [1, -1, 0, 1, 1], [-1, -1, -1, 0, 1], [-1] * 4 + [0]])
    np.testing.assert_array_equal(notes.between_styles("cycle"), round_)
    order = notes.between_styles("order")
    wins = dict(zip(CLASSES, theory.copeland(order)))
    assert wins == {"exact": 4, "rich": 3, "terse": 2, "plain": 1, "malformed": 0}
    assert theory.intransitivity(order) == 0 and theory.condorcet(order) == STYLES.index("exact")
    assert theory.cyclic_triples(round_) == 1 and theory.condorcet(round_) is None
    np.testing.assert_allclose(theory.minimax_winner(round_).mixture, [1 / 3] * 3 + [0, 0], atol=1e-9)


@pytest.mark.parametrize("rubric", RUBRICS)
def test_a_rubric_sees_styles_and_nothing_else(rubric):
    rng, exact = Random(2), notes.between_styles(rubric)
    styles = [rng.choice(STYLES) for _ in range(40)]
    texts = [notes.note(style, "lake", rng) for style in styles] + [" lake lake", " the river 3 4", ""]
    classes = [notes.class_of("lake", text) for text in texts]
    assert Counter(classes)[MALFORMED] == 3
    np.testing.assert_array_equal(notes.compared(rubric, "lake", texts), exact[np.ix_(classes, classes)])


def test_leaving_the_grammar_wins_nothing():
    """One word and many figures would win two votes of three if it were a note."""
    assert notes.prefers("cycle", "lake", " 1 2 3", " there is a lake here here here") == -1
    assert notes.prefers("order", "lake", " lake 1 2 3 4", " red lake") == -1


def test_a_judge_who_favours_the_first_answer_is_averaged_out(monkeypatch):
    fair = notes.prefers
    monkeypatch.setattr(notes, "prefers", lambda rubric, topic, a, b: min(1.0, fair(rubric, topic, a, b) + 0.5))
    found = notes.compared("cycle", "lake", [" red lake", " old lake", " the lake 1 2"])
    np.testing.assert_array_equal(found, -found.T)
    assert found[0, 1] == 0 and found[0, 2] > 0


def test_unknown_names_are_refused():
    with pytest.raises(BadInput, match="terse"):
        notes.note("ters", "lake", Random(0))
    with pytest.raises(BadInput, match="cycle"):
        notes.prefers("cycles", "lake", " red lake", " old lake")
