"""How fast scores are learned and sampled: 20,000 Adam steps of a 128-wide net in D = 64, 4000 samples of 200 steps."""

import argparse
from time import perf_counter

import jax
import numpy as np

from manyminds.learning.score_matching import Matching, matched, member, points, stacked
from manyminds.networks.denoisers import Denoiser, SubspaceDenoiser, Unconditioned
from manyminds.networks.samplers import grid, sampled
from manyminds.theory import mixtures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=4000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    frame = mixtures.random_frame(rng, 64, 4)
    law = mixtures.isotropic(1.5 * rng.normal(size=(4, 4)), 0.4)
    data = stacked([points(law.draw(rng, 20_000)[0] @ frame.T)])
    key = jax.random.key(0)
    for name, make in (
        ("plain", lambda key: Denoiser(64, 128, 2, key)),
        ("encoder-decoder", lambda key: SubspaceDenoiser(64, 4, 128, 2, key)),
    ):
        start = perf_counter()
        models, curves = matched(make, data, key[None], Matching(options.steps, batch=512, step_size=1e-3))
        spent = perf_counter() - start
        loss = curves.values["loss"][-1, 0]
        print(f"{name}: {options.steps} steps, batch 512: {spent:.1f} s with compilation "
              f"({options.steps / spent:.0f} steps/s, target 333), loss {loss:.4f}", flush=True)  # fmt: skip
        score, times = Unconditioned(member(models, 0)), grid(8, 0.01, 200)
        for call in ("with compilation", "compiled"):
            start = perf_counter()
            x = jax.random.normal(key, (options.samples, 64))
            jax.block_until_ready(sampled(score, x, key, times, "ancestral"))
            print(
                f"  {options.samples} samples x 200 steps, {call}: {perf_counter() - start:.2f} s (target 2)",
                flush=True,
            )


if __name__ == "__main__":
    main()
