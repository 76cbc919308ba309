"""Trivia stories: a short story on a topic must hold the answers to N questions, and is scored by the answers it holds.

The task of arXiv 2307.05300 (questions of TriviaQA). A few dozen questions of general knowledge of our own stand in
where no file is given.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

from manyminds.core import BadInput
from manyminds.worlds.texts.published import records


@dataclass(frozen=True)
class Story:
    """`answers`: the accepted forms of each answer; a question without any cannot be scored."""

    id: str
    topic: str
    questions: tuple[str, ...]
    answers: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if len(self.questions) != len(self.answers) or not self.questions:
            raise BadInput(f"story {self.id}: {len(self.questions)} questions and {len(self.answers)} lists of answers")
        for question, accepted in zip(self.questions, self.answers):
            if not any(alias.strip() for alias in accepted):
                raise BadInput(f"story {self.id}: no answer is accepted for {question!r}")


class Score(NamedTuple):
    """Questions whose answer occurs: as part of the text (the paper's rule), as whole words, and all questions."""

    found: int
    whole: int
    questions: int


def occurs(aliases: Sequence[str], text: str) -> bool:
    """Some alias is a part of the text, case aside."""
    said = text.casefold()
    return any(alias.casefold() in said for alias in aliases if alias.strip())


def occurs_whole(aliases: Sequence[str], text: str) -> bool:
    """Some alias stands in the text with no letter or digit beside it."""
    bounded = (rf"(?<!\w){re.escape(alias.strip().casefold())}(?!\w)" for alias in aliases if alias.strip())
    said = text.casefold()
    return any(re.search(pattern, said) for pattern in bounded)


def score(story: Story, text: str) -> Score:
    found, whole = (sum(rule(aliases, text) for aliases in story.answers) for rule in (occurs, occurs_whole))
    return Score(found, whole, len(story.questions))


def micro(scores: Iterable[Score], whole: bool = False) -> float:
    """Answers found of all questions: what the paper reports."""
    every = list(scores)
    return sum(s.whole if whole else s.found for s in every) / sum(s.questions for s in every)


def released(path: Path | str) -> list[Story]:
    """The released files: `questions`, `answers` (lists of aliases), `topic`."""
    return [
        Story(place.rpartition(" ")[2], found["topic"], tuple(found["questions"]), tuple(map(tuple, found["answers"])))
        for place, found in records(path, "questions", "answers", "topic")
    ]


TOPICS = ("a lighthouse keeper", "a night train", "a school play", "a lost kite", "a market stall", "two old rivals")
FACTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is the capital of Australia?", ("Canberra",)),
    ("Which element has the symbol Fe?", ("iron",)),
    ("Who wrote the play Hamlet?", ("Shakespeare",)),
    ("Which planet has the largest known moon, Ganymede?", ("Jupiter",)),
    ("On which river does Vienna lie?", ("Danube", "Donau")),
    ("Who discovered the structure of DNA together with Francis Crick?", ("Watson",)),
    ("Which painter cut off a part of his own ear?", ("van Gogh",)),
    ("What is the currency of Japan?", ("yen",)),
    ("Which ocean lies between Africa and Australia?", ("Indian Ocean",)),
    ("Who composed the opera The Magic Flute?", ("Mozart",)),
    ("Which gas do plants take up from the air to grow?", ("carbon dioxide", "CO2")),
    ("In which city does the Colosseum stand?", ("Rome", "Roma")),
    ("What is the smallest prime number?", ("two", "2")),
    ("Which mountain is the highest above sea level?", ("Everest", "Chomolungma", "Sagarmatha")),
    ("Who was the first woman to win a Nobel Prize?", ("Curie",)),
    ("Which instrument has 88 keys?", ("piano",)),
    ("What is the largest mammal?", ("blue whale",)),
    ("Which country has the city of Timbuktu?", ("Mali",)),
    ("Who formulated the laws of motion in the Principia?", ("Newton",)),
    ("What is the chemical symbol of gold?", ("Au",)),
    ("Which sea does the Suez Canal join to the Mediterranean?", ("Red Sea",)),
    ("Who wrote the novel Pride and Prejudice?", ("Austen",)),
    ("How many strings has a violin?", ("four", "4")),
    ("Which metal is liquid at room temperature?", ("mercury", "quicksilver")),
)


def standins(rng: Random, count: int, questions: int) -> list[Story]:
    """Stories on our own questions; none of them is asked twice in one story."""
    found = []
    for i in range(count):
        asked = rng.sample(FACTS, questions)
        found.append(Story(str(i), rng.choice(TOPICS), tuple(q for q, _ in asked), tuple(a for _, a in asked)))
    return found
