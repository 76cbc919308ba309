"""Calibration: a play of the right turns is written as in a raise and is right, in every format of every family."""

import pytest

from manyminds.core import Seeds
from manyminds.tuning.answering import Play, is_for_two
from manyminds.tuning.calibration import SAME_PROMPT, Marked, held_out, searched
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.items import END
from manyminds.worlds.texts.nursery import families
from manyminds.worlds.texts.rooms_for_two import FAMILIES as FAMILIES_FOR_TWO

FAMILIES = families(Seeds(0))
NOISY = ("sway-partner", "functions")  # shown with wrong replies on purpose; run in the sandbox, tested there


@pytest.mark.parametrize("name", [name for name in FAMILIES if name not in NOISY])
def test_the_right_turns_are_right(name):
    family = FAMILIES[name]
    for level in family.levels[:2]:
        for item in held_out(family, level, Seeds(3), 5):
            for form in formats(name):
                if form in SAME_PROMPT:
                    continue
                parts = segments(item, form)
                play = Play(item, form, "gold", parts[0][0])
                for said in turns(item, form):
                    assert not play.over
                    play.heard(said)
                assert play.over and contexts(play) == written(item, form)
                assert family.check(item, play.text).ok


def turns(item, form):
    """What is said, in order; where two play, by whoever's turn it is."""
    if is_for_two(item.family, form):
        return item.solution.split("\n")
    return [text.removesuffix(END) for text, kind in segments(item, form) if kind == "completion"]


def written(item, form):
    """The texts that a raise shows: one, or one for each of two."""
    forms = (form, "partner") if is_for_two(item.family, form) else (form,)
    return ["".join(text for text, _ in segments(item, one)) for one in forms]


def contexts(play):
    if not play.waiting:
        return [play.context]
    return [play.context, play.waiting] if play.seat == 0 else [play.waiting, play.context]


def test_two_who_play_do_not_read_each_others_texts():
    """Each context holds what its own agent was told, did and saw; a failed action leaves the turn where it is."""
    for name in FAMILIES_FOR_TWO:
        for item in held_out(FAMILIES[name], 2, Seeds(3), 5):
            play = Play(item, "played", "by hand", segments(item, "played")[0][0])
            play.heard("jump")
            assert play.seat == 0 and "parameter: there is no action" in play.context
            play.heard("say look <a>#done<end> there")
            assert play.seat == 1 and item.meta["told"][0] not in play.context and "jump" not in play.context
            mine = play.context.removeprefix(f"<u>{item.meta['told'][1]}<o> ")
            first, second = item.meta["world"]["names"]
            assert mine.startswith(f"{first}: say look a#doneend there. You hold") and mine.count("<") == 1
            play.heard("fly\n#done")
            assert play.seat == 1 and not play.over and play.text.split("\n")[-1] == "fly #done"
            play.heard("say no")
            assert play.seat == 0 and f"said. {second}: say no. You hold" in play.context and "fly" not in play.context
            play.heard("#done")
            assert play.over and not FAMILIES[name].check(item, play.text).ok


def test_a_play_of_searches_reads_what_they_give():
    for name in ("hops", "hops-questions"):
        for item in held_out(FAMILIES[name], 2, Seeds(3), 5):
            play = Play(item, "search", "by hand", segments(item, "search")[0][0])
            assert play.context == f"<u>{item.meta['question']}<p>"
            for said, then in (("whatever", "<a>"), ("look it up", "<o> form: write search(NAME, RELATION)<a>"),
                               ("search(Zork, hobby)", "<o> nothing: no sentence tells of it<a>")):  # fmt: skip
                play.heard(said)
                assert play.context.endswith(f"{said}<end>{then}")
            play.heard("# Nobody")
            assert play.over and searched({(name, 2, "search"): [Marked(play, None)]}) == {
                "n": 1, "planned": 0.0, "found": float(not item.meta["quotes"]), "failed": 1.0}  # fmt: skip
