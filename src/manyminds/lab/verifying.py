"""The verdicts on one paper, as the command line shows them."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from manyminds.core import Verdict
from manyminds.core.errors import CLAIM_FAILED, DONE
from manyminds.lab.laboratory import Progress
from manyminds.lab.papers import find
from manyminds.lab.runner import RunReport, plain, verify, versions
from manyminds.lab.store import Store
from manyminds.models.door import Budget

SUMS = ("calls", "replayed", "tokens", "money", "invalid_answers")


@dataclass(frozen=True)
class Verified:
    """The claims of a paper and the runs behind them."""

    slug: str
    title: str
    config: dict[str, Any]
    seed: int
    verdicts: tuple[Verdict, ...]
    reports: tuple[RunReport, ...]

    @property
    def exit_code(self) -> int:
        """How a run ended before its end, else whether a claim failed."""
        stopped = max((report.exit_code for report in self.reports), default=DONE)
        failed = any(verdict.verdict == "fails" for verdict in self.verdicts)
        return stopped or (CLAIM_FAILED if failed else DONE)

    @property
    def reason(self) -> str:
        return "; ".join(report.reason for report in self.reports if report.reason)

    def as_object(self) -> dict[str, Any]:
        """As the object of a run, without results."""
        usage = {name: sum((report.run.usage or {}).get(name, 0) for report in self.reports) for name in SUMS}
        found: dict[str, Any] = {"paper": self.slug, "runs": [report.run.id for report in self.reports]}
        found["run"] = self.reports[0].run.id if self.reports else None
        found |= {"config": self.config, "seeds": [self.seed], "versions": versions(), "usage": usage}
        return found | {"claims": [asdict(verdict) for verdict in self.verdicts]}


def verified(name: str, store: Store, seed: int, budget: Budget, concurrency: int, watch: Progress) -> Verified:
    """Verify the paper called `name`."""
    paper = find(name)
    verdicts, reports = asyncio.run(verify(paper, store, seed, budget, concurrency, name, watch))
    return Verified(paper.slug, paper.title, plain(paper.config()), seed, tuple(verdicts), tuple(reports))
