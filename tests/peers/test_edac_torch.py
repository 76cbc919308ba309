"""The loss of diverse critics by PyTorch's own differentiation: equal weights, equal batch, equal loss."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core.array_worlds import Box
from manyminds.learning import sac
from manyminds.learning.replay import Rows

torch = pytest.importorskip("torch")


def by_torch(critics, rows, target, eta):
    """sum_j mean (Q_j - y)^2 + eta mean 1/(N-1) sum_{i != j} <g_i, g_j>, member by member (arXiv 2110.01548, eq. 7)."""
    weights = [(torch.tensor(np.array(x.weight)), torch.tensor(np.array(x.bias))) for x in critics.layers]
    action = torch.tensor(np.array(rows.action), requires_grad=True)
    seen, y = torch.tensor(np.array(rows.observation)), torch.tensor(np.array(target))
    error, slopes, count = 0.0, [], weights[0][0].shape[0]
    for j in range(count):
        x = torch.cat([seen, action], -1)
        for n, (weight, bias) in enumerate(weights):
            x = x @ weight[j].T + bias[j]
            x = torch.relu(x) if n < len(weights) - 1 else x
        error = error + ((x[:, 0] - y) ** 2).mean()
        (slope,) = torch.autograd.grad(x.sum(), action)
        slopes.append(slope / slope.norm(dim=-1, keepdim=True))
    units = torch.stack(slopes)
    pairs = torch.einsum("ibk,jbk->bij", units, units) * (1 - torch.eye(count))
    return float((error + eta * (pairs.sum((1, 2)) / (count - 1)).mean()).detach())


def test_the_loss_of_ten_diverse_critics_on_a_shared_batch():
    rng, settings = np.random.default_rng(0), sac.SAC(critics=10, diversity=1.0, width=64)
    shapes = ((256, 4), (256, 2), (256,), (256, 4))
    rows = Rows(*(jnp.asarray(rng.normal(size=s), jnp.float32) for s in shapes), jnp.zeros(256, bool))
    critics = sac.start(settings, 4, Box(2), jax.random.key(0)).critics.model
    critics = eqx.tree_at(lambda c: c.layers[-1].weight, critics, replace_fn=lambda w: w * 300)
    target = jnp.asarray(rng.normal(size=256), jnp.float32)
    ours, _ = sac.critic_loss(critics, settings, rows, target)
    assert float(ours) == pytest.approx(by_torch(critics, rows, target, 1.0), rel=1e-4)
