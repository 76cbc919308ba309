"""Methods: ways in which one mind or many answer one question, all called alike so that they can be compared.

A method is an async function of a question, the minds it may use and the name of the stream of its calls. It sees what
a person who sits an exam would see, never the accepted answers or the hidden tests; whoever calls it scores the reply.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from manyminds.models.request import Model


@dataclass(frozen=True)
class Question:
    """What is asked. `form` says in words how the answer must be written; `context` is a text to answer from;
    `options` are the choices, if any; `entry_point` is the name of the function to write, if code is asked for;
    `opener` is what a mind of style `native` reads after the question to work the answer out, if it knows how."""

    text: str
    form: str = ""
    context: str = ""
    options: tuple[str, ...] = ()
    entry_point: str = ""
    opener: str = ""


@dataclass(frozen=True)
class Minds:
    """The models of one method: one for every role that has none of its own."""

    model: Model
    roles: Mapping[str, Model] = field(default_factory=dict)

    def of(self, role: str) -> Model:
        return self.roles.get(role, self.model)


@dataclass(frozen=True)
class Said:
    """One message: who said it, as what, and who heard it beside the speaker (empty: nobody else)."""

    speaker: str
    text: str
    role: str = ""
    heard_by: tuple[str, ...] = ()
    turn: int = 0


@dataclass(frozen=True)
class Reply:
    """What came of it: the final answer as a checker reads it, what was said on the way, and whether the minds agreed
    on it (None where nobody was asked)."""

    text: str
    said: tuple[Said, ...] = ()
    agreed: bool | None = None


class Method(Protocol):
    """One way to answer, a frozen dataclass with its settings; `repeat` names the random stream of its calls."""

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply: ...
