"""Training steps a second of PPO on CartPole: ours beside a JAX implementation (rejax) and one PyTorch file.

All take the same number of environment steps with the same copies, rollout length, epochs and minibatches. The peers
run right after ours, each as a process of its own: rejax where `--peer PATH` (or PEER_PYTHON) names a Python that has
it (0.1.3 needs gymnax 0.0.9), CleanRL's `ppo.py` where `--single-file PATH` names the file. Compiling is left out for
both JAX programs and shown.
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
from time import perf_counter

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
    begin = time.perf_counter()
    jax.block_until_ready(train(jax.random.key(seed)))
    seconds.append(time.perf_counter() - begin)
print(json.dumps(seconds))
"""


def ours(copies: int, steps: int, updates: int, epochs: int, minibatches: int, repeats: int) -> list[float]:
    """Seconds of each equal part of one long training; the first holds the compiling."""
    import jax

    from manyminds.learning import ppo
    from manyminds.learning.training import trained
    from manyminds.worlds.control.classic import CartPole

    total = updates * (repeats + 1)
    settings = ppo.PPO(copies=copies, steps=steps, updates=total, epochs=epochs, minibatches=minibatches)
    to_start, to_train = jax.random.split(jax.random.key(0))
    step = partial(ppo.update, settings, CartPole())
    begun = ppo.start(settings, CartPole(), to_start)
    marks = [perf_counter()]
    trained(step, begun, to_train, total, updates, done=lambda: marks.append(perf_counter()))
    seconds = [later - earlier for earlier, later in pairwise(marks)]
    return seconds


def single_file(python: str, path: Path, copies: int, steps: int, updates: int, epochs: int, minibatches: int) -> float:
    """Environment steps a second as the file itself reports them at its end."""
    arguments = {"total-timesteps": copies * steps * updates, "num-envs": copies, "num-steps": steps,
                 "update-epochs": epochs, "num-minibatches": minibatches}  # fmt: skip
    flags = [text for name, value in arguments.items() for text in (f"--{name}", str(value))]
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run([python, str(path.resolve()), "--no-cuda", *flags], cwd=folder, check=True, text=True,
                              capture_output=True).stdout  # fmt: skip
    return float(re.findall(r"SPS: (\d+)", said)[-1])


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
        mine = total / min(rest)
        print(f"  ours         {mine:10,.0f} steps/s (first call, compiling included: {first:.1f} s)")
        asked = [options.peer, "-c", REJAX, json.dumps([*size, options.repeats])]
        peer = subprocess.run(asked, capture_output=True, text=True)
        if peer.returncode:
            print(f"  rejax        not here: {peer.stderr.strip().splitlines()[-1]}")
        else:
            first, *rest = json.loads(peer.stdout)
            rate = total / min(rest)
            print(
                f"  rejax        {rate:10,.0f} steps/s (first call {first:.1f} s); ours is {mine / rate:.2f} times it"
            )
        if options.single_file:
            rate = single_file(options.peer, options.single_file, *size)
            print(f"  PyTorch file {rate:10,.0f} steps/s; ours is {mine / rate:.0f} times it")


if __name__ == "__main__":
    main()
