"""Checkpoints: a tree of arrays on disk, written whole or not at all, and read without running anything."""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TypeVar

from manyminds.core.errors import BadInput

Tree = TypeVar("Tree")
FORM = "manyminds checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """One place for a tree of arrays (parameters, optimiser state, keys, counters)."""

    path: Path

    def save(self, tree: Any) -> None:
        """Keep `tree` in place of what was kept. A process killed at any moment leaves the old one or the new one."""
        import equinox

        self.path.parent.mkdir(parents=True, exist_ok=True)
        # In the same folder, because only within one file system does a file take another's place at once.
        part = f"{self.path.name}."
        with NamedTemporaryFile(dir=self.path.parent, prefix=part, suffix=".part", delete=False) as file:
            try:
                file.write(json.dumps({"form": FORM, "tree": described(tree)}).encode() + b"\n")
                equinox.tree_serialise_leaves(file, unwrapped(tree))
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).replace(self.path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        synced(self.path.parent)
        for left in self.path.parent.glob("*.part"):  # by a process that was killed
            if left.name.startswith(part):
                left.unlink(missing_ok=True)

    def load(self, like: Tree) -> Tree | None:
        """What was kept, in the shape of `like`; None when nothing was. `like` gives structure, shapes and dtypes.

        Raises `BadInput` when the file holds something else; nothing in a file is ever executed.
        """
        import equinox

        if not self.path.is_file():
            return None
        with self.path.open("rb") as file:
            try:
                head = json.loads(file.readline(10_000_000))
                form, tree = head["form"], head["tree"]
            except (ValueError, KeyError, TypeError):
                raise BadInput(f"{self.path} is not a checkpoint") from None
            if form != FORM:
                raise BadInput(f"{self.path} has the form {form!r}, and this version reads {FORM!r}")
            if tree != described(like):
                raise BadInput(f"{self.path} holds arrays of another shape than this run has; remove it to begin anew")
            try:
                return rewrapped(equinox.tree_deserialise_leaves(file, unwrapped(like)), like)
            except Exception as error:  # whatever a damaged file makes the reader raise, it is told as what it is
                raise BadInput(f"{self.path} is damaged ({type(error).__name__}: {error})") from None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def is_key(leaf: Any) -> bool:
    """Is a leaf a typed random key, which is no array of numbers?"""
    import jax

    return isinstance(leaf, jax.Array) and bool(jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def unwrapped(tree: Any) -> Any:
    """The tree with the numbers of its random keys in their place."""
    import jax

    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if is_key(leaf) else leaf, tree)


def rewrapped(tree: Any, like: Tree) -> Tree:
    """The tree with random keys where `like` has them."""
    import jax

    def one(leaf: Any, model: Any) -> Any:
        return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(model)) if is_key(model) else leaf

    found: Tree = jax.tree.map(one, tree, like)
    return found


def described(tree: Any) -> str:
    """A fingerprint of where the leaves stand, of their shapes and dtypes; the same in every process."""
    from jax.tree_util import keystr, tree_flatten_with_path

    said = []
    for path, leaf in tree_flatten_with_path(tree)[0]:
        kind, shape = getattr(leaf, "dtype", type(leaf).__name__), getattr(leaf, "shape", "")
        said.append(f"{keystr(path)} {kind}{shape}")
    return sha256("\n".join(said).encode()).hexdigest()


def synced(folder: Path) -> None:
    """Bring the names in a folder to disk, where the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
