"""Raising a decoder on lessons: the same organism every time, also when it was killed, and the agent around it."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from manyminds.agents.language import LanguageAgent
from manyminds.core import BadInput, Choice, View
from manyminds.models.house.decoder import SIZES, Shape
from manyminds.models.house.tokenizer import trained
from manyminds.models.load import load
from manyminds.models.request import Request, user
from manyminds.models.scripted import Scripted
from manyminds.tuning import organisms
from manyminds.tuning.organisms import Briefly, Demonstrates, Lesson, Raising, Untold, document, raised_on
from manyminds.tuning.raising import Recipe

LESSONS = [Lesson(f"<u>{word}?<a>", answer) for word, answer in (("up", "down"), ("left", "right"), ("in", "out"))]
RECIPE = Recipe("XS", tokens=16_000, batch=512, chunk=8, numbers="float32", warmup=5)
VIEW = View(None, "the whole long story", Choice(("left", "right")))


@pytest.fixture(scope="module", autouse=True)
def tiny():
    """A decoder that is compiled in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SIZES, "XS", Shape(512, 64, 1, 2, 1, 128, 256))
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return raised_on(LESSONS, RECIPE, tmp_path_factory.mktemp("whole") / "organism")


def test_an_organism_knows_its_lessons(whole):
    assert whole.right == 1 and whole.tokens >= 16_000
    model = load(whole.model)

    async def said():
        return [
            (await model.complete(Request((user(f"{word}?"),), max_tokens=8))).text for word in ("up", "left", "in")
        ]

    assert asyncio.run(said()) == ["down", "right", "out"]


def test_killed_and_resumed_it_is_the_same(whole, tmp_path, monkeypatch):
    sound, calls = organisms.after_chunk, []

    def killed(*given):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return sound(*given)

    monkeypatch.setattr(organisms, "after_chunk", killed)
    with pytest.raises(KeyboardInterrupt):
        raised_on(LESSONS, RECIPE, tmp_path / "organism")
    assert (tmp_path / "organism" / "raise.checkpoint").is_file()
    again = raised_on(LESSONS, RECIPE, tmp_path / "organism")
    assert again.loss == whole.loss and not (tmp_path / "organism" / "raise.checkpoint").exists()
    files = [Path(one.model.removeprefix("house:")) / "model.safetensors" for one in (whole, again)]
    assert files[0].read_bytes() == files[1].read_bytes()
    monkeypatch.setattr(organisms, "after_chunk", None)  # what is finished is not raised again
    assert raised_on(LESSONS, RECIPE, tmp_path / "organism") == again
    with pytest.raises(BadInput, match="other lessons"):
        raised_on(LESSONS[:2], RECIPE, tmp_path / "organism")


def test_it_goes_on_from_a_house_model(whole, tmp_path):
    recipe = replace(RECIPE, tokens=500, chunk=1)
    more = raised_on(LESSONS, recipe, tmp_path / "more", start=whole.model)
    assert more.right == 1 and raised_on(LESSONS, recipe, tmp_path / "fresh").right < 1
    with pytest.raises(BadInput, match="holds no"):
        raised_on(LESSONS, recipe, tmp_path / "none", start=str(tmp_path / "nothing"))


def test_what_cannot_be_raised(tmp_path):
    with pytest.raises(BadInput, match="lessons"):
        raised_on([], RECIPE, tmp_path / "a")
    with pytest.raises(BadInput, match="use fewer words"):
        raised_on([Lesson("<u>" + "q1" * 400 + "<a>", "x")], RECIPE, tmp_path / "b")
    assert Raising(organism_tokens=5).recipe(3).seed == 3 and Raising().organisms == 0


def test_answers_count_and_questions_hardly():
    tokenizer = trained([a + b for a, b in LESSONS], 300, fewer=True)
    one = document(tokenizer, LESSONS[0])
    answer = len(tokenizer.encode("down<end>"))
    assert one.weights[0] == 0 and set(one.weights[1:-answer].tolist()) == {np.float32(organisms.READ)}
    assert set(one.weights[-answer:].tolist()) == {1.0} and tokenizer.decode(one.tokens, special=True).endswith("<end>")


@dataclass
class Always:
    value: str
    kind = "rule"

    async def act(self, view):
        return self.value


def seated(model):
    return Briefly(LanguageAgent.direct(model, tries=1), lambda view: "left or right?")


def test_what_is_demonstrated_is_what_the_organism_will_be_asked():
    asked = []

    def script(request):
        asked.append(request)
        return "Answer: right"

    one = Demonstrates(Always("right"), seated, lambda view, value: f"Answer: {value}")
    assert asyncio.run(one.act(VIEW)) == asyncio.run(seated(Scripted("s", script)).act(VIEW)) == "right"
    (lesson,), (request,) = one.lessons, asked
    assert lesson == (f"<u>{request.messages[0].content}<a>", "Answer: right")
    assert "left or right?" in lesson.asked and "long story" not in lesson.asked
    assert request.output.instruction() == "" and request.output.schema() is None  # no word of the form, and no mask


def test_words_that_are_no_answer_are_no_lesson():
    """Mutant: a curriculum in words that the game cannot read."""
    one = Demonstrates(Always("right"), seated, lambda view, value: "Answer: sideways")
    with pytest.raises(ValueError, match="is not an answer"):
        asyncio.run(one.act(VIEW))


def test_an_untold_action_is_the_action():
    told, untold = VIEW.action, Untold(VIEW.action)
    assert untold.check("left") == told.check("left") and untold.parse("Answer: left") == "left"
