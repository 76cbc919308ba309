"""The challenge: after a discussion each participant may agree with an answer or replace it; some answers are planted.

Who only follows also agrees with a wrong or an irrelevant answer (MALLM, arXiv 2410.22932, optional last stage).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from manyminds.conversations.ballots import Contribution
from manyminds.conversations.metered import Meter
from manyminds.conversations.methods import Minds, Question
from manyminds.conversations.personas import Persona
from manyminds.conversations.questions import told
from manyminds.core import NoAnswer, Text, render
from manyminds.models.request import Request, system, user

IRRELEVANT = "I do not know, and I would rather talk about the weather."


@dataclass(frozen=True)
class Challenged:
    """What became of one answer: how each participant stands to it (None: no legal answer), and what it would say
    instead ("" where it agrees or is silent). `kind`: final, wrong or irrelevant."""

    kind: str
    answer: str
    agrees: tuple[bool | None, ...]
    replacements: tuple[str, ...]


async def wrong_answer(question: Question, meter: Meter, repeat: str) -> str | None:
    """An answer that is wrong on purpose; None where the model gives none."""
    text = render(__package__, "wrong", task=told(question))
    request = Request((user(text),), temperature=1.0, output=Text(), repeat=f"{repeat}/wrong")
    found = await meter.asked(request, "agent")
    return None if isinstance(found, NoAnswer) else str(found)


async def challenged(
    question: Question, minds: Minds, personas: Sequence[Persona], answer: str, repeat: str, wrong: str | None = None
) -> list[Challenged]:
    """The final answer, a wrong one (`wrong`, or else one that the model makes up) and an irrelevant one, put to
    everybody."""
    meter = Meter(minds)
    planted = wrong if wrong is not None else await wrong_answer(question, meter, repeat)
    answers = {"final": answer, "wrong": planted, "irrelevant": IRRELEVANT}
    return [await put(question, meter, personas, kind, text, repeat) for kind, text in answers.items() if text]


async def put(
    question: Question, meter: Meter, personas: Sequence[Persona], kind: str, answer: str, repeat: str
) -> Challenged:
    """One answer put to everybody, each by itself."""
    agrees: list[bool | None] = []
    replacements: list[str] = []
    for seat, persona in enumerate(personas):
        head = render(__package__, "seat", task=told(question), persona=persona, alone=False, current="")
        text = render(__package__, "challenge", answer=answer)
        request = Request((system(head), user(text)), output=Contribution("improve", "marked"),
                          repeat=f"{repeat}/challenge/{kind}/{seat}")  # fmt: skip
        spoken = await meter.asked(request, f"agent {seat + 1}", "agent")
        silent = isinstance(spoken, NoAnswer)
        agrees.append(None if silent else spoken.agrees)
        replacements.append("" if silent else spoken.solution)
    return Challenged(kind, answer, tuple(agrees), tuple(replacements))
