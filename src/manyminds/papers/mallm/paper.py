"""MALLM (arXiv 2410.22932): when does a discussion of several minds solve a task better than one mind?"""

from typing import Any, Literal

from pydantic import Field, field_validator

from manyminds.conversations.ballots import Style
from manyminds.conversations.decisions import DECISIONS
from manyminds.conversations.methods import Minds
from manyminds.conversations.paradigms import PARADIGMS
from manyminds.core import Lab, PaperConfig, PaperResults, unknown
from manyminds.models.load import ModelReference, is_house
from manyminds.papers.index import paper
from manyminds.papers.mallm import scripted, tasks
from manyminds.papers.mallm.claims import CLAIMS
from manyminds.papers.mallm.shown import figures, tables
from manyminds.papers.mallm.talks import Challenge, Talk, item_of
from manyminds.tuning.cards import standard_levels


class Config(PaperConfig):
    """The study's settings. Without `model` scripted minds talk, and no model is called."""

    samples: int = Field(2000, ge=2, description="scripted discussions of each task, paradigm and seed")
    seeds: int = Field(5, ge=1, le=100, description="seeds of the scripted discussions")
    compared: int = Field(20, ge=1, description="of these, real discussions that the array twin is compared with")
    holders: int = Field(5, ge=2, le=5, description="holders of clues in a hidden profile")
    profiles: int = Field(3, ge=1, description="hidden profiles talked over in each graph")
    model: ModelReference = Field("", description="who talks; without one scripted minds do")
    extractor: ModelReference = Field("", description="who takes solutions out of messages; default: the model")
    judge: ModelReference = Field("", description="who merges answers; default: the model")
    data: tuple[str, ...] = Field((), description=f"TASK=FILE for {', '.join(tasks.KINDS)}; default: stand-ins")
    items: int = Field(20, ge=0, description="items of each task; 0: as many as the paper's formula asks for")
    levels: tuple[int, ...] = Field((), description="of the sums that the house model works out; default: by its card")
    repeats: int = Field(3, ge=1, le=100, description="independent repeats of everything")
    agents: int = Field(3, ge=1, le=20, description="panelists")
    moderators: int = Field(0, ge=0, le=5, description="neutral agents that draft and do not vote")
    turns: int = Field(7, ge=1, le=100, description="at most so many turns")
    paradigms: tuple[str, ...] = Field(scripted.STUDIED, min_length=1, description=f"of {', '.join(PARADIGMS)}")
    decision: str = Field("hybrid", description=f"one of {', '.join(DECISIONS)}")
    personas: Literal["expert", "none", "ipip", "mock"] = "expert"
    style: Literal["", "extracted", "marked", "native"] = Field(
        "", description="where a solution stands: found by a second call, after a mark, or as the house model writes"
    )
    visible_turns: int = Field(2, ge=0, description="turns before the running one that an agent sees")
    independent_first: bool = Field(False, description="all begin with a draft of their own")
    challenge: bool = Field(False, description="put final, wrong and irrelevant answers to everybody afterwards")
    temperature: float = Field(1.0, ge=0, le=2)
    max_tokens: int = Field(1024, ge=16)
    tries: int = Field(3, ge=1, le=10)

    @field_validator("paradigms")
    @classmethod
    def known_paradigms(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in PARADIGMS:
                raise ValueError(str(unknown("paradigm", name, PARADIGMS)))
        return names

    @field_validator("decision")
    @classmethod
    def known_decision(cls, name: str) -> str:
        if name not in DECISIONS:
            raise ValueError(str(unknown("decision", name, DECISIONS)))
        return name

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(filter(None, (self.model, self.extractor, self.judge))))

    @property
    def style_used(self) -> Style:
        return self.style or ("native" if is_house(self.model) else "extracted")


class Results(PaperResults):
    drift: list[scripted.Drifting] = Field([])
    twins: list[scripted.Twin] = Field([])
    profiles: list[scripted.Profile] = Field([])
    calls: list[scripted.Calls] = Field([])
    ordered: dict[str, int] = Field({})
    talks: list[Talk] = Field([])
    challenges: list[Challenge] = Field([])
    model: str = ""
    agents: int = 3


async def run(config: Config, lab: Lab) -> Results:
    """Scripted minds, or a language model if one is given."""
    return await (talked(config, lab) if config.model else computed(config, lab))


async def computed(config: Config, lab: Lab) -> Results:
    """Drift, its twin in words, hidden profiles, calls, consensus; each piece is computed once in the life of a run."""
    pairs = [(task, name) for task in scripted.LAWS for name in scripted.STUDIED]
    graphs = scripted.graphs(config.holders)
    sizes = [(2, 3), (3, 7), (5, 2)]
    done = lab.progress(2 * len(pairs) + len(graphs) + len(sizes) + 1, "pieces")

    async def piece(name: str, work: Any) -> Any:
        found = await lab.once(name, work)
        done()
        return found

    seeds, agents, turns = lab.seeds, config.agents, config.turns
    return Results(
        drift=[await piece(f"drift/{t}/{p}", lambda t=t, p=p: scripted.drift(
            t, p, seeds.child("drift", t, p), config.samples, turns, agents, config.seeds)) for t, p in pairs],
        twins=[await piece(f"twin/{t}/{p}", lambda t=t, p=p: scripted.twin(
            t, p, seeds.child("twin", t, p), config.compared, turns, agents)) for t, p in pairs],
        profiles=[await piece(f"profile/{n}", lambda n=n, graph=graph: scripted.profile(
            n, graph, seeds.child("profile"), config.holders, 4, config.profiles)) for n, graph in graphs.items()],
        calls=[await piece(f"calls/{n}/{t}", lambda n=n, t=t: scripted.calls(n, t)) for n, t in sizes],
        ordered=await piece("ordered", scripted.ordered), agents=agents,
    )  # fmt: skip


async def talked(config: Config, lab: Lab) -> Results:
    """Every method on every item, as often as there are repeats."""
    roles = {role: lab.model(ref) for role, ref in (("extractor", config.extractor), ("judge", config.judge)) if ref}
    minds, decision = Minds(lab.model(config.model), roles), DECISIONS[config.decision]
    if config.data:
        asked = [one for entry in config.data for one in tasks.from_file(entry, lab.seeds, config.items)]
    else:
        asked = tasks.standins(lab.seeds.child("standins"), config.items or 20, config.agents, offered(config))
    jobs = [item_of(config, one, repeat, minds, decision, lab.folder, str(lab.seeds)) for one in asked for repeat in
            range(config.repeats)]  # fmt: skip
    found = await lab.gather(jobs, "items")
    return Results(
        talks=[Talk.model_validate(talk) for each in found for talk in each["talks"]],
        challenges=[Challenge.model_validate(one) for each in found for one in each["challenges"]],
        model=config.model,
        agents=config.agents,
    )


def offered(config: Config) -> tasks.Offered:
    """What stands in for the paper's tasks; for the house model sums at the standard levels of its card."""
    if config.style_used != "native":
        return tasks.STANDINS
    return tasks.nursery(config.levels or standard_levels(config.model, "sums", "worked"))


PAPER = paper(
    "mallm",
    authors="Becker",
    year=2024,
    config=Config,
    results=Results,
    run=run,
    claims=CLAIMS,
    tables=tables,
    figures=figures,
)
