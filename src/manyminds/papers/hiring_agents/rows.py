"""What the parts of a run leave behind: plain values, one class a table."""

from pydantic import BaseModel


class Canonical(BaseModel, frozen=True):
    """One point of the random audit: the closed form beside what was computed."""

    accuracy: float
    work: float
    audit: float
    cap: float
    closed_form: float
    optimum: float
    dual: float
    slack: float  # of the recovered mechanism, over all deviations; >= -1e-9
    checked_value: float  # of the same, computed afresh
    deterministic: float
    uncorrelated: float
    audited: float  # mu(work, audit)


class Drawn(BaseModel, frozen=True):
    """One random instance."""

    kind: str
    optimum: float
    dual: float
    checked_value: float
    slack: float
    deterministic: float
    uncorrelated: float
    separable: float
    costly: bool  # is anybody asked for more than the cheapest effort?

    @property
    def gain(self) -> float:
        """What correlating efforts adds over the best deterministic mechanism."""
        return self.optimum - self.deterministic


class Learned(BaseModel, frozen=True):
    """All seeds of one plan at one horizon."""

    plan: str
    width: float
    rounds: int
    regrets: list[float]
    obedient: list[bool]
    explored: float  # mean rounds before the commitment
    alpha: float
    value: float  # mean per round after it
    cost_error: float | None  # the largest; None where no costs are estimated


class Capped(BaseModel, frozen=True):
    """The optimum under one cap on payments."""

    cap: float
    value: float
    paid: float
    note: str


class Obeyed(BaseModel, frozen=True):
    """One seat of one play of the obedience study."""

    seat: str
    mind: str
    repeat: int
    ending: str
    reason: str = ""
    obeyed: int = 0  # rounds with the recommended effort and the truth
    answered: int = 0
    rounds: int = 0
    utility: float | None = None  # per round; None: the play failed
    promised: float | None = None  # what an obedient agent expects per round
    principal: float | None = None  # per round, the same for all seats of a play


class Solved(BaseModel, frozen=True):
    """The mechanism for a user's instance."""

    file: str
    agents: int
    value: float
    dual: float
    checked_value: float
    slack: float
    deviations: int
    certified: bool
    deterministic: float
    uncorrelated: float
    first_best: float  # V(b) less costs, as if effort could be seen and bought
    paid: list[float]
    note: str
    caps: list[Capped]
