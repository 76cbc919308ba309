"""Tokens a core-second of the house model: batched sampling beside `transformers.generate` on the same weights, and
what masks cost. Every figure is the fastest of some calls, after one that compiles; ratios are printed.

    python benchmarks/house.py [--folder FOLDER | --size S] [--rows 64] [--tokens 60]
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import jax

from manyminds.core import Choice, Pattern
from manyminds.models.decoding import Row
from manyminds.models.house.decoder import SIZES, Decoder
from manyminds.models.house.model import Speaking, speaking
from manyminds.models.house.tokenizer import END, PAD, trained
from manyminds.models.house.weights import store
from manyminds.models.load import HOUSE
from manyminds.models.request import Request, user

PROMPTS = (
    "Ada has 17 apples. Ben has 25. How many are they apart?",
    "The baker of Kim is Tom. Who is the baker of Kim?",
)
LETTERS = Pattern("[A-Za-z ]{400}")  # long enough that no answer ends early


def random_model(folder: Path, size: str) -> None:
    """A model of this size with weights as they are drawn: what it says does not matter here."""
    tokenizer = trained(PROMPTS, 320)
    tokenizer.save(folder)
    store(Decoder.drawn(SIZES[size], jax.random.key(0)), folder, tokenizer.ids[END], tokenizer.ids[PAD])


def best(work, clock=process_time, repeats=3):
    """Tokens a second of the fastest call, by default of CPU time (so that a busy machine matters little)."""
    work()
    found = 0.0
    for _ in range(repeats):
        start = clock()
        found = max(found, work() / (clock() - start))
    return found


def ours(model: Speaking, rows: int, tokens: int, output=None, clock=process_time) -> float:
    def work() -> int:
        asked = [
            Request((user(PROMPTS[i % 2]),), temperature=1.0, max_tokens=tokens, repeat=str(i)) for i in range(rows)
        ]
        growing = [Row(each, model.encoded(model.prompt(each.messages)[0]), tokens, ()) for each in asked]
        for row in growing if output is not None else ():
            row.fresh = model.mask(output)[0]
        model.decode(growing)
        return sum(len(row.tokens) for row in growing)

    return best(work, clock)


def theirs(folder: Path, model: Speaking, rows: int, tokens: int) -> float:
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    peer = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    prompts = [model.encoded(model.prompt((user(PROMPTS[i % 2]),))[0]) for i in range(rows)]
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(one)) + one for one in prompts])
    seen = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts])

    def work() -> int:
        torch.manual_seed(0)
        with torch.inference_mode():
            said = peer.generate(ids, attention_mask=seen, do_sample=True, temperature=1.0, top_k=0,
                                 max_new_tokens=tokens, min_new_tokens=tokens)  # fmt: skip
        return int(said[:, longest:].numel())

    return best(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HOUSE, help="a house model; the one that ships if not given")
    parser.add_argument("--size", choices=SIZES, help="random weights of this size instead")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=60)
    given = parser.parse_args()
    with TemporaryDirectory() as place:
        folder = Path(place) if given.size else given.folder
        if given.size:
            random_model(folder, given.size)
        model = speaking(folder, 0)
        assert model.words.vocab_size  # made while the model still has an end
        model.ends = ()  # all answers are of one length, as those of the peer
        plain = ours(model, given.rows, given.tokens)
        print(f"{given.rows} rows of {given.tokens} tokens, {model.decoder.shape.parameters:,} parameters")
        print(f"ours, batched: {plain:,.0f} tokens a core-second")
        alone = ours(model, 1, given.tokens)
        print(f"ours, one row: {alone:,.0f} tokens a core-second; batched / alone {plain / alone:.1f}")
        masked = ours(model, given.rows, given.tokens, LETTERS)
        print(f"ours, masked by a pattern: {masked:,.0f} tokens a core-second; masked / unmasked {masked / plain:.2f}")
        by_clock = [ours(model, given.rows, given.tokens, output, perf_counter) for output in (None, LETTERS)]
        print("masked / unmasked by the clock, where masks may be made beside the model: "
              f"{by_clock[1] / by_clock[0]:.2f} ({by_clock[1]:,.0f} / {by_clock[0]:,.0f} tokens a second)")  # fmt: skip
        choice = ours(model, given.rows, given.tokens, Choice(("left", "right")))
        print(f"ours, choices: {choice:,.0f} tokens a core-second (short answers: reading the prompts is most of it)")
        peer = theirs(folder, model, given.rows, given.tokens)
        print(f"transformers.generate: {peer:,.0f} tokens a core-second; ours / transformers {plain / peer:.2f}")


if __name__ == "__main__":
    main()
