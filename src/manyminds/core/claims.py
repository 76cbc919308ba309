"""Executable claims: a paper is a program plus checks of what the paper says.

A claim is a sentence, where in the paper it stands, the figure printed there, and a check of computed results. Its
verdict puts the paper's figure, ours, the interval and "holds" or "fails" side by side. What needs something that this
machine lacks says so instead of making a figure up.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from manyminds.core.checkpoints import Checkpoint
from manyminds.core.errors import ManymindsError
from manyminds.core.seeds import Seeds
from manyminds.core.statistics import Estimate

Needs = Literal["nothing", "endpoint", "weights", "gpu", "data"]
Holding = Literal["holds", "fails", "needs-endpoint", "needs-weights", "needs-gpu", "needs-data"]


class PaperConfig(BaseModel):
    """The settings of a paper: frozen, typed, bounded; an unknown key is refused. The paper's numbers are defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class PaperResults(BaseModel):
    """What a run of a paper computed; plain values, so that it goes into the store and comes back equal."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Verdict:
    """What a check found. `low` and `high` bound `measured` (95 % unless the statement says otherwise), `n` counts
    the independent repeats behind it."""

    id: str
    statement: str
    where: str
    paper: str
    measured: float | str | None
    low: float | None
    high: float | None
    n: int
    needs: Needs
    verdict: Holding


@dataclass(frozen=True)
class Finding:
    """The answer of a check: what was measured, and whether the claim holds for it."""

    measured: Estimate | float | str
    holds: bool
    n: int = 1


class NotHere(ManymindsError):
    """Raised by a check whose results lack what it needs (no language model took part, no data was given)."""


@dataclass(frozen=True)
class Claim:
    """One statement of a paper and the check of it. `config` holds the overrides under which it is checked.

    A claim about what varies from run to run sets `seeds`: then it is checked on that many runs at once, and `check`
    is given the list of their results.
    """

    id: str
    statement: str
    where: str
    paper: str
    check: Callable[[Any], Finding]
    needs: Needs = "nothing"
    config: dict[str, Any] = field(default_factory=dict)
    seeds: int = 1

    def verdict(self, results: Any) -> Verdict:
        """Check the claim on the results of a run, or on a list of them."""
        if self.seeds > 1 and not isinstance(results, list):
            results = [results]
        try:
            found = self.check(results)
        except NotHere as reason:
            if self.needs == "nothing":
                raise
            return self.judged(str(reason) or None, None, None, 0, f"needs-{self.needs}")  # type: ignore[arg-type]
        holding: Holding = "holds" if found.holds else "fails"
        if isinstance(found.measured, Estimate):
            seen = found.measured
            return self.judged(seen.value, seen.low, seen.high, seen.n, holding)
        return self.judged(found.measured, None, None, found.n, holding)

    def judged(
        self, measured: float | str | None, low: float | None, high: float | None, n: int, verdict: Holding
    ) -> Verdict:
        return Verdict(self.id, self.statement, self.where, self.paper, measured, low, high, n, self.needs, verdict)


@dataclass(frozen=True)
class Table:
    """A table to be printed: column names and rows. An `Estimate` in a cell prints with its interval."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""


class Lab(Protocol):
    """What the laboratory offers to a paper while it runs."""

    seeds: Seeds
    folder: Path  # for the files of this run

    def model(self, reference: str) -> Any:
        """The model behind a reference string, through the door of this run."""

    def record(self, name: str) -> Any:
        """A recorder for the play called `name`."""

    async def once(self, name: str, work: Callable[[], Any]) -> Any:
        """What `work()` gives, as plain JSON values; computed once in the life of a run, however often it is killed."""

    def checkpoint(self, name: str) -> Checkpoint:
        """Where the arrays called `name` are kept while they are being computed: `.save(tree)`, `.load(like)`."""

    def progress(self, total: int, label: str) -> Callable[[], None]:
        """Announce `total` units of work; call what is returned after each of them."""

    async def gather(self, jobs: Sequence[Awaitable[Any]], label: str) -> list[Any]:
        """Await all jobs, in order, with progress; at most the run's concurrency at once."""


@dataclass(frozen=True)
class Paper:
    """One paper: who wrote what, the settings, how to run it, how to show it, and what it claims."""

    slug: str
    title: str
    arxiv: str
    config: type[PaperConfig]
    results: type[PaperResults]
    run: Callable[[Any, Lab], Awaitable[PaperResults]]
    claims: tuple[Claim, ...]
    tables: Callable[[Any], list[Table]] = lambda results: []
    figures: Callable[[Any, Path], list[Path]] = lambda results, folder: []
    authors: str = ""
    year: int = 0
    room: str = ""
    stands: frozenset[str] = frozenset()  # its place in the taxonomies of the surveys

    def cite(self) -> str:
        """The line to cite this paper by."""
        return f"{self.authors} ({self.year}). {self.title}. arXiv {self.arxiv}."
