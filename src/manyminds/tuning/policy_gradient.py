"""Policy gradient for language models: many completions of each prompt, an advantage for each, a pull to a reference.

The objective is E[reward] - beta KL(policy || reference), over whole completions. Its gradient (REINFORCE, Williams
1992) is estimated without bias: a token is credited with the advantage of its completion less beta times the divergence
of all tokens after it, and the divergence of its own step is differentiated over the whole vocabulary. To differentiate
the divergences of the steps alone would forget that the policy also decides which steps are reached.

`advanced` is a loop for whoever can score groups of completions: by comparing them with each other (self-play, arXiv
2401.04056), by a reward model, by a checker. Advantages are rewards less the mean of their prompt, and not divided by
the deviation: a game has its own scale, and where all completions tie there is nothing to learn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from manyminds.core import BadInput, Seeds
from manyminds.learning.training import Fitting, Logged, applied, fitting
from manyminds.models.house.decoder import Decoder
from manyminds.models.house.sampling import grow, kept, read


@dataclass(frozen=True)
class PolicyGradient:
    """Settings of an iteration."""

    prompts: int = 8  # drawn for an iteration, without replacement
    completions: int = 8  # of each prompt
    most: int = 16  # tokens of a completion, its end included
    beta: float = 0.1  # what a nat of divergence from the reference costs, in rewards
    step_size: float = 1e-3
    largest_gradient: float = 1.0

    def __post_init__(self) -> None:
        if self.prompts < 1 or self.completions < 2 or self.most < 1:
            raise BadInput("an iteration has at least one prompt, two completions of it and one token in each; not "
                           f"prompts={self.prompts}, completions={self.completions}, most={self.most}")  # fmt: skip
        if self.beta < 0 or self.step_size <= 0 or self.largest_gradient <= 0:
            raise BadInput("beta is at least 0, step_size and largest_gradient are above 0; not "
                           f"{self.beta:g}, {self.step_size:g} and {self.largest_gradient:g}")  # fmt: skip

    def optimiser(self) -> optax.GradientTransformation:
        return optax.chain(optax.clip_by_global_norm(self.largest_gradient), optax.adam(self.step_size))


class Said(NamedTuple):
    """Completions behind their prompts. `tokens` (rows, width): prompt, completion, its end, then zeros. `chosen`
    (rows, width): which of them the policy has chosen, the end among them."""

    tokens: Array
    chosen: Array


class State(NamedTuple):
    """What a checkpoint holds. `memory`: arrays of whoever scores, a reward model or counts."""

    policy: Fitting
    iteration: np.ndarray
    memory: Any


Score = Callable[[Any, np.ndarray, list[list[list[int]]]], tuple[Any, np.ndarray]]
# (memory, numbers of the prompts, completions of each as tokens without the end) -> (memory, rewards (prompts, n))


# ---- completions


@partial(jax.jit, static_argnames=("most", "end"))
def sampled(decoder: Decoder, prompts: Array, lengths: Array, key: Array, most: int, end: int) -> Said:
    """A completion of every row at temperature 1, all rows in lock-step, at most `most` tokens each.

    `prompts` (rows, places) are filled up on the right, `lengths` (rows,) of their tokens count. `end` ends a text.
    """
    rows, places = prompts.shape
    logits, cache = read(decoder, prompts, lengths, jnp.float32)
    cache = kept(cache, jnp.arange(rows), places + most)

    def one(now: Any, step: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array]]:
        logits, cache, going = now
        t, key = step
        token = jnp.where(going, jax.random.categorical(key, logits), 0).astype(jnp.int32)
        logits, cache = grow(decoder, cache, token, lengths + t, jnp.float32)
        return (logits, cache, going & (token != end)), (token, going)

    steps = (jnp.arange(most, dtype=lengths.dtype), jax.random.split(key, most))
    _, (tokens, going) = lax.scan(one, (logits, cache, jnp.ones(rows, bool)), steps)
    here = (jnp.arange(rows)[:, None], lengths[:, None] + jnp.arange(most))
    whole = jnp.pad(jnp.where(jnp.arange(places) < lengths[:, None], prompts, 0), ((0, 0), (0, most)))
    return Said(whole.at[here].set(tokens.T), jnp.zeros(whole.shape, bool).at[here].set(going.T))


def filled(prompts: Sequence[Sequence[int]], places: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Prompts as rows, filled up with zeros on the right to `places` at least, and their lengths."""
    if not all(prompts):
        raise BadInput("a prompt has at least one token")
    lengths = np.array([len(prompt) for prompt in prompts], np.int32)
    tokens = np.zeros((len(prompts), max(places, int(lengths.max()))), np.int32)
    for row, prompt in zip(tokens, prompts):
        row[: len(prompt)] = prompt
    return tokens, lengths


def completions(said: Said, end: int) -> list[list[int]]:
    """The tokens of every completion, without the end."""
    pairs = zip(np.asarray(said.tokens), np.asarray(said.chosen))
    return [[int(token) for token in tokens[chosen] if token != end] for tokens, chosen in pairs]


def answers(
    decoder: Decoder, prompts: Sequence[Sequence[int]], each: int, most: int, end: int, key: Array, places: int = 0
) -> tuple[Said, list[list[list[int]]]]:
    """`each` completions of every prompt: rows in the order of the prompts, and their tokens by prompt."""
    longest = max(map(len, prompts)) + most
    if longest > decoder.shape.context:
        raise BadInput(f"prompt and completion have up to {longest} tokens and the decoder reads "
                       f"{decoder.shape.context}; use shorter prompts or fewer tokens")  # fmt: skip
    tokens, lengths = filled(prompts, places)
    said = sampled(decoder, np.repeat(tokens, each, 0), np.repeat(lengths, each), key, most, end)
    found = completions(said, end)
    return said, [found[i : i + each] for i in range(0, len(found), each)]


# ---- the gradient


def next_logs(decoder: Decoder, tokens: Array) -> Array:
    """Log-probabilities of the token after each but the last, (rows, width - 1, vocab)."""
    return jax.nn.log_softmax(decoder(tokens)[:, :-1], axis=-1)


def log_probs(logs: Array, said: Said) -> Array:
    """The log-probability of every token by `next_logs`, 0 where the policy chose none, (rows, width - 1)."""
    own = jnp.take_along_axis(logs, said.tokens[:, 1:, None], -1)[..., 0]
    return jnp.where(said.chosen[:, 1:], own, 0.0)


def divergences(logs: Array, reference: Array, said: Said) -> Array:
    """KL(policy || reference) of the step before each chosen token, exactly over the vocabulary, (rows, width - 1);
    0 elsewhere. Summed over a completion and averaged over completions of the policy it estimates the KL of whole
    completions without bias."""
    return jnp.where(said.chosen[:, 1:], (jnp.exp(logs) * (logs - reference)).sum(-1), 0.0)


def surrogate(decoder: Decoder, said: Said, advantages: Array, reference: Array, beta: float) -> tuple[Array, Logged]:
    """A loss whose mean gradient over completions of `decoder` is minus that of E[reward] - beta KL.

    `advantages` (rows,): rewards less anything that does not depend on the completion itself. `reference`: `next_logs`
    of the reference. Logged: the divergence of a completion, and the entropy of its chosen tokens, nats.
    """
    logs = next_logs(decoder, said.tokens)
    own, apart = log_probs(logs, said), divergences(logs, reference, said)
    after = lax.cumsum(apart, axis=1, reverse=True) - apart  # of all later tokens
    credit = lax.stop_gradient(advantages[:, None] - beta * after)
    gain = jnp.where(said.chosen[:, 1:], own * credit - beta * apart, 0.0).sum(-1).mean()
    return -gain, {"divergence": apart.sum(-1).mean(), "surprise": -own.sum(-1).mean()}


def centred(rewards: np.ndarray) -> np.ndarray:
    """Rewards (prompts, n) less the mean of their prompt."""
    return np.asarray(rewards - rewards.mean(axis=-1, keepdims=True))


@eqx.filter_jit
def updated(
    settings: PolicyGradient, policy: Fitting, reference: Decoder, said: Said, advantages: Array
) -> tuple[Fitting, Logged]:
    """The policy after one step along the gradient."""
    known = next_logs(reference, said.tokens)
    gradient, logged = eqx.filter_grad(surrogate, has_aux=True)(
        policy.model, said, jnp.asarray(advantages), known, settings.beta
    )
    return applied(policy, gradient, settings.optimiser()), logged


# ---- the loop


def begun(settings: PolicyGradient, decoder: Decoder, memory: Any) -> State:
    return State(fitting(decoder, settings.optimiser()), np.array(0), memory)


def advanced(
    settings: PolicyGradient,
    reference: Decoder,
    prompts: Sequence[Sequence[int]],
    end: int,
    score: Score,
    state: State,
    until: int,
    seeds: Seeds,
) -> tuple[State, dict[str, float]]:
    """The state at iteration `until`, and the means of what was logged on the way (none: no entries).

    Every iteration has draws of its own, so a loop that was killed takes the same steps after its checkpoint. Raises
    FloatingPointError when a reward or a measure is not finite.
    """
    if len(prompts) < settings.prompts:
        raise BadInput(f"an iteration draws {settings.prompts} different prompts, and there are {len(prompts)}")
    places, seen = max(map(len, prompts)), []  # one width for all iterations, so that all share a program
    for i in range(int(state.iteration), until):
        drawn = seeds.numpy("prompts", i).permutation(len(prompts))[: settings.prompts]
        asked = [prompts[number] for number in drawn]
        key = seeds.jax("completions", i)
        said, texts = answers(state.policy.model, asked, settings.completions, settings.most, end, key, places)
        memory, rewards = score(state.memory, drawn, texts)
        if rewards.shape != (settings.prompts, settings.completions) or not np.isfinite(rewards).all():
            raise FloatingPointError(f"rewards of iteration {i} are {rewards.shape} numbers, some of them not finite, "
                                     f"or not one for every completion")  # fmt: skip
        advantages = centred(rewards).reshape(-1).astype(np.float32)
        policy, logged = updated(settings, state.policy, reference, said, advantages)
        state = State(policy, np.array(i + 1), memory)
        seen.append({name: float(value) for name, value in logged.items()})
        if not np.isfinite(list(seen[-1].values())).all():
            raise FloatingPointError(f"the policy is not finite after iteration {i}")
    return state, {name: float(np.mean([row[name] for row in seen])) for name in (seen[0] if seen else ())}
