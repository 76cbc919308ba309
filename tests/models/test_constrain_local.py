"""Enforcement on models of this machine: requests that name a specification, and rolling back with a cache."""

# ruff: noqa: E402

import asyncio
from copy import deepcopy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tiny import build

from manyminds.agents.published_agents import published
from manyminds.agents.specified import Specified
from manyminds.agents.tool_use import Bench
from manyminds.models.ask import ask
from manyminds.models.constrain.cached import CachedModel
from manyminds.models.constrain.decoding import decoded, sampled
from manyminds.models.constrain.replies import Continuation, WholeRun, longest
from manyminds.models.constrain.specification import specification
from manyminds.models.constrain.tokens import Vocabulary, masks
from manyminds.models.local import LocalModel, loaded_from
from manyminds.models.request import Request, user
from manyminds.models.scripted import Scripted

REACT = published("react")
AFTER_QUESTION = REACT.automaton.moves[0]["question"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.delenv("MANYMINDS_DEVICE", raising=False)
        yield build(tmp_path_factory.mktemp("tiny"))


def test_a_random_model_that_is_held_to_a_specification_writes_nothing_else(folder):
    model = LocalModel(folder, name="hf:tiny")
    output = Continuation(REACT, AFTER_QUESTION, cap=30)

    async def replies():
        asked = [
            Request((user(f"q{i}"),), temperature=1.0, max_tokens=90, output=output, repeat=str(i)) for i in range(24)
        ]
        found = await asyncio.gather(*map(model.complete, asked))
        await model.close()
        return found

    seen = set()
    for reply in asyncio.run(replies()):
        stretch = longest(REACT, AFTER_QUESTION, reply.text)
        assert not stretch.problem and not stretch.repaired, reply.text
        last = REACT.automaton.after((one.state for one in stretch.segments), AFTER_QUESTION)
        assert stretch.opened == "observation" or last in REACT.automaton.accepting
        seen.add(stretch.opened)
    assert seen == {"observation", ""}


def test_an_output_can_be_a_whole_run(folder):
    spec = specification("""(define s (:states (thought (:text "Thought:")) (verdict (:text "Verdict:")
        (:output-constrs yes no))) (:behavior (until_2 thought verdict)))""")  # fmt: skip
    model = LocalModel(folder, name="hf:tiny")

    async def asked():
        found = await ask(
            model, Request((user("well?"),), temperature=1.0, max_tokens=400, output=WholeRun(spec)), tries=1
        )
        await model.close()
        return found

    found = asyncio.run(asked())
    assert found.value[-1].state == "verdict" and found.value[-1].content in ("yes", "no") and not found.invalid
    replies = iter(["Verdict: maybe", "Thought: hm\nVerdict: yes"])
    found = asyncio.run(
        ask(Scripted("scripted:x", lambda request: next(replies)), Request((user("well?"),), output=WholeRun(spec)))
    )
    assert [one.content for one in found.value] == ["hm", "yes"] and "allowed: yes, no" in found.invalid[0]


def test_whole_runs_on_a_random_model_need_no_repair(folder):
    model = LocalModel(folder, name="hf:tiny")

    async def runs():
        agent = Specified(REACT, temperature=1.0, max_tokens=200)
        found = [await agent.run(model, Bench("what?", lambda tool, said: f"{tool}."), str(i)) for i in range(6)]
        await model.close()
        return found

    for run in asyncio.run(runs()):
        assert run.legal and run.complete and run.forced == run.repaired == 0 and not run.problems


def test_logits_after_rolling_back_are_those_of_a_fresh_pass(folder):
    loaded, rng = loaded_from(loaded_path(folder), "hf:tiny", "cpu", 0), np.random.default_rng(0)
    exact = deepcopy(loaded.model).double()  # with single precision rounding alone makes 1e-5 of logits around 10
    model = CachedModel(exact)
    model.extend([3, 4, 5])
    for _ in range(25):
        logits = model.extend([int(token) for token in rng.integers(2, 320, rng.integers(1, 6))])
        if rng.random() < 0.6:
            logits = model.roll_back(int(rng.integers(0, len(model.tokens))))
        fresh = CachedModel(exact).extend(model.tokens)
        assert abs(logits - fresh).max() < 1e-5
    with pytest.raises(ValueError, match="cannot be forgotten"):
        model.roll_back(len(model.tokens))


def test_a_cache_that_is_not_cut_is_seen(folder):
    loaded = loaded_from(loaded_path(folder), "hf:tiny", "cpu", 0)
    model = CachedModel(loaded.model)
    model.extend([3, 4, 5, 6, 7])
    model.cache.crop = lambda length: None
    assert abs(model.roll_back(2) - CachedModel(loaded.model).extend([3, 4, 5])).max() > 1e-3


def test_the_papers_loop_on_a_model_with_a_cache(folder):
    loaded = loaded_from(loaded_path(folder), "hf:tiny", "cpu", 0)
    words = Vocabulary(loaded.texts, loaded.ends)
    made = masks(REACT, words, "rollback")
    encode = lambda text: loaded.tokenizer.encode(text, add_special_tokens=False)  # noqa: E731
    for seed in range(3):
        choose = sampled(np.random.default_rng(seed))
        ran = decoded(CachedModel(loaded.model), made, encode, choose, lambda state, so_far: "x",
                      prompt=encode("go\n"), cap=12, limit=300)  # fmt: skip
        assert REACT.follow(ran.segments) in REACT.automaton.accepting


def loaded_path(folder):
    from pathlib import Path

    return Path(folder)
