"""The methods that can be compared, by name: `self-consistency:samples=8`, `mallm:paradigm=relay,agents=3`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from manyminds.conversations.coding import AgentCoder
from manyminds.conversations.coding import Mode as CodingMode
from manyminds.conversations.coding import Tests as CodingTests
from manyminds.conversations.decisions import DECISIONS
from manyminds.conversations.discussion import Discussion
from manyminds.conversations.evidence import ChainOfEvidence, EvidenceToGenerate, Ground, Length
from manyminds.conversations.judging import Executor
from manyminds.conversations.layers import Mixture, Sequential, UniversalSelfConsistency
from manyminds.conversations.methods import Method
from manyminds.conversations.paradigms import PARADIGMS
from manyminds.conversations.personas import PROPOSERS
from manyminds.conversations.plain import ChainOfThought, Direct, SelfConsistency, Style
from manyminds.conversations.solo import SelfRefine, Solo, Variant
from manyminds.core import BadInput, unknown

Temperature = Annotated[float, Field(ge=0, le=2)]
Count = Annotated[int, Field(ge=1)]
NAMED: dict[str, Mapping[str, Any]] = {"paradigm": PARADIGMS, "decision": DECISIONS, "personas": PROPOSERS}


@dataclass(frozen=True)
class Setting:
    """What all methods of one comparison share. `style`: how answers are marked; `mixed`: roles of further models."""

    style: Style = "marked"
    mixed: tuple[str, ...] = ()
    executor: Executor | None = None


def slots(setting: Setting, count: int) -> tuple[str, ...]:
    roles = setting.mixed or ("proposer",)
    return tuple(roles[i % len(roles)] for i in range(count))


def direct(setting: Setting, temperature: Temperature = 0.0, max_tokens: Count = 1024) -> Method:
    """The answer at once."""
    return Direct(temperature, max_tokens, setting.style)


def cot(setting: Setting, temperature: Temperature = 0.0, max_tokens: Count = 1024, rounds: Count = 1) -> Method:
    """Chain of thought."""
    return ChainOfThought(temperature, max_tokens, setting.style, rounds)


def self_consistency(
    setting: Setting, samples: int = 16, temperature: Temperature = 0.7, max_tokens: Count = 1024
) -> Method:  # fmt: skip
    """The majority of several chains of thought."""
    return SelfConsistency(samples, temperature, max_tokens, setting.style)


def usc(setting: Setting, samples: int = 6, temperature: Temperature = 0.7, max_tokens: Count = 2048) -> Method:
    """Several answers, of which the model names the most consistent."""
    return UniversalSelfConsistency(slots(setting, samples), temperature, max_tokens, setting.style)


def e2g(
    setting: Setting, ground: Ground = "evidence", strict: bool = False, length: Length = "short",
    temperature: Temperature = 0.0, max_tokens: Count = 1024,
) -> Method:  # fmt: skip
    """Evidence first, then an answer from it."""
    head = ChainOfEvidence(length, "answer", temperature, max_tokens, setting.style)
    return EvidenceToGenerate(head, ground, strict)


def spp(
    setting: Setting, variant: Variant = "spp", demonstrations: int = 2, temperature: Temperature = 0.0,
    max_tokens: Count = 5000,
) -> Method:  # fmt: skip
    """Several participants whom one mind plays in one call."""
    return Solo(variant, demonstrations, temperature, max_tokens)


def self_refine(
    setting: Setting, rounds: int = 1, temperature: Temperature = 0.0, max_tokens: Count = 5000
) -> Method:  # fmt: skip
    """Answer, feedback, revision; by one mind."""
    return SelfRefine(rounds, temperature, max_tokens, setting.style)


def mallm(
    setting: Setting, paradigm: str = "memory", decision: str = "hybrid", agents: int = 3, turns: Count = 7,
    personas: str = "expert", moderators: Annotated[int, Field(ge=0)] = 0, temperature: Temperature = 1.0,
    max_tokens: Count = 1024,
) -> Method:  # fmt: skip
    """A discussion; paradigm, decision protocol and personas by name."""
    for kind, name in (("paradigm", paradigm), ("decision", decision), ("personas", personas)):
        if name not in NAMED[kind]:
            raise unknown(kind, name, NAMED[kind])
    return Discussion(PARADIGMS[paradigm], DECISIONS[decision], PROPOSERS[personas], agents, moderators, turns,
                      style="native" if setting.style == "native" else "extracted", temperature=temperature,
                      max_tokens=max_tokens)  # fmt: skip


def moa(
    setting: Setting, samples: int = 6, layers: Count = 3, temperature: Temperature = 0.7, max_tokens: Count = 2048
) -> Method:  # fmt: skip
    """Layers of proposers over the models of --mix (or the one model), then an aggregator."""
    return Mixture(slots(setting, samples), layers, temperature, max_tokens, setting.style)


def self_moa(
    setting: Setting, samples: int = 6, temperature: Temperature = 0.7, max_tokens: Count = 2048
) -> Method:  # fmt: skip
    """Several answers of one model, aggregated."""
    return Mixture(("proposer",) * samples, 2, temperature, max_tokens, setting.style)


def self_moa_seq(
    setting: Setting, samples: int = 30, window: Count = 6, reserved: Count = 3, temperature: Temperature = 0.7,
    max_tokens: Count = 2048,
) -> Method:  # fmt: skip
    """The same in windows that fit any context."""
    return Sequential(samples, window, reserved, "proposer", temperature, max_tokens, setting.style)


def agentcoder(
    setting: Setting, mode: CodingMode = "paper", rounds: int = 5, tests: CodingTests = "designer", fresh: bool = False,
    feedback: bool = True, final: Literal["last", "best"] = "last", temperature: Temperature = 0.7,
    max_tokens: Count = 2048,
) -> Method:  # fmt: skip
    """A programmer, a test designer and an executor; for tasks of kind 'code'."""
    return AgentCoder(mode, rounds, tests, feedback, fresh, final, temperature=temperature, max_tokens=max_tokens,
                      style="native" if setting.style == "native" else "told", executor=setting.executor)  # fmt: skip


@dataclass(frozen=True)
class Known:
    """How a method is made. `grows` is the setting that turns budget into effort; none: it costs what it costs. `roles`
    are those that may have a model of their own ("agent" stands for "agent 1", "agent 2", ... too)."""

    make: Callable[..., Method]
    grows: str = ""
    least: int = 1
    most: int = 64
    writes_code: bool = False  # can do nothing else
    roles: tuple[str, ...] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """Each setting with its default."""
        found = inspect.signature(self.make).parameters
        return {name: one.default for name, one in found.items() if name != "setting"}

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What the settings that are names can be."""
        hints = get_type_hints(self.make)
        found = {name: tuple(NAMED.get(name, ())) or get_args(hints[name]) for name in self.settings}
        return {name: one for name, one in found.items() if one and all(isinstance(each, str) for each in one)}

    def holds(self, role: str) -> bool:
        """Whether a role can have a model of its own."""
        name, _, number = role.rpartition(" ")
        return role in self.roles or (name == "agent" and number.isdecimal() and name in self.roles)


LAYERED = ("proposer", "aggregator")
METHODS: dict[str, Known] = {
    "direct": Known(direct),
    "cot": Known(cot),
    "self-consistency": Known(self_consistency, "samples", roles=("solver",)),
    "usc": Known(usc, "samples", roles=LAYERED),
    "e2g": Known(e2g),
    "spp": Known(spp),
    "self-refine": Known(self_refine, "rounds", most=10),
    "mallm": Known(mallm, "agents", 2, 10, roles=("agent", "persona", "extractor", "judge", "facts")),
    "self-moa": Known(self_moa, "samples", roles=LAYERED),
    "self-moa-seq": Known(self_moa_seq, "samples", roles=LAYERED),
    "moa": Known(moa, "samples", roles=LAYERED),
    "agentcoder": Known(agentcoder, "rounds", 0, 20, writes_code=True, roles=("programmer", "designer")),
}


@dataclass(frozen=True)
class Chosen:
    """One method of a comparison as it was written, with the settings that were given by name."""

    written: str
    name: str
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> Known:
        return METHODS[self.name]

    @property
    def grows(self) -> str:
        """The setting to scale, unless it was given."""
        return "" if self.known.grows in self.given else self.known.grows

    def made(self, setting: Setting, size: int | None = None) -> Method:
        more = {self.known.grows: size} if size is not None else {}
        return self.known.make(setting, **{**self.given, **more})


def chosen(written: str) -> Chosen:
    """A method from its name and settings; raises BadInput with the nearest names where one is unknown."""
    name, _, settings = written.partition(":")
    if name not in METHODS:
        raise unknown("method", name, METHODS)
    known, given = METHODS[name], {}
    hints = get_type_hints(known.make, include_extras=True)
    for part in filter(None, (part.strip() for part in settings.split(","))):
        key, mark, text = part.partition("=")
        if key not in known.settings:
            raise unknown(f"setting of {name}", key, known.settings)
        if not mark:
            raise BadInput(f"{written!r}: write {key}=VALUE")
        if key in given:
            raise BadInput(f"{written!r} gives {key} twice")
        try:
            given[key] = TypeAdapter(hints[key]).validate_python(text)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]["msg"].removeprefix("Input ")
            raise BadInput(f"{name}: {key}={text!r} cannot be: it {said}") from None
    one = Chosen(written, name, given)
    least = known.least
    if known.grows in given and given[known.grows] < least:
        raise BadInput(f"{name}: {known.grows}={given[known.grows]} cannot be: it should be at least {least}")
    one.made(Setting())  # names that only the method knows are refused here
    return one
