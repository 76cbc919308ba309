"""manyminds: a laboratory for societies of agents."""

__version__ = "0.1.0"
