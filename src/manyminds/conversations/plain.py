"""One mind alone: a direct answer, a chain of thought, and a majority of several: the baselines of every comparison.

How an answer is asked for and read is one of three styles. `marked`: the reply ends with a line `Answer: X`. `free`:
the whole reply is the answer (writing, code). `native`: nothing is added to the question, and the answer stands after
the last `#` that begins a line, as the house model was raised to write.
"""

import asyncio
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from manyminds.conversations.methods import Minds, Question, Reply, Said
from manyminds.conversations.questions import told
from manyminds.conversations.voting import merged, simple
from manyminds.core import render
from manyminds.core.actions import after_mark
from manyminds.models.request import Model, Request, user

Style = Literal["marked", "free", "native"]
LETTERS = string.ascii_uppercase
ARTICLES = frozenset(("a", "an", "the"))


def style_of(question: Question, style: Style) -> Style:
    """How the answer is asked for: code is always the whole reply."""
    return "free" if question.entry_point and style == "marked" else style


def answer_of(question: Question, text: str, style: Style = "marked") -> str:
    """The final answer of a reply, read from its end; the whole reply where no answer is marked."""
    style = style_of(question, style)
    if style == "free" or question.entry_point:
        return text.strip()
    if style == "native":
        marks = [line.strip()[1:].strip() for line in text.split("\n") if line.strip().startswith("#")]
        return marks[-1] if marks else text.strip()
    lines = (after_mark(text) or text).strip().split("\n")
    return lines[0].strip(" *`") if after_mark(text) is not None else text.strip()


def alike(answer: str) -> str:
    """What equal answers have in common: case, articles, blanks and the punctuation around words aside.

    Signs and points inside numbers stay, so that -1 is not 1 and 0.5 is not 5.
    """
    stripped = (word.strip(string.punctuation.replace("-", "")).rstrip("-") for word in answer.casefold().split())
    words = [word for word in stripped if word]
    return " ".join([word for word in words if word not in ARTICLES] or words)  # "A" alone is an option, no article


def chosen(question: Question, answer: str) -> str:
    """`alike`, where the letter of an option counts as the option."""
    bare = answer.strip().strip("().:").upper()
    if question.options and len(bare) == 1 and bare in LETTERS[: len(question.options)]:
        return alike(question.options[LETTERS.index(bare)])
    head, mark, rest = answer.strip().partition(")")
    if mark and question.options and alike(rest) in map(alike, question.options) and len(head.strip("( ")) == 1:
        return alike(rest)
    return alike(answer)


def majority(question: Question, answers: Sequence[str]) -> tuple[str, int]:
    """(the first answer of the largest group of equal ones, its size); groups of one size: the one that was said
    first. Empty answers have no vote; without any the answer is empty."""
    given = [answer for answer in answers if chosen(question, answer)]
    distinct, which = merged(given, lambda answer: chosen(question, answer))
    tally = simple(which, len(distinct))
    return (distinct[tally.leaders[0]], which.count(tally.leaders[0])) if given else ("", 0)


async def said_by(model: Model, text: str, temperature: float, max_tokens: int, repeat: str) -> str:
    """The reply of a model to one message."""
    request = Request((user(text),), temperature=temperature, max_tokens=max_tokens, repeat=repeat)
    return (await model.complete(request)).text


def put(question: Question, style: Style, think: bool) -> str:
    """What is asked of a mind alone."""
    style = style_of(question, style)
    if style == "native":
        return (question.text if question.entry_point else told(question)) + question.opener * think
    return render(__package__, "plain", question=told(question), think=think and style == "marked",
                  marked=style == "marked")  # fmt: skip


@dataclass(frozen=True)
class Direct:
    """The answer at once."""

    temperature: float = 0.0
    max_tokens: int = 1024
    style: Style = "marked"

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        text = await said_by(minds.model, put(question, self.style, False), self.temperature, self.max_tokens, repeat)
        return Reply(answer_of(question, text, self.style), (Said("solver", text, "answer"),))


@dataclass(frozen=True)
class ChainOfThought:
    """Reasoning first, without examples (arXiv 2205.11916). `rounds`: the same text is read again that many times, each
    time with what was thought before, as an equal-call control for methods of two steps."""

    temperature: float = 0.0
    max_tokens: int = 1024
    style: Style = "marked"
    rounds: int = 1

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        first = put(question, self.style, True)
        said: list[Said] = []
        for turn in range(self.rounds):
            again = render(__package__, "plain_again", earlier=said[-1].text) if said else ""
            text = await said_by(minds.model, f"{first}\n\n{again}" if again else first, self.temperature,
                                 self.max_tokens, f"{repeat}/{turn}" if turn else repeat)  # fmt: skip
            said.append(Said("solver", text, "thought", turn=turn))
        return Reply(answer_of(question, said[-1].text, self.style), tuple(said))


@dataclass(frozen=True)
class SelfConsistency:
    """Several chains of thought at a temperature above 0; the answer that comes most often (arXiv 2203.11171).

    `slots` names the role that each sample comes from (empty: `samples` of the one mind). Agreed: more than half say
    the same.
    """

    samples: int = 16
    temperature: float = 0.7
    max_tokens: int = 1024
    style: Style = "marked"
    slots: tuple[str, ...] = ()

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        roles = self.slots or ("solver",) * self.samples
        text = put(question, self.style, True)
        jobs = [said_by(minds.of(role), text, self.temperature, self.max_tokens, f"{repeat}/{name}")
                for role, name in zip(roles, numbered(roles))]  # fmt: skip
        texts = await asyncio.gather(*jobs)
        answers = [answer_of(question, one, self.style) for one in texts]
        best, votes = majority(question, answers)
        said = tuple(Said(name, one, "sample") for name, one in zip(numbered(roles), texts))
        return Reply(best, said, agreed=2 * votes > len(answers))


def numbered(roles: Sequence[str]) -> list[str]:
    """A name for each slot: its role and how many slots of the role came before. Equal slots of two mixes get equal
    names, so that a sample that both need is drawn and paid for once."""
    return [f"{role} {list(roles[:i]).count(role) + 1}" for i, role in enumerate(roles)]
