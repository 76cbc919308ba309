"""Models on this machine: a tiny one with random weights that says anything that it is not kept from."""

# ruff: noqa: E402

import asyncio

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from tiny import build

from manyminds.core import BadInput, Choice, Form, Pattern, Real, Refused, Text, Whole
from manyminds.models.load import load
from manyminds.models.local import LocalModel
from manyminds.models.masks import in_ascii
from manyminds.models.request import Request, system, user

PROMPTS = ("how many?", "and what does the other one think of it, after all that was said?", "why")


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("MANYMINDS_DEVICE", "MANYMINDS_BATCH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def model(folder):
    return LocalModel(folder, name="hf:tiny")


def request(text="how many?", **options):
    return Request((user(text),), **({"temperature": 1.0, "max_tokens": 32} | options))


async def answers(model, requests):
    found = await asyncio.gather(*(model.complete(each) for each in requests))
    await model.close()
    return found


class Place(BaseModel):
    x: int = Field(ge=-3, le=12)
    name: str = Field(min_length=2, max_length=20)


class Report(BaseModel):
    kind: str = Field(pattern="^[a-z]{3}-[0-9]$")
    insights: list[str] = Field(max_length=3)
    places: list[Place] = Field(min_length=1)
    share: float = Field(0.5, ge=0, le=1)
    note: str | None = None


OUTPUTS = {
    "whole": Whole(0, 100),
    "negative": Whole(-12, -3),
    "huge": Whole(0, 10**30),
    "soft": Whole(0, 9, soft=True),
    "real": Real(0.25, 1.5),
    "free real": Real(),
    "soft real": Real(0, 1, soft=True),
    "choice": Choice(("left", "the right", 'say "no"', "Ärger/漁", "left again")),
    "twins": Choice(("yes", "YES", "no")),
    "pattern": Pattern(r"\s*\d+ (tonnes|sheep)/\w[^\d]*"),
    "text": Text(limit=40),
    "form": Form(Report),
}


@pytest.mark.parametrize("name", OUTPUTS)
async def test_a_masked_model_cannot_give_an_illegal_answer(model, name):
    output = OUTPUTS[name]
    limits = (70, 90, 200) if name == "form" else (12, 17, 40)  # all of them cut it short somewhere
    asked = [
        request(
            PROMPTS[i % 3], output=output, max_tokens=limits[i % len(limits)], repeat=str(i), temperature=0.5 + i % 4
        )
        for i in range(60)
    ]
    said = await answers(model, asked)
    values = [output.parse(each.text) for each in said]  # raises where one is illegal
    assert all(each.usage.completion_tokens <= limit for each, limit in zip(said, limits * 20))
    assert len({str(value) for value in values}) > 1


class Two:
    """An action of one's own that says its form: two digits with a comma."""

    def parse(self, text):
        left, right = text.split(",")
        return int(left), int(right)

    def regular(self):
        return r"[0-9],\s?[0-9]"


async def test_an_action_of_ones_own_can_say_its_form(model):
    two = Two()
    said = await answers(model, [request(output=two, repeat=str(i)) for i in range(40)])
    assert all(two.parse(each.text) for each in said)


async def test_a_mask_admits_no_half_of_a_character(model):
    mask, _ = (await model.ready()).mask(Form(Place))
    beyond = mask.copy()
    for token in (await model.ready()).tokenizer.encode('{"x":1,"name":"\\'):
        beyond.take(token)
    (escape,) = (await model.ready()).tokenizer.encode("u")
    assert not beyond.allowed()[escape]  # "\\ud800" would be JSON and no text


async def test_without_the_mask_the_same_model_is_illegal(model):
    said = await answers(model, [request(repeat=str(i)) for i in range(20)])
    with pytest.raises(ValueError):
        [Whole(0, 100).parse(each.text) for each in said]


@pytest.mark.parametrize("absolute", [False, True], ids=["rotary", "absolute"])
async def test_an_answer_does_not_depend_on_who_is_answered_beside_it(tmp_path, absolute):
    folder = build(tmp_path, absolute=absolute)
    model = LocalModel(folder)
    mixed = [
        request(PROMPTS[i % 3], repeat=str(i), output=(None, Whole(0, 99), Form(Place))[i % 3], temperature=i % 2,
                max_tokens=20 + i) for i in range(18)
    ]  # fmt: skip
    together = await answers(model, mixed)
    alone = LocalModel(folder, batch=1)
    assert [each.text for each in await answers(alone, mixed)] == [each.text for each in together]
    backwards = await answers(model, mixed[::-1])
    assert [each.text for each in backwards[::-1]] == [each.text for each in together]


async def test_streams_and_seeds_are_samples_and_temperature_zero_is_the_likeliest(model):
    def texts(found):
        return [each.text for each in found]

    streams = texts(await answers(model, [request(repeat=str(i)) for i in range(6)]))
    seeds = texts(await answers(model, [request(seed=i) for i in range(6)]))
    assert len(set(streams)) == len(set(seeds)) == 6
    assert len(set(texts(await answers(model, [request(repeat=str(i), temperature=0) for i in range(6)])))) == 1
    nucleus = texts(await answers(model, [request(repeat=str(i), top_p=1e-9) for i in range(3)]))
    assert set(nucleus) == set(texts(await answers(model, [request(temperature=0)])))


async def test_tokens_and_log_probabilities_are_those_of_transformers(folder, model):
    """The oracle: one forward pass of the library over prompt and answer, without padding, cache or batch."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer, peer = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    asked = [request(text, temperature=0, logprobs=True, max_tokens=12) for text in PROMPTS]
    for each, said in zip(asked, await answers(model, asked)):
        prompt = tokenizer.encode(each.messages[0].content + "\n")
        greedy = peer.generate(torch.tensor([prompt]), max_new_tokens=12, do_sample=False)[0, len(prompt) :].tolist()
        greedy = [token for token in greedy if token > 1]
        assert said.text == tokenizer.decode(greedy) and said.usage.prompt_tokens == len(prompt)
        assert len(said.logprobs) == said.usage.completion_tokens == len(greedy)
        scores = torch.log_softmax(peer(torch.tensor([prompt + greedy])).logits[0].detach(), -1)
        expected = [float(scores[len(prompt) - 1 + k, token]) for k, token in enumerate(greedy)]
        assert [value for _, value in said.logprobs] == pytest.approx(expected, abs=1e-4)


async def test_a_stop_string_and_the_limit_end_an_answer(model):
    (plain,) = await answers(model, [request(temperature=0, max_tokens=30)])
    stop = plain.text[6:8]
    (cut,) = await answers(model, [request(temperature=0, max_tokens=30, stop=(stop,))])
    assert cut.text == plain.text.partition(stop)[0] and cut.finish == "stop"
    (short,) = await answers(model, [request(temperature=0, max_tokens=3)])
    assert short.finish == "length" and short.usage.completion_tokens == 3 and plain.text.startswith(short.text)


async def test_what_does_not_fit_is_refused_and_never_cut(tmp_path):
    small = LocalModel(build(tmp_path, context=64), name="hf:small")
    with pytest.raises(Refused, match=r"prompt has \d+ tokens and hf:small takes 1 to 63"):
        await small.complete(request("many fish " * 40))
    with pytest.raises(Refused, match="3 are allowed"):
        await small.complete(request(output=Form(Report), max_tokens=3))
    said = await small.complete(request(max_tokens=1000, temperature=0))
    assert said.usage.tokens <= 64


async def test_a_chat_template_is_used_and_one_without_a_system_turn_is_met(tmp_path):
    chat = LocalModel(build(tmp_path, chat=True, layers=1), name="hf:chat")
    loaded = await chat.ready()
    assert loaded.prompt((user("a"),)) == ("<user>a<|end|><assistant>", ())
    assert loaded.prompt((system("be kind"), user("a")))[0] == "<user>be kind\n\na<|end|><assistant>"
    used = (await chat.complete(request("a"))).usage.prompt_tokens
    assert used == len(loaded.tokenizer.encode("<user>a<|end|><assistant>", add_special_tokens=False))


async def test_a_base_model_gets_plain_turns_and_does_not_speak_for_the_user(model):
    loaded = await model.ready()
    text, stops = loaded.prompt((system("be kind"), user("a")))
    assert text == "be kind\n\nUser: a\n\nAssistant:" and stops == ("\n\nUser:",)


async def test_a_pattern_without_a_grammar_is_left_to_the_check(model, capsys):
    (said,) = await answers(model, [request(output=Pattern("(?=a)a+"))])
    assert said.usage.completion_tokens > 0
    assert "no token mask" in capsys.readouterr().err


async def test_cancelled_requests_leave_the_batch(model):
    asked = [
        asyncio.create_task(model.complete(request(max_tokens=1500, stop=("§",), repeat=str(i)))) for i in range(4)
    ]
    await asyncio.sleep(0.05)
    for each in asked:
        each.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await asyncio.wait_for(model.close(), 5)
    assert (await model.complete(request(output=Whole(0, 9)))).text.startswith("Answer: ")
    await model.close()


async def test_device_and_numbers_are_said_once(folder, capsys):
    fresh = LocalModel(folder, name="hf:said", device="cpu")
    await answers(fresh, [request(repeat=str(i)) for i in range(3)])
    assert capsys.readouterr().err == "manyminds: hf:said runs on cpu (as MANYMINDS_DEVICE says) with float32 numbers\n"


def test_references(folder, tmp_path):
    assert load(f"hf:{folder}").name == f"hf:{folder}"
    with pytest.raises(BadInput, match=r"nothing is downloaded by itself; fetch it once with: hf download some/model"):
        load("hf:some/model")
    with pytest.raises(BadInput, match=r"no config\.json"):
        load(f"hf:{tmp_path}")


async def test_a_broken_folder_is_one_sentence(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(BadInput, match="cannot be loaded") as error:
        await LocalModel(str(tmp_path)).complete(request())
    assert "\n" not in str(error.value)


@settings(max_examples=40)
@given(st.lists(st.sampled_from([r"\d", r"\w", r"\s", "a", "[ab]", r"[\dx]", r"[^\d]", r"\.", "+", "|"]), min_size=1))
def test_ascii_sets_mean_no_more_than_before(parts):
    import re

    try:
        before = re.compile("".join(parts))
    except re.error:
        return
    after = re.compile(in_ascii("".join(parts)))
    for text in ("a", "1", "٣", "é", " ", "ab", "a1", "1 a", ".", "x9", "9٣"):
        assert not after.fullmatch(text) or before.fullmatch(text)
