"""The words every room speaks: seeds, views, actions, worlds, plays, trajectories, claims, statistics, errors."""

from manyminds.core.actions import Action, Choice, Form, Invalid, NoAnswer, Pattern, Real, Text, Whole
from manyminds.core.claims import (
    Claim,
    Finding,
    Lab,
    NotHere,
    Paper,
    PaperConfig,
    PaperResults,
    Table,
    Verdict,
)
from manyminds.core.errors import BadInput, BudgetReached, EndpointDown, ManymindsError, Refused, unknown
from manyminds.core.play import Played, Step, play
from manyminds.core.render import render
from manyminds.core.seeds import Seeds
from manyminds.core.statistics import Estimate
from manyminds.core.trajectory import Happening, Trajectory
from manyminds.core.views import Event, View
from manyminds.core.world import Agent, World, kind_of

__all__ = [
    "Action", "Agent", "BadInput", "BudgetReached", "Choice", "Claim", "EndpointDown", "Estimate", "Event", "Finding",
    "Form", "Happening", "Invalid", "Lab", "ManymindsError", "NoAnswer", "NotHere", "Paper", "PaperConfig",
    "PaperResults", "Pattern", "Played", "Real", "Refused", "Seeds", "Step", "Table", "Text", "Trajectory", "Verdict",
    "View", "Whole", "World", "kind_of", "play", "render", "unknown",
]  # fmt: skip
