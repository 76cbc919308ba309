"""Evidence first: an answer with the passages that support it, and a second look at those passages alone.

Chain of Evidences asks for the answer, its evidence and an explanation in one step. Evidence to Generate does so twice:
the first step reads the whole context, the second the evidence that the first found (or both), under the same
instruction, and its answer is final (arXiv 2401.05787, version 2). Nothing is exemplified and nobody verifies.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from manyminds.conversations.grounding import fitted, grounded, sentences, tokens
from manyminds.conversations.methods import Minds, Question, Reply, Said
from manyminds.conversations.plain import Style, answer_of
from manyminds.conversations.questions import told
from manyminds.conversations.readings import Found, read
from manyminds.core import BadInput, render, unknown
from manyminds.models.request import Model, Request, user

Ground = Literal["evidence", "both", "adaptive"]
Length = Literal["short", "long"]
LONG_CONTEXT = 200  # tokens; a longer context is worth a step of its own
QUESTION_WORDS = "who whom whose what which when where why how"
VERBS = "is are was were be been am do does did has have had can could will would shall should may might must"
OPENERS = frozenset(f"{QUESTION_WORDS} {VERBS}".split())  # the verbs: forms of be, do and have, and the modal ones


class Objective(NamedTuple):
    """Which kind of agent, what it is given, and what is wanted of it."""

    agent: str
    given: str
    wanted: str


OBJECTIVES = {
    "answer": Objective("question answering", "a question", "the answer"),
    "classify": Objective("text classification", "a claim", "its label"),
    "dialogue": Objective("dialogue", "what was said so far", "the next turn"),
}


@dataclass(frozen=True)
class Reading:
    """One question read in one or two steps. `first` is the provisional result, `final` the one that counts; `ground`
    is what the second step read. Flags: `truncated N` (sentences left out of the context), `no evidence` (the second
    step read the context), `no answer` (the first step's was taken), `repaired` and `unstructured` replies."""

    first: Found
    final: Found
    context: str
    ground: str = ""
    flags: tuple[str, ...] = ()
    evidence_sentences: int = 0
    ungrounded: int = 0
    texts: tuple[str, ...] = ()

    @property
    def reply(self) -> Reply:
        roles = ("evidence", "answer")
        said = tuple(Said("reader", text, role, turn=i) for i, (text, role) in enumerate(zip(self.texts, roles)))
        notes = tuple(Said("note", flag, "flag") for flag in self.flags)
        return Reply(self.final.answer, (*said, *notes))


@dataclass(frozen=True)
class ChainOfEvidence:
    """One step on the whole context; `long` puts step-by-step reasoning before the same demand."""

    length: Length = "short"
    objective: str = "answer"
    temperature: float = 0.0
    max_tokens: int = 1024
    style: Style = "marked"
    most_tokens: int = 12_000  # of the context; beyond it whole sentences are left out, of the longest passages first

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise unknown("objective", self.objective, OBJECTIVES)

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        return (await self.reading(question, minds.model, repeat)).reply

    async def reading(self, question: Question, model: Model, repeat: str) -> Reading:
        context, left_out = fitted(question.context, self.most_tokens)
        found, text = await self.step(question, context, model, f"{repeat}/evidence")
        flags = (*((f"truncated {left_out}",) if left_out else ()), *found.flags)
        inside, outside = grounded(found.evidence, context)
        return Reading(found, found, context, "", flags, len(inside) + len(outside), len(outside), (text,))

    async def step(self, question: Question, context: str, model: Model, repeat: str) -> tuple[Found, str]:
        """One call: what was found in the reply, and the reply. The reply of the house model cites numbered sentences
        of the context, which are looked up."""
        text = self.prompt(question, context)
        request = Request((user(text),), temperature=self.temperature, max_tokens=self.max_tokens, repeat=repeat)
        said = (await model.complete(request)).text
        if self.style == "native":
            return Found(answer_of(question, said, "native"), cited(said, context)), said
        return read(said, question.options), said

    def prompt(self, question: Question, context: str) -> str:
        """What is asked, about any context: the head is the same in both steps."""
        if self.style == "native":
            return told(replace(question, context=context))
        return render(__package__, "evidence", objective=OBJECTIVES[self.objective], context=context,
                      query=told(replace(question, context="")), long=self.length == "long",
                      labels=question.options if self.objective == "classify" else ())  # fmt: skip


@dataclass(frozen=True)
class EvidenceToGenerate:
    """Two steps under one instruction. `ground` is what the second reads: the evidence, evidence and context, or
    `adaptive`: both for a question that is well formed, else the evidence. `strict` removes evidence that is not in the
    context before it is read again."""

    head: ChainOfEvidence = ChainOfEvidence()
    ground: Ground = "evidence"
    strict: bool = False

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        return (await self.reading(question, minds.model, repeat)).reply

    async def reading(self, question: Question, model: Model, repeat: str) -> Reading:
        one = await self.head.reading(question, model, repeat)
        if not question.context:
            return one  # nothing to look at a second time
        evidence, flags = one.first.evidence, list(one.flags)
        if self.strict and one.ungrounded:
            evidence = "\n".join(grounded(evidence, one.context)[0])
        if not evidence.strip():
            flags.append("no evidence")
        ground = self.ground_of(question.text, evidence, one.context)
        final, text = await self.head.step(question, ground, model, f"{repeat}/answer")
        flags += [flag for flag in final.flags if flag not in flags]
        if not final.answer:
            flags.append("no answer")
            final = replace(final, answer=one.first.answer)
        return replace(one, final=final, ground=ground, flags=tuple(flags), texts=(*one.texts, text))

    def ground_of(self, query: str, evidence: str, context: str) -> str:
        """What the second step reads; without evidence it is the context again."""
        if not evidence.strip():
            return context
        both = self.ground == "both" or (self.ground == "adaptive" and well_formed(query))
        return f"{evidence}\n\n{context}" if both else evidence


def well_formed(query: str) -> bool:
    """Does a question begin with a wh-word or a form of be, do, have or a modal verb? (The adaptive
    rule of section 5.)"""
    first = re.match(r"\W*([A-Za-z]+)", query)
    return bool(first) and first[1].lower() in OPENERS  # type: ignore[index]


def cited(said: str, context: str) -> str:
    """The sentences of a context whose numbers (`2.3`) begin the lines of a reply."""
    numbers = dict.fromkeys(re.findall(r"(?m)^(\d+\.\d+)\b", said))
    told_by = {sentence.partition(" ")[0]: sentence for sentence in sentences(context)}
    return " ".join(told_by[number] for number in numbers if number in told_by)


class Route(NamedTuple):
    """How to read: in one or two steps, on what the second looks, and how long the demand is."""

    steps: int
    ground: Literal["none", "context", "evidence", "both"]
    length: Length


def route(long_context: bool, several: bool, context_aware: bool = True, save_cost: bool = False) -> Route:
    """The routing table of the paper. `several`: more than one sub-question or answer. Saving cost shortens the demand
    and changes nothing else."""
    length: Length = "short" if save_cost else "long"
    if not context_aware:
        return Route(1, "none", length)
    if not long_context and not several:
        return Route(1, "context", length)
    return Route(2, "both" if several else "evidence", length)


@dataclass(frozen=True)
class Routed:
    """Evidence as the routing table says for this question; who asks says whether it has several answers."""

    several: bool = False
    save_cost: bool = True
    head: ChainOfEvidence = ChainOfEvidence()

    async def __call__(self, question: Question, minds: Minds, repeat: str) -> Reply:
        return (await self.reading(question, minds.model, repeat)).reply

    async def reading(self, question: Question, model: Model, repeat: str) -> Reading:
        way = route(tokens(question.context) > LONG_CONTEXT, self.several, bool(question.context), self.save_cost)
        head = replace(self.head, length=way.length)
        if way.steps == 1:
            return await head.reading(question, model, repeat)
        if way.ground not in ("evidence", "both"):
            raise BadInput(f"two steps cannot look at {way.ground!r}")
        return await EvidenceToGenerate(head, way.ground).reading(question, model, repeat)
