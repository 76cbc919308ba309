"""What is sold in an auction arena and who enters it: item pools, orders of sale, and their JSONL files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

from manyminds.core import BadInput

Order = Literal["given", "ascending", "descending", "shuffled"]
Desire = Literal["profit", "items"]
Planning = Literal["adaptive", "static", "none"]


@dataclass(frozen=True)
class Item:
    """One item. `price` is its public starting price and `value` its true value, hidden until the hammer; dollars."""

    name: str
    price: int
    value: int
    description: str = ""

    def __post_init__(self) -> None:
        if self.price < 1 or self.value < 0:
            raise BadInput(f"item {self.name!r}: a starting price is at least 1 and a value not below 0")


@dataclass(frozen=True)
class Entrant:
    """One bidder as the auctioneer knows it.

    `overestimate`: percent by which its estimates exceed true values; -10 is ten percent below. `beliefs`: is it asked
    for an account after every item? `correct_belief`: is it then told its errors and asked again? `learning`: does it
    read the log of a past auction first?
    """

    name: str
    budget: int = 20_000
    overestimate: int = 10
    desire: Desire = "profit"
    plan: Planning = "adaptive"
    beliefs: bool = True
    correct_belief: bool = False
    learning: bool = False

    def __post_init__(self) -> None:
        if self.budget < 0:
            raise BadInput(f"bidder {self.name!r}: budget {self.budget} is below 0")
        if self.overestimate < -100:
            raise BadInput(f"bidder {self.name!r}: overestimate {self.overestimate} % would make estimates negative")

    def estimate(self, item: Item) -> int:
        """int(TV (1 + o)), in whole numbers: 1.15 * 2000 in floating point would lose a dollar."""
        return item.value * (100 + self.overestimate) // 100


THINGS = (
    ("Brass Orrery", "a clockwork model of the planets, six of them still turning"),
    ("Harbour Lantern", "a ship's lamp of green glass, wick included"),
    ("Walnut Metronome", "keeps time between forty and two hundred beats"),
    ("Clay Whistle", "a bird that sings two notes when filled with water"),
    ("Copper Still", "holds nine litres and has seen use"),
    ("Field Theodolite", "a surveyor's instrument in its wooden case"),
    ("Indigo Quilt", "stitched by several hands over many winters"),
    ("Paper Kite", "a dragon of eleven joints with bamboo ribs"),
    ("Tin Locomotive", "wind-up, with two carriages and a curve of track"),
    ("Slate Sundial", "cut for a latitude of fifty degrees"),
    ("Amber Chess Set", "complete but for one replaced bishop"),
    ("Cedar Loom", "a table loom with four shafts"),
    ("Silver Thimble Case", "a dozen thimbles, no two alike"),
    ("Marsh Barometer", "reads one notch too dry, as everybody in the house knew"),
    ("Ivory-White Typewriter", "portable, with a ribbon that still prints"),
    ("Garnet Seal Ring", "engraved with a heron"),
    ("Salt-Glazed Jug", "two litres, a mended handle"),
    ("River Chart", "printed on linen, soundings in fathoms"),
    ("Pocket Sextant", "the size of a tea tin"),
    ("Beech Puppet Theatre", "a stage, three backdrops and seven puppets"),
    ("Iron Seed Press", "turns out a cup of oil an hour"),
    ("Glass Harmonica", "twenty bowls on one axle"),
    ("Long-Case Clock", "strikes the quarters and shows the tides"),
    ("Painted Screen", "six panels with cranes over a lake"),
    ("Travelling Observatory", "a refractor with mount, dome tent and star tables"),
    ("Concert Harp", "forty-seven strings, restrung last year"),
)  # fmt: skip


def two_level_pool(low: int = 22, high: int = 4) -> tuple[Item, ...]:
    """The form of the released pool: 22 items at 1,000 worth 2,000 and 4 at 5,000 worth 10,000; names are ours."""
    return tuple(Item(name, 1000 if i < low else 5000, 2000 if i < low else 10_000, text)
                 for i, (name, text) in enumerate(THINGS[: low + high]))  # fmt: skip


def standard_items(levels: tuple[int, ...] = (1000, 2000, 3000, 4000, 5000), each: int = 2) -> tuple[Item, ...]:
    """The standard setting: two items at each starting price, worth twice that; 30,000 in starting prices."""
    prices = [price for price in levels for _ in range(each)]
    if len(prices) > len(THINGS):
        raise BadInput(f"there are names for {len(THINGS)} items, not for {len(prices)}")
    return tuple(Item(name, price, 2 * price, text) for price, (name, text) in zip(prices, THINGS))


def ordered(items: tuple[Item, ...], order: Order, rng: Random) -> tuple[Item, ...]:
    """The items in the order of sale. Equal prices keep the given order."""
    if order == "shuffled":
        return tuple(rng.sample(items, len(items)))
    if order == "given":
        return items
    return tuple(sorted(items, key=lambda item: item.price, reverse=order == "descending"))


# ---- files


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file; a broken line is named by its number."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise BadInput(f"{path}, line {number}: not JSON ({error})") from None
    return rows


def read_items(path: Path) -> tuple[Item, ...]:
    """Items from a file of the released form: name, price, desc, id, true_value."""
    try:
        return tuple(Item(row["name"], int(row["price"]), int(row["true_value"]), row.get("desc", ""))
                     for row in rows_of(path))  # fmt: skip
    except KeyError as missing:
        raise BadInput(f"{path}: an item lacks {missing}; needed are name, price, true_value") from None


DESIRES: Mapping[str, Desire] = {
    "maximize_profit": "profit",
    "maximize_items": "items",
    "profit": "profit",
    "items": "items",
}


def read_entrants(path: Path) -> tuple[tuple[Entrant, str, float], ...]:
    """Bidders from a file of the released form, each with its model name and temperature."""
    found = []
    for row in rows_of(path):
        try:
            desire, plan = row.get("desire", "maximize_profit"), row.get("plan_strategy", "adaptive")
            if desire not in DESIRES or plan not in get_args(Planning):
                raise BadInput(f"{path}: desire {desire!r} or plan_strategy {plan!r} is not known")
            entrant = Entrant(
                row["name"],
                int(row["budget"]),
                int(row.get("overestimate_percent", 10)),
                DESIRES[desire],
                plan,
                True,
                bool(row.get("correct_belief", False)),
                bool(row.get("enable_learning", False)),
            )
            found.append((entrant, row["model_name"], float(row.get("temperature", 0.7))))
        except KeyError as missing:
            raise BadInput(f"{path}: a bidder lacks {missing}; needed are name, model_name, budget") from None
    return tuple(found)
