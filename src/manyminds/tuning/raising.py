"""Raising the house model: a small decoder learns the nursery from nothing, in stages, resumable at any moment.

Two stages: the two lowest levels of all families, half of it looking up until that is mastered (to 35 %), then the full
mixture, in which half of the mistakes that are to be found or mended are the model's own (`own_mistakes.py`); in the
last part (from 80 %) the rate falls along a cosine. Matrices between the layers learn by Muon, which makes every step
orthogonal (Jordan 2024; arXiv 2502.16982), the rest by Adam (arXiv 1412.6980), and matrices decay apart from both
(arXiv 1711.05101). How far the raise is, is one number, `progress`; it counts tokens where a number of tokens was
given, and where minutes were given it is planned anew after every chunk from the speed and the time that is left, so a
slow machine raises a model on fewer tokens through the same stages.

A specialist begins with the weights of another model and reads `only` some families, in the full mixture from the first
chunk on: what to do where a family stays out of band.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from manyminds.core import BadInput, Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.core.errors import unknown
from manyminds.models.house import weights
from manyminds.models.house.decoder import SIZES, Decoder, contract
from manyminds.models.house.model import Speaking
from manyminds.models.house.tokenizer import END, PAD, Tokenizer
from manyminds.tuning import bases, own_mistakes
from manyminds.tuning.mixture import Batch, Mixture, known, packed, spelled

RATES = {"XS": 2e-3, "T": 1.5e-3, "S": 1.2e-3, "M": 1e-3}  # peak learning rates
STEP = 0.6  # root mean square of a step of Muon at rate 1, for a matrix with as many rows as columns
LOW, FALL = 0.35, 0.80  # progress at which the first stage ends, and at which the rate begins to fall
FORGET = 0.6  # what a chunk leaves of the accuracies seen before it
GUESS = 1500.0  # tokens a second, before any speed is known
AGAIN = 0.5  # of the peak rate, where weights are learned further
BEFORE = {"own": False, "begin": "", "begun": "", "only": ()}  # what recipes say that were kept before they said it
HALTED = 20.0  # times the usual seconds of a chunk, after which the process must have been halted


@dataclass(frozen=True)
class Recipe:
    """All that decides a raise. With `tokens` the result is the same on every run; with `minutes` alone it depends on
    how fast the machine is."""

    size: str = "S"
    seed: int = 0
    minutes: float = 90.0
    tokens: int = 0  # where above 0, they count instead of the minutes
    batch: int = 2048  # tokens of one step; few, because small batches learn more from a token
    chunk: int = 64  # steps between two checkpoints
    numbers: str = ""  # of matrix products: float32 or bfloat16; chosen by the machine where empty
    warmup: int = 100  # steps until the peak rate
    last_rate: float = 1e-4
    decay: float = 0.05
    clip: float = 1.0
    rarer: int = 1  # facts of the closed book are shown by this factor more rarely; 4: a weak sibling
    own: bool = True  # half of the mistakes in turns are the model's own, once it has made some
    begin: str = ""  # a folder, or "house": the model with whose weights a specialist begins
    begun: str = ""  # the digest of these weights; found by itself
    only: tuple[str, ...] = ()  # families; all where empty

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise unknown("size", self.size, SIZES)
        if not (self.minutes > 0 or self.tokens > 0):
            raise BadInput(f"a raise takes minutes or tokens above 0, not {self.minutes:g} and {self.tokens}")
        if self.numbers not in ("", "float32", "bfloat16"):
            raise unknown("numbers", self.numbers, ("float32", "bfloat16"))
        if self.batch < SIZES[self.size].context or self.chunk < 1:
            raise BadInput(f"a step has at least {SIZES[self.size].context} tokens and a chunk one step")
        if self.rarer < 1:
            raise BadInput(f"facts are shown by a factor of 1 or more as rarely, not {self.rarer}")
        if self.begin and not self.only:
            raise BadInput("what begins with the weights of another model is a specialist: name its families")
        object.__setattr__(self, "only", tuple(self.only))  # JSON knows no tuples

    @property
    def low(self) -> float:
        """Progress at which the first stage ends."""
        return 0.0 if self.begin else LOW


class State(NamedTuple):
    """What a checkpoint holds. The rows of the counts are the mixture's labels."""

    decoder: Decoder
    optimiser: Any
    chunks: np.ndarray
    steps: np.ndarray
    tokens: np.ndarray  # real ones, without filling
    progress: np.ndarray  # in [0, 1]
    seconds: np.ndarray  # at work
    shown: np.ndarray  # facts of the closed book
    asked: np.ndarray  # texts a label, old chunks fading
    right: np.ndarray  # of these, the ones whose completions were all predicted
    exposure: np.ndarray  # tokens a label so far


def raised(recipe: Recipe, folder: Path, told: Callable[[dict[str, Any]], None] = lambda line: None) -> Decoder:
    """Raise a model in `folder`, or go on where it stands, and leave there config.json, tokenizer.json,
    model.safetensors (after every chunk, so it can be looked at), curve.jsonl, own.jsonl and recipe.json.

    `told` gets each line of the curve. Raises `BadInput` when the folder holds a raise by another recipe.
    """
    known(recipe.only, Seeds(recipe.seed))
    recipe = agreed(recipe, folder)
    shape = SIZES[recipe.size]
    seeds = Seeds(recipe.seed)
    tokenizer = kept_tokenizer(seeds, shape.vocab, folder, recipe.begin)
    mixture = Mixture(seeds, tokenizer, shape.context, recipe.rarer, only=recipe.only)
    decoder = begun(recipe) if recipe.begin else Decoder.drawn(shape, seeds.jax("raise", "weights"))
    optimiser = optimiser_of(recipe.numbers, recipe.decay, recipe.clip)
    checkpoint = Checkpoint(folder / "raise.checkpoint")
    start = beginning(decoder, optimiser, len(mixture.labels))
    state = checkpoint.load(start) or start
    shorten(folder / "curve.jsonl", int(state.chunks))
    if not state.chunks or state.progress < recipe.low:  # of a raise whose checkpoint was lost
        (folder / own_mistakes.FILE).unlink(missing_ok=True)
    step = stepping(recipe.numbers, recipe.batch, recipe.decay, recipe.clip)
    speed, own = GUESS, None
    while state.progress < 1:
        began = perf_counter()
        if recipe.own and own is None and state.progress >= recipe.low:
            read = own_mistakes.LEAST * own_mistakes.TOKENS if mixture.shows_mistakes and recipe.begin else 0
            own = mistakes(folder, seeds, tokenizer, state, max(read, int(state.tokens)))
            mixture = replace(mixture, own=own.own)
            state = state._replace(seconds=state.seconds + perf_counter() - began)
            began = perf_counter()
        state, line = one_chunk(recipe, mixture, step, state, speed)
        spent = counted(perf_counter() - began, line["tokens"] / speed)
        speed = line["tokens"] / spent
        state = state._replace(seconds=state.seconds + spent)
        line |= {"total": int(state.tokens), "speed": round(speed), "minutes": round(float(state.seconds) / 60, 2)}
        line |= {"own": sum(own.enough.values())} if own else {}
        checkpoint.save(state)
        weights.store(state.decoder, folder, tokenizer.ids[END], tokenizer.ids[PAD])
        with (folder / "curve.jsonl").open("a", encoding="utf-8") as curve:
            curve.write(json.dumps(line) + "\n")
        told(line)
    (folder / "exposure.json").write_text(json.dumps(exposure(mixture, state), indent=1), encoding="utf-8")
    return state.decoder


def mistakes(folder: Path, seeds: Seeds, tokenizer: Tokenizer, state: State, read: int) -> own_mistakes.Found:
    """The model's own mistakes as they were kept, or sampled now, before the first chunk of the full mixture, as many
    as a model makes that has read so much.

    Raises `BadInput` where that chunk has been and the file is gone: the texts could not be the same again.
    """
    found = own_mistakes.kept(folder)
    if found is None:
        if (folder / "curve.jsonl").is_file() and '"stage": "full"' in (folder / "curve.jsonl").read_text("utf-8"):
            raise BadInput(f"{folder / own_mistakes.FILE} is gone, so this raise can't go on; name another folder")
        speaker = Speaking(state.decoder, tokenizer)
        found = own_mistakes.sampled(speaker, seeds, read, float(state.progress))
        own_mistakes.keep(found, folder)
    return found


def agreed(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe, its numbers chosen, kept in the folder; or the one that is there, when it says the same."""
    path = folder / "recipe.json"
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise BadInput(f"{folder} is not empty and holds no raise; name another folder")
        found = {"numbers": recipe.numbers or chosen_numbers()}
        if recipe.begin:
            found["begun"] = weights.digest(bases.checked(recipe.begin, recipe.size, recipe.seed))
        recipe = replace(recipe, **found)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(recipe), indent=1), encoding="utf-8")
        return recipe
    try:
        kept = Recipe(**BEFORE | json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise BadInput(f"{path} is no recipe of a raise") from None
    asked = asdict(recipe) | {"numbers": recipe.numbers or kept.numbers, "begun": recipe.begun or kept.begun}
    for name, value in asdict(kept).items():
        if asked[name] != value:
            raise BadInput(f"{folder} holds a raise with {name}={value}, not {asked[name]}; name another folder")
    return kept


def chosen_numbers() -> str:
    """bfloat16 where this machine multiplies it in hardware, many times as fast; weights stay float32 in any case."""
    if jax.default_backend() != "cpu":
        return "bfloat16"
    try:
        return "bfloat16" if "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8") else "float32"
    except OSError:
        return "float32"


def begun(recipe: Recipe) -> Decoder:
    """The weights that a specialist begins with."""
    folder = bases.checked(recipe.begin, recipe.size, recipe.seed)
    if weights.digest(folder) != recipe.begun:
        raise BadInput(f"{folder} holds other weights than those that this raise began with; name another folder")
    return weights.load(folder)


def kept_tokenizer(seeds: Seeds, size: int, folder: Path, begin: str) -> Tokenizer:
    if not (folder / "tokenizer.json").is_file():
        (Tokenizer.load(bases.folder_of(begin)) if begin else spelled(seeds, size)).save(folder)
    return Tokenizer.load(folder)


def counted(seconds: float, usual: float) -> float:
    """The seconds of a chunk that count as work. A process that is halted (a laptop put to sleep) must not find its
    plan at the end when it goes on, with a rate that never fell."""
    return usual if seconds > HALTED * usual else seconds


@lru_cache(maxsize=8)
def optimiser_of(numbers: str, decay: float, clip: float) -> optax.GradientTransformation:
    """Muon and Adam without their rate, which every step gets as an argument. Only matrices decay."""

    def matrices(tree: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf.ndim > 1, tree)

    def kinds(decoder: Decoder) -> Any:
        named = jax.tree.map(lambda leaf: "muon" if leaf.ndim == 2 else "adam", decoder)
        return eqx.tree_at(lambda tree: tree.embedding, named, "adam")

    # A size at which one rate serves both (arXiv 2502.16982, section 2.2, with another factor).
    sized = optax.stateless(lambda steps, _: jax.tree.map(lambda x: STEP * max(x.shape) ** 0.5 * x, steps))
    orthogonal = optax.stateless(lambda steps, _: orthogonalised(steps, numbers))
    by_kind = {"muon": optax.chain(optax.trace(0.95, nesterov=True), orthogonal, sized),
               "adam": optax.scale_by_adam(b1=0.9, b2=0.98)}  # fmt: skip
    return optax.chain(
        optax.clip_by_global_norm(clip),
        optax.partition(by_kind, kinds),
        optax.add_decayed_weights(decay, mask=matrices),
    )


def orthogonalised(steps: Any, numbers: str) -> Any:
    """All matrices of a tree brought near to orthogonal ones, those of one shape together.

    What `optax.contrib.scale_by_muon` does, which takes the matrices one by one and in float32: with it two fifths of a
    whole step of size T went into the optimiser.
    """
    leaves, tree = jax.tree.flatten(steps)
    alike: dict[tuple[int, ...], list[int]] = {}
    for i, leaf in enumerate(leaves):
        alike.setdefault(leaf.shape, []).append(i)
    for (rows, columns), places in alike.items():
        stacked = jnp.stack([leaves[i] for i in places])
        found = newton_schulz(stacked, numbers) if rows <= columns else newton_schulz(stacked.mT, numbers).mT
        for place, leaf in zip(places, found):
            leaves[place] = leaf
    return jax.tree.unflatten(tree, leaves)


def newton_schulz(x: Array, numbers: str) -> Array:
    """x (matrices, rows, columns), rows <= columns, with singular values brought to about 1 (.7 to 1.2) by five
    steps of the polynomial of Jordan 2024; products of `numbers`."""
    dtype = jnp.dtype(numbers)
    x = x / (jnp.linalg.norm(x, axis=(1, 2), keepdims=True) + 1e-8)
    for _ in range(5):
        square = contract("nij,nkj->nik", dtype, x, x)
        fourth = contract("nij,njk->nik", dtype, square, square)
        x = 3.4445 * x + contract("nij,njk->nik", dtype, 2.0315 * fourth - 4.775 * square, x)
    return x


def beginning(decoder: Decoder, optimiser: optax.GradientTransformation, labels: int) -> State:
    whole, real = np.array(0), np.array(0.0)
    counts = np.zeros(labels)
    return State(
        decoder, optimiser.init(decoder), whole, whole, whole, real, real, whole, counts, counts,
        np.zeros(labels, np.int64),
    )  # fmt: skip


def rate(recipe: Recipe, step: int, progress: float) -> float:
    """The learning rate: a linear warm-up, a plateau, a cosine to the last rate."""
    peak = RATES[recipe.size] * (AGAIN if recipe.begin else 1.0) * min(1.0, (step + 1) / recipe.warmup)
    fallen = (1 - np.cos(np.pi * max(0.0, progress - FALL) / (1 - FALL))) / 2
    return float(peak + fallen * (recipe.last_rate - peak))


Step = Callable[[Decoder, Any, Batch, float], tuple[Decoder, Any, Array, Array]]


@lru_cache(maxsize=8)  # raises that compute the same share the compiled program
def stepping(numbers: str, tokens: int, decay: float, clip: float) -> Step:
    """One update by batches of `tokens` tokens: (decoder, optimiser, batch, rate) -> (decoder, optimiser, loss, wrong
    tokens of each text)."""
    optimiser = optimiser_of(numbers, decay, clip)
    texts = tokens // 4 + 1  # none is shorter than four tokens

    def loss(decoder: Decoder, tokens: Array, weight: Array, owner: Array) -> tuple[Array, Array]:
        logits = decoder(tokens, owner, jnp.dtype(numbers))[:, :-1]
        chosen = jnp.take_along_axis(logits, tokens[:, 1:, None], -1)[..., 0]
        missed = jax.nn.logsumexp(logits, -1) - chosen
        wrong = (logits.max(-1) > chosen) & (weight[:, 1:] == 1)
        counts = jax.ops.segment_sum(wrong.reshape(-1).astype(jnp.int32), owner[:, 1:].reshape(-1), texts)
        return (missed * weight[:, 1:]).sum() / jnp.maximum(weight[:, 1:].sum(), 1.0), counts

    @eqx.filter_jit(donate="all")
    def update(
        decoder: Decoder, kept: Any, arrays: tuple[Array, ...], rate: Array
    ) -> tuple[Decoder, Any, Array, Array]:
        (value, counts), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(decoder, *arrays)
        updates, kept = optimiser.update(gradient, kept, decoder)
        decoder = jax.tree.map(lambda weight, change: weight - rate * change, decoder, updates)
        return decoder, kept, value, counts

    def step(decoder: Decoder, kept: Any, batch: Batch, rate: float) -> tuple[Decoder, Any, Array, Array]:
        arrays = tuple(map(jnp.asarray, batch[:3]))
        return update(decoder, kept, arrays, jnp.float32(rate))

    return step


def one_chunk(recipe: Recipe, mixture: Mixture, step: Step, state: State, speed: float) -> tuple[State, dict[str, Any]]:
    """The state after the next chunk of texts, and what it logs."""
    number, progress = int(state.chunks), float(state.progress)
    ahead = max(recipe.batch, to_come(recipe, state, speed, mixture.spared(int(state.shown))))
    tokens = int(min(recipe.batch * recipe.chunk, ahead))
    after = progress + (1 - progress) * tokens / ahead
    seen = accuracy(mixture, state)
    stage = "low" if progress < recipe.low else "full"
    shown = slice(int(state.shown), round(after * len(mixture.book)))
    documents, long = mixture.chunk(number, mixture.shares(stage, seen), tokens, shown)
    rng = mixture.seeds.numpy("raise", number, "order")
    batches = packed(documents, recipe.batch, mixture.context, rng)
    decoder, kept = jax.tree.map(jnp.array, (state.decoder, state.optimiser))  # copies, because a step takes them over
    losses, wrong = [], []
    for i, batch in enumerate(batches):
        here = rate(recipe, int(state.steps) + i, progress + (after - progress) * (i + 1) / len(batches))
        decoder, kept, value, counts = step(decoder, kept, batch, here)
        losses.append(value)
        wrong.append(counts)
    loss = float(np.mean([float(value) for value in losses]))
    if not np.isfinite(loss):
        raise FloatingPointError(f"the loss is not finite in chunk {number}")
    labels = np.concatenate([batch.labels for batch in batches])
    right = np.concatenate([np.asarray(found)[1 : len(batch.labels) + 1] == 0 for batch, found in zip(batches, wrong)])
    asked_now = np.bincount(labels, minlength=len(mixture.labels))
    right_now = np.bincount(labels[right], minlength=len(mixture.labels))
    lengths = np.bincount([one.label for one in documents], [len(one.tokens) for one in documents], len(mixture.labels))
    state = state._replace(
        decoder=decoder, optimiser=kept, chunks=state.chunks + 1, steps=state.steps + len(batches),
        tokens=state.tokens + int(lengths.sum()), progress=np.array(after), shown=np.array(shown.stop),
        asked=FORGET * state.asked + asked_now, right=FORGET * state.right + right_now,
        exposure=state.exposure + lengths.astype(np.int64),
    )  # fmt: skip
    line = {
        "chunk": number, "stage": stage, "progress": round(after, 4), "rate": here, "loss": round(loss, 4),
        "tokens": int(lengths.sum()), "too_long": long, "predicted": predicted(mixture, right_now, asked_now),
    }  # fmt: skip
    return state, line


def to_come(recipe: Recipe, state: State, speed: float, spared: int = 0) -> float:
    """The tokens that are still to be read. `spared`: what was left out of the book counts as read, so that a weak
    sibling is as far with every other text."""
    if recipe.tokens:
        return recipe.tokens - float(state.tokens) - spared
    return speed * (60 * recipe.minutes - float(state.seconds))


def accuracy(mixture: Mixture, state: State) -> np.ndarray:
    """(cells,) the share of texts that were predicted to the last token, in the format in which it is highest; 0 where
    fewer than ten were seen."""
    found = np.where(state.asked >= 10, state.right / np.maximum(state.asked, 1), 0.0)
    best = dict.fromkeys(mixture.cells, 0.0)
    for (family, level, _), share in zip(mixture.labels[:-1], found):
        best[(family, level)] = max(best[(family, level)], float(share))  # type: ignore[index]
    return np.array([best[cell] for cell in mixture.cells])


def predicted(mixture: Mixture, right: np.ndarray, asked: np.ndarray) -> dict[str, list[int]]:
    """[right, asked] by `family level format`."""
    names = (" ".join(map(str, label)) for label in mixture.labels)
    return {name: [int(r), int(n)] for name, r, n in zip(names, right, asked) if n}


def exposure(mixture: Mixture, state: State) -> dict[str, int]:
    """Tokens by `family level format`: what the rule of equal exposure is checked with."""
    return {" ".join(map(str, label)): int(n) for label, n in zip(mixture.labels, state.exposure) if n}


def shorten(path: Path, lines: int) -> None:
    """Leave only the first `lines` lines: later ones are of a process that was killed before its checkpoint."""
    if path.is_file():
        kept = path.read_text(encoding="utf-8").splitlines(keepends=True)[:lines]
        path.write_text("".join(kept), encoding="utf-8")
