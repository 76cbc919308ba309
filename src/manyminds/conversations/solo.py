"""Solo performance: one mind in ONE call names participants, lets them talk, and writes the final answer.

Solo Performance Prompting (arXiv 2307.05300, section 2), with its variants: a profile of each participant, a fixed pair
of participants, fewer demonstrations. Voices that are separate calls would be another method (see `discussion.py`).
`SelfRefine` is the baseline of three calls: answer, feedback, revision (arXiv 2303.17651).
"""

import re
from dataclasses import dataclass
from typing import Literal

from manyminds.conversations.methods import Minds, Question, Reply, Said
from manyminds.conversations.plain import Style, answer_of, put, said_by, style_of
from manyminds.conversations.questions import told
from manyminds.core import BadInput, render

LEADER = "AI Assistant (you)"
FINAL = "Final answer:"
Variant = Literal["spp", "profile", "fixed"]
LISTED = re.compile(r"^[\W_]*participants?[\W_]*:(.*)$", re.I)
OPENED = re.compile(r"^[\W_]*(start|begin|end|finish)\w*[ \w]*[.!]*[\W_]*$", re.I)  # lines that open or close the talk
MARK = re.compile(r"final answer:", re.I)


@dataclass(frozen=True)
class Turn:
    """What one participant says at once."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Transcript:
    """A reply, read. Without a final answer `ok` is False and `final` the whole reply, which is still scored; whoever
    reports counts it (`problems` says what was wrong with the reply)."""

    participants: tuple[str, ...]
    turns: tuple[Turn, ...]
    final: str
    ok: bool
    problems: tuple[str, ...] = ()


def final_answer(text: str, mark: str = FINAL, first: bool = False) -> tuple[str, bool]:
    """(what stands after the last `mark`, True), or (all of the text, False) without one. Case does not matter.

    `first` takes what follows the first mark up to the next, as the paper's released code does.
    """
    parts = re.split(re.escape(mark), text, flags=re.I)
    if len(parts) == 1:
        return text.strip(), False
    return (parts[1] if first else parts[-1]).strip(), True


def read(text: str) -> Transcript:
    """Participants, turns and final answer of a reply.

    Participants stand on a line of their own, separated by semicolons; a turn begins with a line that begins with one
    of their names. A reply may repeat a demonstration first: the last list and the last mark count.
    """
    final, ok = final_answer(text)
    marks = list(MARK.finditer(text))
    lines = (text[: marks[-1].start()] if ok else text).split("\n")
    listed = [at for at, line in enumerate(lines) if LISTED.match(line)]
    problems = []
    names: tuple[str, ...] = ()
    if listed:
        names = participants_of(lines[listed[-1]])
    if not names:
        problems.append("no participants")
    elif plain(names[0]) != plain(LEADER):
        problems.append("no leader")
    turns = turns_of(lines[listed[-1] + 1 :], names) if names else ()
    if len(marks) > 1:
        problems.append("several final answers")
    if not ok:
        problems.append("stops in the middle of the talk" if turns else "no final answer")
    elif not final:
        problems.append("empty final answer")
    return Transcript(names, turns, final, ok, tuple(problems))


def plain(name: str) -> str:
    """A name without case, marks of emphasis, and the note that says who the model is."""
    return re.sub(r"\(you\)|[*_`#]", "", name, flags=re.I).strip(" .:-").casefold()


def participants_of(line: str) -> tuple[str, ...]:
    """The names on a line of participants, each once."""
    found = LISTED.match(line)
    names = [re.sub(r"[*_`]", "", name).strip(" .") for name in (found[1] if found else "").split(";")]
    return tuple(dict.fromkeys(name for name in names if name))


def turns_of(lines: list[str], names: tuple[str, ...]) -> tuple[Turn, ...]:
    """Turns of the participants; lines of profiles (they begin with a dash) are none, and others go on with a turn."""
    known = {plain(name): name for name in names}
    found: list[Turn] = []
    for line in lines:
        head, colon, rest = line.partition(":")
        speaker = known.get(plain(head)) if colon and not line.lstrip().startswith(("-", "•")) else None
        if speaker is not None:
            found.append(Turn(speaker, rest.strip(" *")))
        elif found and line.strip() and not OPENED.match(line):
            found[-1] = Turn(found[-1].speaker, f"{found[-1].text}\n{line.strip()}".strip())
    return tuple(found)


@dataclass(frozen=True)
class Solo:
    """`demonstrations`: 2 as in the paper, 1 its smaller variant, 0 none (another method than the paper's)."""

    variant: Variant = "spp"
    demonstrations: int = 2
    temperature: float = 0.0
    max_tokens: int = 5000

    def __post_init__(self) -> None:
        if self.demonstrations not in (0, 1, 2):
            raise BadInput(f"there are two demonstrations; demonstrations={self.demonstrations} cannot be")

    def prompt(self, question: Question) -> str:
        return render(__package__, "solo", question=told(question), demonstrations=self.demonstrations,
                      profile=self.variant == "profile", fixed=self.variant == "fixed")  # fmt: skip

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        text = await said_by(minds.model, self.prompt(question), self.temperature, self.max_tokens, repeat)
        return Reply(read(text).final, (Said("solo", text, "transcript"),))


@dataclass(frozen=True)
class SelfRefine:
    """An answer, then `rounds` times feedback and a revision by the same mind, which reads all that came before."""

    rounds: int = 1
    temperature: float = 0.0
    max_tokens: int = 5000
    style: Style = "marked"

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        async def call(prompt: str, name: str) -> str:
            return await said_by(minds.model, prompt, self.temperature, self.max_tokens, f"{repeat}/{name}")

        asked = put(question, self.style, False)
        text = await call(asked, "answer")
        context, said = f"{asked}\n\n{text}", [Said("solver", text, "answer")]
        for turn in range(1, self.rounds + 1):
            feedback = await call(render(__package__, "refine_feedback", context=context), f"feedback/{turn}")
            marked = style_of(question, self.style) == "marked"
            revise = render(__package__, "refine_revision", context=context, feedback=feedback, marked=marked)
            text = await call(revise, f"revision/{turn}")
            context = f"{revise}\n\n{text}"
            said += [Said("solver", feedback, "feedback", turn=turn), Said("solver", text, "answer", turn=turn)]
        return Reply(answer_of(question, text, self.style), tuple(said))
