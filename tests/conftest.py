"""What all tests share."""

import gc
import sys

import pytest
from hypothesis import settings

# The first example of a test may import or compile what it needs, which takes longer on a busy machine.
settings.register_profile("manyminds", deadline=None)
settings.load_profile("manyminds")


@pytest.fixture(autouse=True, scope="module")
def forget_compiled():
    """Drop what JAX compiled for a module of tests: each program holds several memory maps, of which a process may have
    65,530 by default on Linux, and beyond which compiling ends in a segmentation fault."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
