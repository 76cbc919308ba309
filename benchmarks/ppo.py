"""Training steps a second of PPO on CartPole: ours beside a JAX implementation (rejax) and one PyTorch file.

All take the same number of environment steps with the same copies, rollout length, epochs, minibatches and networks
(two of 2 x 64, tanh). The peers run right after ours, each as a process of its own: rejax where `--peer PATH` (or
PEER_PYTHON) names a Python that has it (0.1.3 needs gymnax 0.0.9), CleanRL's `ppo.py` where `--single-file PATH` names
the file. Compiling is left out for both JAX programs and shown. The best of some repeats counts, by the clock and by
processor time: only the latter says something on a machine that others use as well. Of the PyTorch file the start and
the imports are in the processor time, and left out of its clock.

Not the same: ours also keeps returns, tells a cut from an end, and anneals its step size; rejax does not.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

REJAX = """
import json, sys, time
import jax
from rejax import PPO
copies, steps, updates, epochs, minibatches, repeats = json.loads(sys.argv[1])
total = copies * steps * updates
algorithm = PPO.create(
    env="CartPole-v1", num_envs=copies, num_steps=steps, num_epochs=epochs, num_minibatches=minibatches,
    total_timesteps=total, eval_freq=total, learning_rate=2.5e-4, max_grad_norm=0.5, skip_initial_evaluation=True,
    agent_kwargs={"activation": "tanh"})
algorithm = algorithm.replace(eval_callback=lambda algorithm, state, key: ())
train = jax.jit(algorithm.train)
seconds = []
for seed in range(repeats + 1):
    begin = time.perf_counter(), time.process_time()
    jax.block_until_ready(train(jax.random.key(seed)))
    seconds.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
print(json.dumps(seconds))
"""


class Spent(NamedTuple):
    """Seconds by the clock and of the processor."""

    wall: float
    processor: float


def now() -> Spent:
    return Spent(perf_counter(), process_time())


def best(parts: list[Spent]) -> Spent:
    """The least of each."""
    return Spent(*map(min, zip(*parts)))


def ours(copies: int, steps: int, updates: int, epochs: int, minibatches: int, repeats: int) -> list[Spent]:
    """What each equal part of one long training took; the first holds the compiling."""
    import jax

    from manyminds.learning import ppo
    from manyminds.learning.training import trained
    from manyminds.worlds.control.classic import CartPole

    total = updates * (repeats + 1)
    settings = ppo.PPO(copies=copies, steps=steps, updates=total, epochs=epochs, minibatches=minibatches)
    to_start, to_train = jax.random.split(jax.random.key(0))
    step = partial(ppo.update, settings, CartPole())
    begun = ppo.start(settings, CartPole(), to_start)
    marks = [now()]
    trained(step, begun, to_train, total, updates, done=lambda: marks.append(now()))
    return [Spent(*(b - a for a, b in zip(*pair))) for pair in pairwise(marks)]


def rejax(python: str, size: tuple[int, ...]) -> list[Spent] | str:
    """The same of rejax, or why it is not here."""
    done = subprocess.run([python, "-c", REJAX, json.dumps(size)], capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    return [Spent(*part) for part in json.loads(done.stdout)]


def single_file(python: str, path: Path, copies: int, steps: int, updates: int, epochs: int, minibatches: int) -> Spent:
    """By the clock as the file itself says at its end, from its first step on; of the processor, the whole process."""
    total = copies * steps * updates
    arguments = {"total-timesteps": total, "num-envs": copies, "num-steps": steps,
                 "update-epochs": epochs, "num-minibatches": minibatches}  # fmt: skip
    flags = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    before = os.times()
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([python, str(path.resolve()), "--no-cuda", *flags], cwd=folder, check=True, text=True,
                              capture_output=True).stdout  # fmt: skip
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Spent(total / float(re.findall(r"SPS: (\d+)", said)[-1]), processor)


def line(name: str, total: int, took: Spent, mine: Spent, note: str = "") -> str:
    rates = f"{total / took.wall:10,.0f} steps/s {total / took.processor:10,.0f} a processor-second"
    ratios = f"; ours is {took.wall / mine.wall:.2f} and {took.processor / mine.processor:.2f} times it"
    return f"  {name:12} {rates}{'' if took is mine else ratios}{note}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer", default=os.environ.get("PEER_PYTHON", sys.executable))
    parser.add_argument("--single-file", type=Path, help="CleanRL's ppo.py; run by the Python of --peer")
    options = parser.parse_args()
    for copies, steps, epochs, minibatches in ((4, 128, 4, 4), (64, 64, 8, 16)):
        size = (copies, steps, options.updates, epochs, minibatches)
        total = copies * steps * options.updates
        print(f"{copies} copies x {steps} steps, {epochs} epochs of {minibatches} minibatches, {total:,} steps in all")
        first, *rest = ours(*size, options.repeats)
        mine = best(rest)
        print(line("ours", total, mine, mine, f" (first call, compiling included: {first.processor:.1f} s)"))
        peer = rejax(options.peer, (*size, options.repeats))
        if isinstance(peer, str):
            print(f"  rejax        not here: {peer}")
        else:
            first, *rest = peer
            print(line("rejax", total, best(rest), mine, f" (first call: {first.processor:.1f} s)"))
        if options.single_file:
            print(line("PyTorch file", total, single_file(options.peer, options.single_file, *size), mine))


if __name__ == "__main__":
    main()
