"""What the parts of a run leave behind: plain values, one class a table. Gaps are per stage, in the payoffs' units."""

from pydantic import BaseModel


class Audited(BaseModel, frozen=True):
    """One player's side of one mixture of policies."""

    start: int  # which repeat
    episodes: int  # T
    stages: int  # H
    player: int
    markov_gap: float
    stage_regret: float
    history_gap: float
    error: float  # standard error of the history gap; 0: exact
    certificate: float  # lower bound on it
    divergence: float
    divergence_error: float
    budget: float  # bound on the divergence

    @property
    def within_bounds(self) -> bool:
        """Gap at least its certificate and divergence at most its budget, up to 4 standard errors where histories are
        sampled (at single precision) and up to rounding where they are not."""
        rounding = 1e-6 if self.error else 1e-9
        gap = self.history_gap >= self.certificate - 4 * self.error - rounding
        return gap and self.divergence <= self.budget + 4 * self.divergence_error + rounding


class Phase(BaseModel, frozen=True):
    """A sparse sample of uniform play: T random plans of H stages."""

    plans: int
    stages: int
    gap: float  # mean of both players
    error: float
    predicted: float  # 1 - log_k(T) / H, not below 0


class Threat(BaseModel, frozen=True):
    """The grim profile at one horizon."""

    stages: int
    plain_gap: float
    with_kibitzer: float  # least largest gap over all strategies of the kibitzer
    reacting: float | None  # the same when threats also react to the kibitzer, least over its supports


class Visits(BaseModel, frozen=True):
    """The kibitzer's deviation on one mixture of policies with memory."""

    mixture: str
    policies: int
    stages: int
    value: float  # what the deviation earns
    error: float
    largest_regret: float  # mean over what it visits
    loss: float  # sqrt(8 ln T / H)
    best: float  # least sum of regrets among visited profiles
    flagged: int


class Extraction(BaseModel, frozen=True):
    """One mixture with one planted equilibrium among random profiles."""

    actions: int
    policies: int
    stages: int
    planted: tuple[int, int]
    found: tuple[int, int]
    regret: float  # sum at what was found
    elsewhere: float  # least sum among all others


class Contrast(BaseModel, frozen=True):
    """What is tractable, or safe."""

    what: str
    games: int
    worst_gap: float


class User(BaseModel, frozen=True):
    """A user's game and policies, player by player, and what to make of them."""

    file: str
    kind: str
    policies: str  # where they came from
    episodes: int
    stages: int
    span: float
    values: list[float]
    markov_gaps: list[float]
    markov_exact: bool
    history_gaps: list[float]
    errors: list[float]
    exact: bool
    certificates: list[float | None]
    extracted: list[float] | None  # regrets of the stage profile nearest to Nash
    warning: str
