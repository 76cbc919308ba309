"""The nursery: all families of text tasks by name."""

from manyminds.core import Seeds
from manyminds.worlds.texts.calls import Calls
from manyminds.worlds.texts.functions import Functions
from manyminds.worlds.texts.grids import Grids
from manyminds.worlds.texts.hops import Hops
from manyminds.worlds.texts.items import Family
from manyminds.worlds.texts.lookup import KINDS, Lookup
from manyminds.worlds.texts.plays import Plays
from manyminds.worlds.texts.questions import Questions
from manyminds.worlds.texts.rewrites import Rewrites
from manyminds.worlds.texts.rooms import RAISED, Rooms
from manyminds.worlds.texts.rooms_for_two import WORLDS, RoomsForTwo
from manyminds.worlds.texts.sequents import Sequents
from manyminds.worlds.texts.sums import Sums
from manyminds.worlds.texts.sway import Sway, facts
from manyminds.worlds.texts.turns import KINDS as TURNS
from manyminds.worlds.texts.turns import Turns


def families(seeds: Seeds) -> dict[str, Family]:
    """Every family that a model is raised on, by its name. Only the closed book of `sway` depends on the seeds.

    Questions that contradict the book are asked of a model that was raised, and never shown in a raise: their documents
    would change how often a fact was seen.
    """
    book = facts(seeds)
    found: list[Family] = [
        *(Lookup(kind) for kind in KINDS), Sums(), Functions(), Hops(), Questions(), Calls(),
        Calls(attached=1.0), *(Rooms(kind) for kind in RAISED), *(RoomsForTwo(kind) for kind in WORLDS),
        *(Turns(kind) for kind in TURNS), Sway(book), Sway(book, partner=True),
        Rewrites(), Sequents(), Grids(), Plays(),
    ]  # fmt: skip
    return {family.name: family for family in found}
