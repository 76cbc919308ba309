"""Scripted voices: rules that write the dialogue of Solo Performance Prompting in one reply. No language model.

In logic grids a propagator proposes and a clue checker names every clue that would still exclude something. In
Codenames a wordsmith proposes hints, nearest to the targets first, and the guesser's advocate says which words a hint
would bring.
"""

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import BaseModel

from manyminds.conversations.solo import FINAL, LEADER
from manyminds.core import Seeds
from manyminds.models.request import Request
from manyminds.models.scripted import Scripted
from manyminds.papers.spp.arms import Settings, instance
from manyminds.papers.spp.tasks import Grid
from manyminds.worlds.texts import codenames, logic_puzzles, puzzle_clauses
from manyminds.worlds.texts.codenames import Game, Lexicon
from manyminds.worlds.texts.logic_puzzles import Puzzle


class Puzzled(BaseModel, frozen=True):
    """One drawn puzzle and what the voices made of it."""

    houses: int
    groups: int
    clues: int
    solutions: int  # assignments that satisfy all clues
    consistent: int  # those of them with the asked value in the answer's house
    propagates: bool  # does unit propagation on clauses find the answer?
    single: bool | None  # does the integer programme find this answer and no other? None: not asked
    voices: bool  # is the answer of both voices right?
    alone: bool  # and that of the propagator without the checker, after one reading of the clues?
    guess: bool  # and a blind guess?


class Played(BaseModel, frozen=True):
    """One drawn game: targets found by the voices, by the best hint in expectation, by the first hint, by guessing."""

    words: int
    targets: int
    found: int
    expected: float  # of the hint that the voices chose
    best: float  # of the best hint, by trying all
    alone: int  # found with the first hint, unchecked
    guess: int
    difficulty: float


@dataclass(frozen=True)
class Voices:
    """`critic`: does the second voice speak? Without it the first proposal stands."""

    lexicon: Lexicon
    critic: bool = True

    def model(self) -> Scripted:
        return Scripted("scripted voices" if self.critic else "scripted voice", self)

    def __call__(self, request: Request) -> str:
        text = request.messages[-1].content
        if "Clues:" in text:
            return self.solved(logic_puzzles.read(text))
        words = re.findall(r"^Words: (.*)$", text, re.M)[-1].split(", ")
        if targets := re.findall(r"^Targets: (.*)$", text, re.M):
            return self.hinted(words, targets[-1].split(", "))
        hint = re.findall(r"^Hint: (.*)$", text, re.M)[-1]
        count = int(re.findall(r"had (\d+) of the words", text)[-1])
        guess = self.lexicon.guess(hint, words, count)
        return transcript("Word Lover", "Advocate", ["Word Lover: These are the nearest."], ", ".join(guess))

    def solved(self, puzzle: logic_puzzles.Read) -> str:
        size, groups = puzzle.size, len(puzzle.names) // puzzle.size
        domains = logic_puzzles.everything(size, groups)
        open_clues, talk = list(range(1, len(puzzle.clues) + 1)), []
        while open_clues:
            for number in open_clues:
                logic_puzzles.revised(puzzle.clues[number - 1], domains, size)
            where = [house + 1 for house in sorted(domains[puzzle.asked])]
            name = puzzle.names[puzzle.asked]
            talk.append(f"Propagator: After the clues {listed(open_clues)} the {name} can be in house {listed(where)}.")
            open_clues = [] if not self.critic else [
                i for i, clue in enumerate(puzzle.clues, 1) if logic_puzzles.revised(clue, list(domains), size)
            ]  # fmt: skip
            if self.critic:
                talk.append(f"Clue Checker: Clues {listed(open_clues)} exclude more." if open_clues else
                            "Clue Checker: No clue excludes anything more.")  # fmt: skip
        left = domains[puzzle.asked]
        return transcript(
            "Propagator", "Clue Checker", talk, str(next(iter(left)) + 1) if len(left) == 1 else "unknown"
        )

    def hinted(self, words: list[str], targets: list[str]) -> str:
        hints = [word for word in self.lexicon.words if word not in words]
        hints.sort(key=lambda hint: -float(self.lexicon.similar(hint, targets).mean()))
        best, worth, talk = hints[0], -1.0, []
        for hint in hints:
            talk.append(f"Wordsmith: What about {hint}?")
            if not self.critic:
                break
            expected = self.lexicon.expected(hint, words, targets)
            if expected > worth:
                best, worth = hint, expected
            if expected == len(targets):
                talk.append("Advocate: That brings the targets and nothing else.")
                break
            talk.append(f"Advocate: That brings {listed(self.lexicon.guess(hint, words, len(targets)))}.")
        return transcript("Wordsmith", "Advocate", talk, best)


def listed(values: Any) -> str:
    return ", ".join(map(str, values))


def transcript(first: str, second: str, talk: list[str], answer: str) -> str:
    lines = [f"Participants: {LEADER}; {first}; {second}", "Begin discussion.", *talk,
             f"{LEADER}: Then we are done.", "End discussion.", f"{FINAL} {answer}"]  # fmt: skip
    return "\n".join(lines)


async def puzzled(seeds: Seeds, count: int, checked: int, limit: int = logic_puzzles.MOST) -> list[dict[str, Any]]:
    """Drawn puzzles; the first `checked`, and all beyond four houses or three groups, are proved by the integer
    programme too."""
    lexicon = Lexicon({})
    rng, found = seeds("guesses"), []
    for i, puzzle in enumerate(logic_puzzles.mixed(seeds("puzzles"), count, limit)):
        item = Grid(str(i), puzzle.text, str(puzzle.answer), puzzle.size)
        rows = [await instance(item, "spp", False, Voices(lexicon, critic).model(), Settings(), f"voices/{critic}")
                for critic in (True, False)]  # fmt: skip
        solutions, consistent = logic_puzzles.count_solutions(puzzle)
        clauses = puzzle_clauses.answered(puzzle.clues, puzzle.size, puzzle.groups, puzzle.asked)
        proved = single(puzzle) if i < checked or large(puzzle) else None
        found.append(Puzzled(
            houses=puzzle.size, groups=puzzle.groups, clues=len(puzzle.clues), solutions=solutions,
            consistent=consistent, propagates=clauses == puzzle.answer, single=proved, voices=bool(rows[0].hits),
            alone=bool(rows[1].hits), guess=rng.randint(1, puzzle.size) == puzzle.answer,
        ).model_dump())  # fmt: skip
    return found


def single(puzzle: Puzzle) -> bool:
    """The integer programme finds the answer's house possible and no other."""
    told = (puzzle.clues, puzzle.size, puzzle.groups, puzzle.asked, puzzle.answer - 1)
    return logic_puzzles.possible(*told) and not logic_puzzles.possible(*told, there=False)


def large(puzzle: Puzzle) -> bool:
    return puzzle.size > 4 or puzzle.groups > 3


async def played(seeds: Seeds, count: int) -> list[dict[str, Any]]:
    """Drawn games in a vocabulary with planted senses."""
    lexicon = Lexicon.drawn(seeds)
    rng: Random = seeds("games")
    found = []
    for i in range(count):
        game = codenames.game(rng, lexicon.words, str(i))
        hints, rows = [], []
        for critic in (True, False):
            voices = Voices(lexicon, critic)
            rows.append(await instance(game, "spp", False, voices.model(), Settings(), f"voices/{critic}"))
            hints.append(final_of(voices.hinted(list(game.words), list(game.targets))))
        found.append(Played(
            words=len(game.words), targets=len(game.targets), found=rows[0].hits,
            expected=lexicon.expected(hints[0], game.words, game.targets),
            best=lexicon.best_hint(game.words, game.targets)[1], alone=rows[1].hits,
            guess=blind(rng, game), difficulty=lexicon.difficulty(game.words, game.targets),
        ).model_dump())  # fmt: skip
    return found


def final_of(text: str) -> str:
    return text.rpartition(FINAL)[2].strip()


def blind(rng: Random, game: Game) -> int:
    """Targets among as many words drawn at random."""
    return codenames.score(game, ", ".join(rng.sample(game.words, len(game.targets)))).found
