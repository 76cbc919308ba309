"""What the parts of a run found, as plain values that go into the store."""

from pydantic import BaseModel


class Exact(BaseModel, frozen=True):
    """One stream against the definitions, all in float64."""

    gram: float  # largest error of A
    cross: float  # largest error of B
    solve: float  # largest error of the full solve against least squares on the stacked system
    order: float  # largest difference of A, B and the solve when the stream is permuted
    rises: int  # steps that raised F_t
    below: int  # steps after which F_t lay below its minimum
    before: float  # F_t at the end without the last 60 updates of W: with W = 0
    after: float  # F_t of the sparse step at the end
    least: float  # F_t of the leader at the end
    swept: float  # relative gap after sweeps over the stored blocks


class Shift(BaseModel, frozen=True):
    """RMSE on the inputs that were seen, a value a seed, at one correlation of the stream."""

    correlation: float
    losse: list[float]
    exact: list[float]
    rivals: dict[str, list[float]]  # by name, at the step size that is best for it
    step_sizes: dict[str, float]  # the step size chosen


class Regret(BaseModel, frozen=True):
    """Cumulative loss less that of the best fixed W so far, at times (seeds, times)."""

    times: list[int]
    exact: list[list[float]]
    sparse: list[list[float]]
    predicted_slope: float  # noise^2 times the rank of the features
    network_times: list[int]
    network: list[list[float]]  # one gradient step an observation, on the shifting stream


class Regions(BaseModel, frozen=True):
    """RMSE on the left region when it is left, after learning the right one, and after coming back; a value a seed."""

    method: str
    left: list[float]
    later: list[float]
    back: list[float]


class Encodings(BaseModel, frozen=True):
    """Test error of ridge regression at one number of non-zeros, a value a seed."""

    task: str
    features: str
    size: int
    active: int
    rmse: list[float]


class Cost(BaseModel, frozen=True):
    """Seconds a step: medians of repeated measurements on this machine."""

    sparse: float
    larger: float  # at sixteen times the features
    dense: float  # Sherman-Morrison on all features
    early: float  # steps after few observations
    late: float  # steps after many
    size: int
    larger_size: int
    stored: int
    larger_stored: int


class LogReport(BaseModel, frozen=True):
    """A log of transitions, learnt in one pass."""

    file: str
    rows: int
    skipped: int
    outside: int
    outputs: list[str]
    rmse: list[float]  # prequential, after the first tenth
    naive: list[float]  # of predicting the mean so far
    gib: float
    stored: int
    microseconds: float  # a step
    left: list[float]  # RMSE on each quarter when it was left
    end: list[float]  # and at the end
