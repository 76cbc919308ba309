"""The house model: the same numbers as `transformers` from the same files, and answers like every other model."""

import asyncio
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from house import TINY, build, decoder, rounded
from pydantic import BaseModel, Field

from manyminds.core import BadInput, Choice, Form, Pattern, Refused, Whole
from manyminds.models.decoding import Row
from manyminds.models.house import decoder as decoding
from manyminds.models.house import sampling, weights
from manyminds.models.house.decoder import SIZES, Decoder
from manyminds.models.house.model import HouseModel
from manyminds.models.house.sampling import decode, fitting
from manyminds.models.load import load
from manyminds.models.request import Request, system, user

PROMPTS = ("How many are they apart?", "Which goes with Tom?", "a longer question, on pairs: " + "Kim Bob, " * 4)


class Report(BaseModel):
    kind: str = Field(pattern="^[a-z]{3}$")
    places: list[int] = Field(max_length=3)


OUTPUTS = (None, Choice(("left", "the right")), Whole(0, 99), Pattern("[a-z]{3}-[0-9]+"), Form(Report))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build(tmp_path_factory.mktemp("house"))


@pytest.fixture
def peer(folder, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    transformers = pytest.importorskip("transformers")
    transformers.utils.logging.disable_progress_bar()
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype="float32", attn_implementation="eager")


def requests(count=15, **options):
    given = {"temperature": 1.0, "max_tokens": 30} | options
    return [Request((user(PROMPTS[i % 3]),), repeat=str(i), **given) for i in range(count)]


async def answers(model, asked):
    found = await asyncio.gather(*(model.complete(each) for each in asked))
    await model.close()
    return found


def test_logits_are_those_of_transformers(folder, peer):
    import torch

    tokens = np.random.default_rng(0).integers(0, TINY.vocab, (3, 90))
    ours = np.asarray(weights.load(folder)(jnp.asarray(tokens)))
    theirs = peer(torch.tensor(tokens)).logits.detach().numpy()
    assert np.abs(ours - theirs).max() < 1e-4 < np.abs(theirs).max()
    assert peer.num_parameters() == TINY.parameters


@pytest.mark.parametrize(("size", "parameters"), [("XS", 803_968), ("S", 4_615_424)])
def test_sizes(size, parameters):
    found = jax.tree.leaves(Decoder.like(SIZES[size]))
    assert sum(leaf.size for leaf in found) == SIZES[size].parameters == parameters
    assert 2 * SIZES["S"].parameters < 16e6


def test_files_of_transformers_are_read(folder, peer, tmp_path):
    """There and back: what `save_pretrained` writes is the same decoder."""
    peer.save_pretrained(tmp_path)
    again = weights.load(tmp_path)
    assert again.shape == TINY
    same = jax.tree.map(lambda a, b: bool((a == b).all()), again, rounded(decoder()))
    assert jax.tree.all(same)


@pytest.mark.parametrize(
    "change",
    [{"tie_word_embeddings": False}, {"hidden_act": "gelu"}, {"num_key_value_heads": 4}, {"model_type": "gpt2"}],
)
def test_another_architecture_is_refused(folder, tmp_path, change):
    config = json.loads((folder / "config.json").read_text()) | change
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(BadInput, match=str(tmp_path)):
        weights.load(tmp_path)


def test_packed_texts_do_not_see_each_other():
    model, rng = decoder(), np.random.default_rng(1)
    first, second = (jnp.asarray(rng.integers(0, TINY.vocab, (1, n))) for n in (20, 25))
    owner = jnp.asarray([[1] * 20 + [2] * 25])
    together = model(jnp.concatenate([first, second], 1), owner)
    assert np.allclose(together[:, :20], model(first), atol=1e-4)
    assert np.allclose(together[:, 20:], model(second), atol=1e-4)  # rotary positions are relative
    mutant = model(jnp.concatenate([first, second], 1))  # a leaking mask
    assert not np.allclose(mutant[:, 20:], model(second), atol=1e-2)


def test_half_precision_products_have_the_gradient_of_whole_ones():
    model = decoder()
    tokens = jnp.asarray(np.random.default_rng(2).integers(0, TINY.vocab, (2, 30)))

    def slope(numbers):
        gradient = jax.grad(lambda one: jax.nn.log_softmax(one(tokens, None, numbers))[..., 5].mean())(model)
        return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(gradient)])

    whole, half = slope(jnp.float32), slope(jnp.bfloat16)
    assert float(whole @ half / jnp.linalg.norm(whole) / jnp.linalg.norm(half)) > 0.999


def test_gradients_are_those_of_plain_products(monkeypatch):
    model = decoder()
    tokens = jnp.asarray(np.random.default_rng(2).integers(0, TINY.vocab, (2, 30)))
    owner = jnp.asarray([[1] * 12 + [2] * 18] * 2)

    def slope():
        gradient = jax.grad(lambda one: jax.nn.log_softmax(one(tokens, owner))[..., 5].mean())(model)
        return jnp.concatenate([leaf.reshape(-1) for leaf in jax.tree.leaves(gradient)])

    ours = slope()
    monkeypatch.setattr(decoding, "contract", lambda axes, numbers, a, b: jnp.einsum(axes, a, b))
    assert jnp.allclose(ours, slope(), atol=1e-5)


async def test_tokens_and_log_probabilities_of_greedy_answers_are_those_of_transformers(folder, peer):
    import torch

    model = HouseModel(folder)
    asked = requests(3, temperature=0, logprobs=True, max_tokens=25)
    for each, said in zip(asked, await answers(model, asked)):
        prompt = model.loaded.encoded(model.loaded.prompt(each.messages)[0])
        given = torch.tensor([prompt])
        grown = peer.generate(given, attention_mask=torch.ones_like(given), max_new_tokens=25, do_sample=False)
        new = [token for token in grown[0, len(prompt) :].tolist() if token not in (0, 1)]
        assert said.text == model.loaded.text(new) and said.usage.completion_tokens == len(new)
        scores = torch.log_softmax(peer(torch.tensor([prompt + new])).logits[0].detach(), -1)
        expected = [float(scores[len(prompt) - 1 + k, token]) for k, token in enumerate(new)]
        assert [value for _, value in said.logprobs] == pytest.approx(expected, abs=1e-4)


async def test_the_same_folder_by_transformers_gives_the_same_answers(folder, peer):
    """Two implementations, one stream of draws: sampled and masked answers agree to the letter."""
    asked = [Request((user(PROMPTS[i % 3]),), temperature=i % 2, top_p=(1, 0.8)[i // 2 % 2], max_tokens=40,
                     repeat=str(i), output=OUTPUTS[i % 5]) for i in range(30)]  # fmt: skip
    ours, theirs = await answers(load(f"house:{folder}"), asked), await answers(load(f"hf:{folder}"), asked)
    assert [each.text for each in ours] == [each.text for each in theirs]
    assert [each.finish for each in ours] == [each.finish for each in theirs]
    for request, said in zip(asked, ours):
        assert request.output is None or request.output.parse(said.text) is not None


async def test_an_answer_does_not_depend_on_who_is_answered_beside_it(folder):
    asked = requests(12)
    together = [each.text for each in await answers(HouseModel(folder), asked)]
    assert [each.text for each in await answers(HouseModel(folder, batch=1), asked)] == together
    backwards = await answers(HouseModel(folder, batch=5), asked[::-1])
    assert [each.text for each in backwards[::-1]] == together
    assert len(set(together)) > 10


async def test_a_callback_masks_tokens(folder):
    """An output that brings its own mask: only the letter a, three times."""

    class Letters:
        def parse(self, text):
            return text

        def token_mask(self, texts, ends):
            return OnlyA([i for i, text in enumerate(texts) if text == b"a"], ends)

    class OnlyA:
        def __init__(self, tokens, ends, taken=0):
            self.tokens, self.ends, self.taken = tokens, ends, taken

        ended = property(lambda self: self.taken == 3)

        def copy(self):
            return OnlyA(self.tokens, self.ends, self.taken)

        def allowed(self):
            found = np.zeros(TINY.vocab, bool)
            found[self.tokens] = True
            return found

        def take(self, token):
            self.taken += 1

        def completed_by(self, way):
            return True

        def way_out(self, longest):
            return self.tokens * (3 - self.taken)

    (said,) = await answers(HouseModel(folder), [Request((user("x"),), output=Letters())])
    assert said.text == "aaa"


async def test_stop_strings_limits_and_refusals(folder):
    (plain,) = await answers(HouseModel(folder), requests(1, max_tokens=25))
    stop = plain.text[5:7]
    (cut,) = await answers(HouseModel(folder), requests(1, max_tokens=25, stop=(stop,)))
    assert cut.text == plain.text.partition(stop)[0] and cut.finish == "stop"
    (short,) = await answers(HouseModel(folder), requests(1, max_tokens=3))
    assert short.finish == "length" and short.usage.completion_tokens == 3
    with pytest.raises(Refused, match=r"prompt has \d+ tokens"):
        await HouseModel(folder).complete(Request((user("many fish " * 60),)))
    (full,) = await answers(HouseModel(folder), requests(1, max_tokens=1000, temperature=3.0))
    assert full.usage.tokens <= TINY.context


def test_roles_are_marks(folder):
    model = asyncio.run(HouseModel(folder).ready())
    assert model.prompt((system("Be kind."), user("Hi")))[0] == "<u>Be kind.\nHi<a>"
    assert model.encoded("<u>?<a>")[0::2] == [model.tokenizer.ids["<u>"], model.tokenizer.ids["<a>"]]


def test_rows_leave_and_caches_grow_without_a_trace(folder):
    """Rows of very different lengths: each as if it were alone."""
    model = asyncio.run(HouseModel(folder).ready())
    lengths = (3, 60, 7, 30, 65, 12, 5, 22, 44)

    def rows():
        asked = [Request((), temperature=1.0, max_tokens=n, repeat=str(n)) for n in lengths]
        return [Row(each, [40 + each.max_tokens] * (1 + i * 3), each.max_tokens, ()) for i, each in enumerate(asked)]

    together, alone = rows(), rows()
    decode(model.decoder, together, (), model.text)
    for row in alone:
        decode(model.decoder, [row], (), model.text)
    assert [row.tokens for row in together] == [row.tokens for row in alone]
    assert [len(row.tokens) for row in together] == list(lengths)
    assert fitting((1, 8), 9) == 16 and fitting((64, 128), 65, 96) == 96


def test_a_shared_prompt_is_read_once_and_answered_as_if_alone(folder, monkeypatch):
    model = asyncio.run(HouseModel(folder).ready())

    def rows():
        asked = [Request((), temperature=1.0, max_tokens=9, repeat=str(n)) for n in range(11)]
        return [Row(each, [50 + i % 2] * (4 + i % 2), 9, ()) for i, each in enumerate(asked)]

    seen, read = [], sampling.read
    monkeypatch.setattr(sampling, "read", lambda *given: seen.append(given[1].shape) or read(*given))
    together, alone = rows(), rows()
    decode(model.decoder, together, (), model.text)
    assert seen == [(8, 64)]  # two prompts, filled up
    for row in alone:
        decode(model.decoder, [row], (), model.text)
    assert [row.tokens for row in together] == [row.tokens for row in alone]
    assert len({tuple(row.tokens) for row in together}) == 11


@pytest.mark.parametrize("together", [True, False])
def test_a_prompt_that_goes_on_where_a_row_ended_is_read_from_there(folder, monkeypatch, together):
    """Second turns: one goes on, one goes on from a text that departs early, one is new. As if all had been read."""
    model = asyncio.run(HouseModel(folder).ready())

    def asked(prompt, name, before=None, keeps=False):
        given = Request((), temperature=1.0, max_tokens=9, repeat=name, logprobs=True)
        return Row(given, prompt, 9, (), before=before, keeps=keeps)

    firsts = [asked([50 + i] * (20 + i), f"first {i}", keeps=i != 1) for i in range(3)]
    decode(model.decoder, firsts, (), model.text)
    assert firsts[1].kept is None
    for row in (firsts[0], firsts[2]):
        assert row.kept.tokens == tuple(row.prompt + row.tokens[:8])  # the last one has not been read
        assert row.kept.keys[0].shape[1] == len(row.kept.tokens)
    onward = [*firsts[0].prompt, *firsts[0].tokens, 44, 45], [*firsts[2].prompt[:5], 46, 47] * 3, [48, 49] * 9
    counts, read_on = [], sampling.read_on
    monkeypatch.setattr(sampling, "read_on", lambda *given: counts.append(given[2].shape) or read_on(*given))
    befores = (firsts[0].kept, firsts[2].kept, None)
    found = [asked(prompt, f"second {i}", before) for i, (prompt, before) in enumerate(zip(onward, befores))]
    plain = [asked(prompt, f"second {i}") for i, prompt in enumerate(onward)]
    for rows in [found] if together else [[row] for row in found]:
        decode(model.decoder, rows, (), model.text)
    assert counts == ([(8, 32)] if together else [(1, 32), (1, 32)])
    decode(model.decoder, plain, (), model.text)
    for row, other in zip(found, plain):
        assert row.tokens == other.tokens and np.allclose(row.logprobs, other.logprobs, atol=1e-4)


def test_references(folder, tmp_path):
    assert load(f"house:{folder}").name == f"house:{folder}"
    with pytest.raises(BadInput, match="raise one with: manyminds raise"):
        load(f"house:{tmp_path}")
