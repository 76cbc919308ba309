"""The settings of the five parts of the paper; a dotted key sets one, `ising.length=10`."""

from typing import Literal

import optax
from pydantic import Field

from manyminds.core import PaperConfig
from manyminds.learning.marginalization import Objective

Part = Literal["ising", "text", "design", "speed", "files"]


class Training(PaperConfig):
    """What every training has: network, batch, optimiser (Adam), the sampler's blocks."""

    width: int = Field(256, ge=1, description="units of a hidden layer")
    depth: int = Field(3, ge=1, description="hidden layers")
    batch: int = Field(256, ge=2)
    steps: int = Field(400, ge=1)
    step_size: float = Field(5e-4, gt=0)
    last_step: float = Field(1.0, gt=0, le=1, description="share of the step size left at the end, on a cosine")
    erase: int = Field(4, ge=1, description="variables that one Gibbs step erases and samples anew")
    refresh: int = Field(100, ge=1, description="steps after which all samples are drawn anew")

    def optimiser(self, steps: int, clip: float | None = None) -> optax.GradientTransformation:
        """Adam with the step size of this training, over `steps` steps."""
        adam = optax.adam(optax.cosine_decay_schedule(self.step_size, steps, self.last_step))
        return adam if clip is None else optax.chain(optax.clip_by_global_norm(clip), adam)


class IsingSettings(Training):
    """Training from an energy: the Ising model on a torus."""

    length: int = Field(3, ge=3, description="side of the torus; 3 and 4 are enumerated")
    sigma: float = Field(0.1, description="coupling; every edge counts twice")
    b: float = Field(0.2, description="field")
    objectives: tuple[Objective, ...] = ("marginals", "one conditional")
    alpha: float = Field(4.0, ge=0, description="weight of the self-consistency")
    pairwise: bool = Field(False, description="add a quadratic form to the head, a linear one to the logits (ours)")
    seeds: int = Field(2, ge=1, le=100)
    samples: int = Field(1000, ge=10, description="samples that are measured")
    subsets: int = Field(1000, ge=10, description="random partial assignments that are compared")


class TextSettings(Training):
    """Maximum likelihood in two stages, on text whose every marginal is known."""

    width: int = Field(128, ge=1)
    steps: int = Field(600, ge=1, description="of stage one")

    length: int = Field(8, ge=2, description="letters of a string")
    order: int = Field(5, ge=1, description="letters that the next one depends on")
    words: int = Field(4, ge=1, description="words of the lexicon behind the chain")
    step_size: float = Field(1e-3, gt=0)
    last_step: float = Field(0.02, gt=0, le=1)
    marginal_steps: int = Field(600, ge=1, description="of stage two")
    scrambled_share: float = Field(0.1, ge=0, le=0.5, description="strings with letters drawn anew in stage two")
    cap: float = Field(1.0, gt=0, description="nats beyond which a residual of stage two counts linearly")
    own_share: float = Field(0.5, ge=0, le=0.5, description="samples of the model in stage two")
    seeds: int = Field(1, ge=1, le=100)
    held_out: int = Field(512, ge=10, description="fresh strings that are measured")
    orders: int = Field(4, ge=1, description="random orders behind a log-probability by the chain rule")


class DesignSettings(Training):
    """Design by energy: strings of a toy grammar whose property shall be near a target."""

    width: int = Field(128, ge=1)
    step_size: float = Field(1e-3, gt=0)

    size: int = Field(6, ge=3, le=8, description="symbols of a string")
    targets: tuple[float, ...] = (-3.0, 0.0, 2.0)
    tau: float = Field(1.0, gt=0)
    last_step: float = Field(0.1, gt=0, le=1)
    alpha: float = Field(0.5, ge=0, description="weight of the self-consistency")
    scrambled_share: float = Field(0.25, ge=0, le=1, description="of the samples that meet the constraints (ours)")
    cap: float = Field(2.0, gt=0, description="nats beyond which a residual counts linearly (ours)")
    scaffold: tuple[int, ...] = Field((0, 1, 2, 0, 0, 0), description="symbols that are given; 0 is free")
    samples: int = Field(2000, ge=10)
    seeds: int = Field(1, ge=1, le=100)


class SpeedSettings(PaperConfig):
    """A marginal in one call beside the chain of conditionals."""

    size: int = Field(100, ge=2)
    batch: int = Field(64, ge=1)
    width: int = Field(512, ge=1)
    depth: int = Field(3, ge=1)
    repeats: int = Field(3, ge=1)


class FileSettings(Training):
    """Two stages on published files."""

    data: Literal["digits", "mnist", "text8", "moses"] = "digits"
    path: str = Field("", description="file (text8, moses) or folder (mnist)")
    network: Literal["dense", "transformer"] = "dense"
    heads: int = Field(4, ge=1)
    length: int = Field(250, ge=2, description="characters of a window of text8")
    clip: float = Field(0.25, gt=0, description="global norm at which gradients are clipped")
    marginal_steps: int = Field(600, ge=1)
    held_out: int = Field(256, ge=2, description="test items that are measured")
    orders: int = Field(2, ge=1)
