"""Comparing methods on one task with one model at equal budget: a run like any other, recorded and resumable."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field, field_validator, model_validator

from manyminds.agents.sandbox import NoIsolation, isolation
from manyminds.conversations.judging import Judge, Kept
from manyminds.conversations.methods import Method, Minds, Reply
from manyminds.core import (
    BadInput,
    Event,
    Lab,
    ManymindsError,
    Paper,
    PaperConfig,
    PaperResults,
    Refused,
    Seeds,
    Step,
    unknown,
)
from manyminds.lab.compare_budget import SIZES, Allowance, Cost, allowance, reached, total
from manyminds.lab.compare_methods import Chosen, Setting, chosen
from manyminds.lab.compare_tasks import NURSERY, Posed, posed
from manyminds.lab.judging import said
from manyminds.models.load import ModelReference, is_house, load
from manyminds.models.metered import Metered

SLUG = "compare"
PILOT = 3  # questions on which sizes are tried
WAVE, FIRST = 16, 4  # questions of one method under way at once; at first, where nothing is known of their cost
DECIDERS = ("judge", "aggregator")  # roles that a judge takes


class Config(PaperConfig):
    """What is compared, on what, with which models."""

    methods: tuple[str, ...] = Field(description="names with settings, such as self-consistency:samples=8")
    task: str = Field(description="a task file, or nursery:FAMILY[:LEVEL]")
    model: ModelReference = Field(description="who answers")
    judge: ModelReference = Field("", description="who judges or aggregates, where a method has such a role")
    mix: tuple[ModelReference, ...] = Field((), description="further proposers of moa and usc")
    role: dict[str, ModelReference] = Field({}, description="a model for one role, such as designer")
    budget: str = Field("", description="what each method may spend on all questions: 200k, '500 calls' or '$2'")
    seeds: tuple[int, ...] = Field((0,), description="independent repeats of every question")
    items: int = Field(0, ge=0, description="questions; 0: all of a file, 50 of the nursery")
    unsafe_exec: bool = Field(False, description="run programs even where nothing isolates them")

    @field_validator("methods")
    @classmethod
    def known(cls, methods: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for one in methods:
                chosen(one)
        except BadInput as error:
            raise ValueError(str(error)) from None
        if not methods or len(set(methods)) < len(methods):
            raise ValueError("give methods, each of them once")
        return methods

    @model_validator(mode="after")
    def fits(self) -> "Config":
        try:
            allowance(self.budget)
        except BadInput as error:
            raise ValueError(str(error)) from None
        if not self.task:
            raise ValueError("give what is asked: --task FILE or --task nursery:FAMILY[:LEVEL]")
        if not self.model:
            raise ValueError("give the model that answers: --model REFERENCE")
        if not self.seeds:
            raise ValueError("give at least one seed")
        return self

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.model, self.judge, *self.mix, *self.role.values()))))

    @property
    def native(self) -> bool:
        return is_house(self.model) and self.task.startswith(NURSERY)


class Answer(BaseModel, frozen=True):
    """One method on one question with one seed. `score` is in [0, 1]; `failed` says why there is no answer."""

    item: str
    seed: int
    text: str
    ok: bool
    score: float
    calls: int
    tokens: int
    money: float
    unpriced: int
    seconds: float
    failed: str = ""


Pair = tuple[Answer, Reply | None]


class Compared(BaseModel, frozen=True):
    """One method: the size it took, what it answered within the budget, and what came after that (not counted)."""

    method: str
    size: str = ""
    tried: dict[str, float] = {}  # size -> mean cost on the pilot questions, in the unit of the budget
    answers: list[Answer] = []
    overrun: int = 0  # questions whose answers came when the budget was spent


class Results(PaperResults):
    task: str
    unit: str
    amount: float  # of the budget of each method; 0 without one
    items: list[str]
    seeds: list[int]
    methods: list[Compared]


@dataclass
class Comparison:
    """All that the methods of one comparison share."""

    config: Config
    lab: Lab
    judge: Judge
    questions: list[Posed]
    allowed: Allowance
    setting: Setting
    done: Any = field(default=lambda: None)

    def minds(self) -> tuple[Minds, list[Metered]]:
        """The models of one answer, each with a counter of its own."""
        config, made = self.config, list[Metered]()

        def model(reference: str) -> Metered:
            made.append(Metered(self.lab.model(reference)))
            return made[-1]

        roles = dict.fromkeys(DECIDERS, config.judge) if config.judge else {}
        roles |= dict(zip(self.setting.mixed, config.mix)) | config.role
        return Minds(model(config.model), {role: model(one) for role, one in roles.items()}), made

    async def one(self, method: Method, question: Posed, seed: int) -> Pair:
        """One answer with its cost and its score. The stream of its calls is named by seed and question alone, so what
        two methods ask alike is asked and paid once, and each is charged for it."""
        minds, made = self.minds()
        try:
            reply: Reply | None = await method(question.question, minds, f"compare/{seed}/{question.id}")
            failed = ""
        except Refused as error:
            reply, failed = None, str(error)
        except (asyncio.CancelledError, ManymindsError):
            raise
        except Exception as error:  # a fault of one method on one question leaves the others alone
            reply, failed = None, said(error)
        cost = total(made)
        verdict = await question.score(reply.text, self.judge) if reply else None
        return Answer(
            item=question.id, seed=seed, text=reply.text if reply else "", ok=bool(verdict and verdict.ok),
            score=verdict.progress if verdict else 0.0,
            calls=cost.calls, tokens=cost.tokens, money=cost.money, unpriced=cost.unpriced, seconds=cost.seconds,
            failed=failed,
        ), reply  # fmt: skip

    async def sized(self, one: Chosen) -> tuple[list[int], dict[str, float]]:
        """The sizes whose mean cost on the pilot questions stays within the allowance, and what each of them cost; the
        smallest in any case."""
        each = self.allowed.amount / (len(self.questions) * len(self.config.seeds))
        tried: dict[str, float] = {}
        fitting: list[int] = []
        for size in (size for size in SIZES if one.known.least <= size <= one.known.most):
            method, pilot = one.made(self.setting, size), self.questions[:PILOT]
            found = await together([self.one(method, question, self.config.seeds[0]) for question in pilot])
            mean = sum(self.allowed.of(cost_of(answer)) for answer, _ in found) / len(found)
            tried[str(size)] = mean
            if not fitting or mean <= each:
                fitting.append(size)
            if mean > each:
                break
        return fitting, tried

    async def compared(self, one: Chosen) -> Compared:
        """One method: at the size that was given, or at the largest with which it answers everything."""
        if not one.grows or not self.allowed.unit:
            return self.kept(one, await self.asked(one.made(self.setting)), "", {})
        sizes, tried = await self.sized(one)
        found: list[Pair] = []
        while sizes:
            found, size = await self.asked(one.made(self.setting, sizes[-1])), sizes.pop()
            if self.fit(found) == len(self.questions) * len(self.config.seeds):
                break
        return self.kept(one, found, f"{one.grows}={size}", tried)

    async def asked(self, method: Method) -> list[Pair]:
        """All questions in one order, until the budget is spent; a few more may be under way by then."""
        order = [(question, seed) for seed in self.config.seeds for question in self.questions]
        found: list[Pair] = []
        while len(found) < len(order) and self.fit(found) == len(found):
            wave = order[len(found) : len(found) + self.wave(found)]
            found += await together([self.one(method, question, seed) for question, seed in wave])
        return found

    def wave(self, found: Sequence[Pair]) -> int:
        """How many questions may be under way: no more than are likely to be paid for."""
        spent = sum(self.allowed.of(cost_of(answer)) for answer, _ in found)
        if not spent:
            return WAVE if not self.allowed.unit else FIRST
        return min(WAVE, 1 + int((self.allowed.amount - spent) / (spent / len(found))))

    def kept(self, one: Chosen, found: list[Pair], size: str, tried: dict[str, float]) -> Compared:
        kept = self.fit(found)
        for answer, reply in found[:kept]:
            self.transcribed(one, answer, reply)
        self.done()
        return Compared(method=one.written, size=size, tried=tried, answers=[answer for answer, _ in found[:kept]],
                        overrun=len(found) - kept)  # fmt: skip

    def fit(self, found: Sequence[Pair]) -> int:
        return reached([self.allowed.of(cost_of(answer)) for answer, _ in found], self.allowed)

    def transcribed(self, one: Chosen, answer: Answer, reply: Reply | None) -> None:
        """What was said on the way, as a play of its own."""
        record = self.lab.record(f"{one.written}/{answer.seed}/{answer.item}")
        events = [Event(line.role or "said", {"speaker": line.speaker, "heard_by": list(line.heard_by)}, text=line.text)
                  for line in (reply.said if reply else ())]  # fmt: skip
        record(
            Step(0, {}, {}, [*events, Event("answer", {"ok": answer.ok, "failed": answer.failed}, text=answer.text)])
        )


async def together(jobs: list[Any]) -> list[Any]:
    """All of some jobs; when one stops the run, the others are let to their end first: they are paid for."""
    found = await asyncio.gather(*jobs, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


def cost_of(answer: Answer) -> Cost:
    return Cost(answer.calls, answer.tokens, answer.money, answer.unpriced, answer.seconds)


def prepared(config: Config) -> list[Posed]:
    """The questions of a comparison; raises BadInput for what no method could be asked. No model is called."""
    # The questions are the same whatever the seed of the run.
    questions = posed(config.task, config.items, Seeds(0), config.native)
    known = [chosen(one).known for one in config.methods]
    for role in config.role:
        if not any(one.holds(role) for one in known):
            raise unknown("role", role, dict.fromkeys(name for one in known for name in one.roles))
    code = [bool(question.question.entry_point) for question in questions]
    for one in map(chosen, config.methods):
        if one.known.writes_code and not all(code):
            raise BadInput(f"{one.name} writes functions; {config.task} has questions that are not of kind 'code'")
    if any(code):
        sandboxed(config)
    if allowance(config.budget).unit == "money":
        for reference in config.models:
            if getattr(load(reference), "prices", ()) is None:
                raise BadInput(f"no price is known for {reference}, so a budget in money cannot be kept; "
                               "set MANYMINDS_PRICES='NAME=IN/OUT' (dollars per million tokens)")  # fmt: skip
    return questions


def sandboxed(config: Config) -> None:
    """Refuse tasks whose answers are run where nothing isolates them, unless that is asked for by name."""
    found = isolation()
    if found.walls == "none" and not config.unsafe_exec:
        raise NoIsolation(f"code of models is refused here: {found.detail}; {'; '.join(found.missing)}; "
                          "--unsafe-exec runs it all the same")  # fmt: skip


async def run(config: Config, lab: Lab) -> Results:
    allowed, questions = allowance(config.budget), prepared(config)
    async with Judge(unsafe=config.unsafe_exec) if any_code(questions) else Idle() as judge:
        mixed = tuple(f"mix {i}" for i in range(1, len(config.mix) + 1))
        setting = Setting("native" if config.native else "marked", mixed, Kept(judge, lab.once))
        shared = Comparison(
            config, lab, judge, questions, allowed, setting, lab.progress(len(config.methods), "methods")
        )
        found = await together([shared.compared(chosen(one)) for one in config.methods])
    return Results(task=config.task, unit=allowed.unit, amount=allowed.amount, items=[one.id for one in questions],
                   seeds=list(config.seeds), methods=found)  # fmt: skip


def any_code(questions: Sequence[Posed]) -> bool:
    return any(question.question.entry_point for question in questions)


class Idle(Judge):
    """A judge where there is nothing to run: no sandbox is built and none is missed."""

    async def __aenter__(self) -> Judge:
        return self


def tables(results: Any) -> list[Any]:
    from manyminds.lab.compare_shown import tables as shown

    return shown(results)


def figures(results: Any, folder: Any) -> list[Any]:
    from manyminds.lab.compare_shown import figures as drawn

    return drawn(results, folder)


PAPER = Paper(
    slug=SLUG,
    title="Methods on one task at equal budget",
    arxiv="-",
    config=Config,
    results=Results,
    run=run,
    claims=(),
    tables=tables,
    figures=figures,
)
