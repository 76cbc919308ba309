"""Can a hidden R of each week be read back from weekly cases by gradient, and is that better than trying at random?"""

import jax.numpy as jnp
import numpy as np
from pydantic import BaseModel

from manyminds.core import Seeds
from manyminds.papers.agenttorch.calibrating import (
    HIGHEST,
    LOWEST,
    fitted_network,
    fitted_weeks,
    searched,
    weekly_cases,
)
from manyminds.papers.agenttorch.living import Town
from manyminds.worlds.populations.epidemic import Epidemic

HIDDEN = (3.2, 2.4, 1.8, 2.6, 2.2, 1.6)
SHARE, START = 0.005, 3.0


class Recovery(BaseModel, frozen=True):
    """R by week; losses are mean squared errors of ln weekly cases. `random`: the best of as many random points as the
    gradient took simulations (a backward pass counts as one)."""

    hidden: list[float]
    found: list[float]
    losses: list[float]
    fit: float  # at what was found, under draws of its own
    random: float
    simulations: int
    network: list[float]  # R that the network emits
    network_losses: list[float]

    @property
    def error(self) -> float:
        """Mean relative error of R."""
        return float(np.mean(np.abs(np.array(self.found) / np.array(self.hidden) - 1)))


def recovery(town: Town, updates: int, network_updates: int, seeds: Seeds) -> dict[str, object]:
    """The modeller knows who is infected at first and nothing of the draws that followed."""
    world, weeks, place = Epidemic(), len(HIDDEN), town.place
    state = world.seeded(place, SHARE, seeds.jax("seeds"))
    home, hidden = jnp.zeros(1, jnp.float32), jnp.asarray(HIDDEN)
    observed = weekly_cases(hidden, world, weeks, place, home, state, seeds.jax("truth"))
    traced, key = world.traced(state), seeds.jax("fit")
    found, losses = fitted_weeks(world, weeks, updates, jnp.full(weeks, START), 0.1, place, traced, key, observed)
    points = seeds.numpy("points").uniform(LOWEST, HIGHEST, (max(2 * updates, 20), weeks))
    tried = searched(world, weeks, jnp.asarray(points, jnp.float32), place, state, key, observed)
    fit = searched(world, weeks, jnp.stack([found] * 4), place, state, key, observed).mean()
    network = fitted_network(world, weeks, network_updates, seeds, place, traced, key, observed)
    return Recovery(
        hidden=list(HIDDEN), found=np.asarray(found).tolist(), losses=np.asarray(losses).tolist(), fit=float(fit),
        random=float(tried.min()), simulations=2 * updates, network=network.reproduction.tolist(),
        network_losses=network.losses.tolist(),
    ).model_dump()  # fmt: skip
