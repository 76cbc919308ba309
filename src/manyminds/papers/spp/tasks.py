"""The three tasks as questions and scores: trivia stories, Codenames (two questions), logic grids.

Files in the released forms are given as `data=trivia=FILE,codenames=FILE,logic=FILE`; without them stand-ins are drawn.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from manyminds.conversations.methods import Question
from manyminds.core import BadInput, Seeds, render, unknown
from manyminds.worlds.texts import codenames, logic_puzzles, published, trivia_stories
from manyminds.worlds.texts.codenames import Game
from manyminds.worlds.texts.trivia_stories import Story
from manyminds.worlds.texts.words import words

SMALL = 14_400  # assignments of a stand-in grid at most: 2 to 5 groups, with five houses 2
KINDS = ("trivia", "codenames", "logic")
# Words with more than one sense, for games where no file is given.
WORDS = words("""
    bank bat bark beam bolt bow bridge bulb cap cell chest clip club code court crane cricket date deck drill dwarf fan
    file fly fork game glass ham horn jam key king leaf lock mint mole mouse nail novel organ palm park pipe pitch plate
    pool press pupil queen racket ring rock ruler scale seal shell sole spring square stamp star strike suit switch
    table tank tie toast trunk vault watch wave well
    """)


@dataclass(frozen=True)
class Grid:
    """A logic grid as text, its answer (digits) and the number of houses."""

    id: str
    text: str
    target: str
    houses: int


Item = Story | Game | Grid


class Scored(NamedTuple):
    """Hits by the paper's rule and by a stricter one (whole words, whole numbers, the first n guesses), and out of how
    many; `note` says what is strange about the answer."""

    hits: int
    strict: int
    of: int
    note: str = ""


def kind(item: Item) -> str:
    """The task's name; trivia with its number of questions."""
    if isinstance(item, Story):
        return f"trivia {len(item.questions)}"
    return "codenames" if isinstance(item, Game) else "logic"


def story(item: Story) -> Question:
    return Question(render(__package__, "story", topic=item.topic, questions=item.questions))


def spymaster(item: Game) -> Question:
    words = {"words": ", ".join(item.words), "count": len(item.targets)}
    return Question(render(__package__, "spymaster", targets=", ".join(item.targets), **words))


def guesser(item: Game, hint: str) -> Question:
    """What the guesser sees: never the targets, only how many they are."""
    return Question(render(__package__, "guesser", words=", ".join(item.words), hint=hint, count=len(item.targets)))


def grid(item: Grid) -> Question:
    return Question(item.text, "The answer is the number of a house.")


def hint_of(text: str) -> str:
    """The hint in an answer, without dots, as the paper's code takes it."""
    return text.replace(".", "").strip()


def scored(item: Item, text: str) -> Scored:
    if isinstance(item, Story):
        told = trivia_stories.score(item, text)
        return Scored(told.found, told.whole, told.questions)
    if isinstance(item, Game):
        found = codenames.score(item, text)
        return Scored(found.found, found.capped, found.targets, "too many guesses" if found.guesses > found.targets
                      else "")  # fmt: skip
    note = "several numbers" if logic_puzzles.ambiguous(text) else ""
    return Scored(int(logic_puzzles.right(text, item.target)), int(logic_puzzles.right_number(text, item.target)), 1,
                  note)  # fmt: skip


def chance(items: Sequence[Item]) -> float:
    """What blind guessing scores in expectation: 1 / H, or n / |list| (micro); nothing in trivia."""
    games = [item for item in items if isinstance(item, Game)]
    if games:
        return sum(g.chance * len(g.targets) for g in games) / sum(len(g.targets) for g in games)
    grids = [item.houses for item in items if isinstance(item, Grid)]
    return logic_puzzles.chance(grids) if grids else 0.0


# ---- where items come from


def cued(text: str) -> str:
    """A released puzzle without the cues of its benchmark (`Q:` before, `A:` after)."""
    return re.sub(r"^Q:\s*", "", re.sub(r"\s*A:\s*$", "", text))


def released(entry: str) -> list[Item]:
    """The items of KIND=FILE, a file in the form of the paper's data."""
    name, mark, path = entry.partition("=")
    if name not in KINDS:
        raise unknown("task of data", name, KINDS)
    if not mark or not path:
        raise BadInput(f"data {entry!r} names no file; write {name}=FILE")
    where = Path(path).expanduser()
    if name == "trivia":
        return list(trivia_stories.released(where))
    if name == "codenames":
        return [Game(one["id"], tuple(one["words"]), tuple(one["targets"])) for one in published.codenames(where)]
    return [Grid(row.id, cued(row.prompt), row.answers[0], row.prompt.count("choice:")) for row in
            published.logic_grids(where)]  # fmt: skip


def drawn(name: str, seeds: Seeds, count: int, questions: Sequence[int]) -> list[Item]:
    """Stand-ins for one task."""
    rng = seeds("standins", name)
    if name == "trivia":
        return [one for n in questions for one in trivia_stories.standins(rng, count, n)]
    if name == "codenames":
        return [codenames.game(rng, WORDS, str(i)) for i in range(count)]
    return [Grid(str(i), one.text, str(one.answer), one.size) for i, one in
            enumerate(logic_puzzles.mixed(rng, count, SMALL))]  # fmt: skip
