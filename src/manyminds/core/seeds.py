"""Named random streams: every draw of a run comes from the run's seed and the name of what is being drawn.

A stream is identified by a path of names. Two different paths give independent streams, the same path always gives
the same draws, and asking for one stream never moves another. Because the turn is part of the path, what is drawn in
turn t does not depend on how much was drawn before: a state can be branched, replayed or resumed at any turn.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jax
    import numpy

Name = str | int


@dataclass(frozen=True)
class Seeds:
    """A node in the tree of streams. `root` is the run's seed (any integer), `path` the names below it."""

    root: int
    path: tuple[Name, ...] = ()

    def child(self, *names: Name) -> "Seeds":
        """The node `names` below this one."""
        return Seeds(self.root, self.path + names)

    def __call__(self, *names: Name) -> Random:
        """A fresh Python generator at the start of the stream called `names`."""
        return Random(self.child(*names).entropy)

    def numpy(self, *names: Name) -> "numpy.random.Generator":
        """A fresh NumPy generator at the start of the stream called `names`."""
        from numpy.random import default_rng

        return default_rng(self.child(*names).entropy)

    def jax(self, *names: Name) -> "jax.Array":
        """The JAX key of the stream called `names`."""
        import jax

        return jax.random.key(self.child(*names).entropy & 0xFFFFFFFF)

    @cached_property
    def entropy(self) -> int:
        """128 bits that depend on the root and on every name of the path (and on their types and order)."""
        # JSON keeps 1 apart from "1" and ("a", "bc") apart from ("ab", "c").
        written = json.dumps([self.root, *self.path], separators=(",", ":"))
        return int.from_bytes(blake2b(written.encode(), digest_size=16).digest(), "big")

    def __str__(self) -> str:
        return "/".join(str(name) for name in (self.root, *self.path))
