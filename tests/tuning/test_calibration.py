"""Calibration: a play of the right turns is written as in a raise and is right, in every format of every family."""

import pytest

from manyminds.core import Seeds
from manyminds.tuning.answering import Play
from manyminds.tuning.calibration import SAME_PROMPT, held_out
from manyminds.worlds.texts.formats import formats, segments
from manyminds.worlds.texts.items import END
from manyminds.worlds.texts.nursery import families

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
                for text, kind in parts:
                    if kind == "completion":
                        assert not play.over
                        play.heard(text.removesuffix(END))
                assert play.over and play.context == "".join(text for text, _ in parts)
                assert family.check(item, play.text).ok
