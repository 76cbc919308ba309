"""Verifying papers: each claim on runs of its own config, every claim with a verdict, whatever happens on the way."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from manyminds.core import (
    BadInput,
    BudgetReached,
    Claim,
    EndpointDown,
    ManymindsError,
    NotHere,
    Paper,
    PaperConfig,
    Verdict,
    unknown,
)
from manyminds.core.errors import BAD_INPUT, CLAIM_FAILED, DONE, INTERRUPTED, Interrupted
from manyminds.lab.judging import fallen, judged, lacking, said
from manyminds.lab.laboratory import SILENT, Watch, plain
from manyminds.lab.overrides import configured, overridden, values_of
from manyminds.lab.papers import find
from manyminds.lab.runner import RunReport, close, execute, probed, versions
from manyminds.lab.store import Store
from manyminds.models.purse import Purse

SUMS = ("calls", "replayed", "tokens", "money", "unpriced_calls", "invalid_answers")


@dataclass
class Verified:
    """The claims of a paper, the runs behind them, and what kept some from being judged."""

    slug: str
    title: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    verdicts: list[Verdict] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    stops: list[tuple[int, str]] = field(default_factory=list)  # exit code and sentence

    @property
    def exit_code(self) -> int:
        """1 when a claim failed, whatever else; else how a run ended before its end; else 0."""
        if any(verdict.verdict == "fails" for verdict in self.verdicts):
            return CLAIM_FAILED
        return max((code for code, _ in self.stops), default=DONE)

    @property
    def reason(self) -> str:
        return "; ".join(dict.fromkeys(sentence for _, sentence in self.stops))

    def as_object(self) -> dict[str, Any]:
        """As the object of a run, without results."""
        usage = {name: sum((report.run.usage or {}).get(name, 0) for report in self.reports) for name in SUMS}
        found: dict[str, Any] = {"paper": self.slug, "runs": [report.run.id for report in self.reports]}
        found["run"] = self.reports[0].run.id if self.reports else None
        found |= {"config": self.config, "seeds": list(self.seeds), "versions": versions(), "usage": usage}
        return found | {"reason": self.reason, "claims": [asdict(verdict) for verdict in self.verdicts]}


def chosen(claims: Sequence[Claim], patterns: str) -> tuple[Claim, ...]:
    """The claims whose ids match one of `patterns` (commas between, * for anything); raises where one matches none."""
    words = [word.strip() for word in patterns.split(",") if word.strip()]
    for word in words:
        if not any(fnmatchcase(claim.id, word) for claim in claims):
            raise unknown("claim", word, [claim.id for claim in claims])
    return tuple(claim for claim in claims if any(fnmatchcase(claim.id, word) for word in words))


async def verify(
    paper: Paper,
    store: Store,
    seed: int = 0,
    purse: Purse | None = None,
    source: str | None = None,
    watch: Watch = SILENT,
    settings: Sequence[str] = (),
) -> Verified:
    """Run a paper once for each distinct config of its claims and judge every claim on its own runs.

    `settings` (words `key=value`) apply to the claims that need something, an endpoint say; the others are checked as
    they stand. A claim's own config goes before them. Nothing is written when a model among them cannot be reached.
    """
    purse = purse or Purse()
    config = overridden(paper.config, settings)
    if settings:
        await reached(config)
    given = values_of(paper.config, settings)
    groups: dict[str, list[Claim]] = {}
    for claim in paper.claims:
        chosen = claim.config if claim.needs == "nothing" else given | claim.config
        groups.setdefault(json.dumps([chosen, claim.seeds], sort_keys=True, default=str), []).append(claim)
    seeds = tuple(range(seed, seed + max((claim.seeds for claim in paper.claims), default=1)))
    found = Verified(paper.slug, paper.title, plain(config), seeds)
    verdicts: dict[str, Verdict] = {}
    for claims in groups.values():
        chosen = claims[0].config if claims[0].needs == "nothing" else given | claims[0].config
        group = Group(paper, claims, chosen, seeds[: claims[0].seeds], source)
        verdicts |= await group.judged(store, purse, watch, found)
    found.verdicts = [verdicts[claim.id] for claim in paper.claims]
    return found


async def reached(config: PaperConfig) -> None:
    """Raise unless the models of a config answer."""
    await close(await probed(config))


@dataclass(frozen=True)
class Group:
    """Claims that are checked on the same runs."""

    paper: Paper
    claims: list[Claim]
    config: dict[str, Any]
    seeds: tuple[int, ...]
    source: str | None

    async def judged(self, store: Store, purse: Purse, watch: Watch, into: Verified) -> dict[str, Verdict]:
        """The verdict on each claim of the group; what stopped a run is noted in `into`."""
        try:
            results = [await self.one(seed, store, purse, watch, into) for seed in self.seeds]
        except (NotHere, BadInput) as error:  # what the claims need is not there
            return self.unjudged(str(error), into, noted=False)
        except (EndpointDown, BudgetReached) as error:
            return {claim.id: lacking(claim, str(error), "endpoint") for claim in self.claims}
        except Interrupted:
            raise
        except Exception as error:
            return self.unjudged(f"the run broke ({said(error)})", into)
        found = {claim.id: judged(claim, results if claim.seeds > 1 else results[0]) for claim in self.claims}
        store.add_verdicts(into.reports[-1].run.id, found.values())
        return found

    async def one(self, seed: int, store: Store, purse: Purse, watch: Watch, into: Verified) -> Any:
        """The results of one run; raises what kept it from its end."""
        config = configured(self.paper.config, self.config)
        report = await execute(self.paper, config, seed, store, source=self.source, watch=watch, purse=purse)
        into.reports.append(report)
        if report.results is not None:
            return report.results
        if report.exit_code == INTERRUPTED:
            raise Interrupted(report.reason)
        into.stops.append((report.exit_code, report.reason))
        raise (BudgetReached if report.run.status == "budget" else EndpointDown)(report.reason)

    def unjudged(self, reason: str, into: Verified, noted: bool = True) -> dict[str, Verdict]:
        """A claim that needs something says that it is missing; one that needs nothing has failed."""
        if noted and all(claim.needs != "nothing" for claim in self.claims):
            into.stops.append((BAD_INPUT, f"{self.paper.slug}: {reason}"))
        return {c.id: fallen(c, reason) if c.needs == "nothing" else lacking(c, reason) for c in self.claims}


async def verify_all(names: Sequence[str], store: Store, seed: int, purse: Purse, watch: Watch) -> list[Verified]:
    """Verify one paper after the other; one that cannot even begin is noted, and the next one goes on."""
    found = []
    for name in names:
        try:
            found.append(await verify(find(name), store, seed, purse, name, watch))
        except Interrupted:
            raise
        except Exception as error:
            reason = str(error) if isinstance(error, ManymindsError) else said(error)
            found.append(Verified(name, stops=[(BAD_INPUT, f"{name}: {reason}")]))
    return found
