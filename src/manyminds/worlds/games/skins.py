"""Three skins of one commons: the same numbers told as fish in a lake, grass on a pasture, or water in a river."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Skin:
    """How the numbers of a commons are told. In the last two, what is taken and what is left have different names."""

    name: str
    place: str
    taker: str  # what a member is
    takes: str  # what a member does with `unit`
    unit: str  # what is taken
    stock: str  # what the pool is measured in
    one: str  # what one unit taken costs the pool


SKINS = {
    "fishery": Skin("fishery", "lake", "fisher", "catch", "tons of fish", "tons of fish", "one ton of fish"),
    "pasture": Skin("pasture", "pasture", "shepherd", "graze", "flocks of sheep", "hectares of grass",
                    "one hectare of grass"),
    "pollution": Skin("pollution", "river", "factory owner", "produce", "thousand widgets", "percent unpolluted water",
                      "one percent of unpolluted water"),
}  # fmt: skip
