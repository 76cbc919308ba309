"""Where a generative component stands: one typed value for each dimension of the survey (arXiv 2404.07771).

Whatever generates (a sampler, a planner, an any-order model) declares one value a dimension. What does not apply is
said to be so and never guessed.
"""

from dataclasses import asdict, dataclass
from typing import Literal

NotApplicable = Literal["not applicable"]
Application = Literal[
    "vision", "audio", "text", "control planner", "policy", "time series", "life science", "black-box design"
]
StateSpace = Literal["continuous", "discrete", "latent"]
Process = Literal["VP-SDE", "VE-SDE", "probability-flow ODE", "flow matching", "discrete absorbing"]
Target = Literal["score", "noise", "x0", "v"]
Control = Literal[
    "none", "condition", "classifier guidance", "classifier-free guidance", "reward condition", "fine-tuning",
    "hard constraint",
]  # fmt: skip
Sampler = Literal["Euler-Maruyama", "DDIM or ODE", "exponential integrator", "predictor-corrector", "ancestral"]
TheoryClaim = Literal[
    "score approximation", "score estimation", "distribution estimation", "sampling error", "guidance effect",
    "optimisation gap",
]  # fmt: skip
DataAssumption = Literal[
    "bounded or sub-Gaussian", "Hölder density", "linear subspace", "manifold", "Gaussian mixture", "graphical model"
]
ErrorSource = Literal["initialisation", "score", "discretisation", "early stopping", "distribution shift"]


@dataclass(frozen=True)
class Generative:
    """One value a dimension; types are checked where code is checked, and by `checked` at run time."""

    application: Application | NotApplicable = "not applicable"
    state_space: StateSpace | NotApplicable = "not applicable"
    process: Process | NotApplicable = "not applicable"
    target: Target | NotApplicable = "not applicable"
    control: Control | NotApplicable = "not applicable"
    sampler: Sampler | NotApplicable = "not applicable"
    theory_claim: TheoryClaim | NotApplicable = "not applicable"
    data_assumption: DataAssumption | NotApplicable = "not applicable"
    error_source: ErrorSource | NotApplicable = "not applicable"

    def __post_init__(self) -> None:
        from typing import get_args, get_type_hints

        from manyminds.core import unknown

        for dimension, hint in get_type_hints(type(self)).items():
            allowed = [value for part in get_args(hint) for value in (get_args(part) or (part,))]
            if getattr(self, dimension) not in allowed:
                raise unknown(dimension.replace("_", " "), getattr(self, dimension), allowed)

    def stands(self) -> frozenset[str]:
        """The values that apply, as words of the listing."""
        found = asdict(self).items()
        return frozenset(f"{dimension}: {value}" for dimension, value in found if value != "not applicable")


SAMPLERS: dict[str, Sampler] = {
    "Euler-Maruyama": "Euler-Maruyama", "exponential integrator": "exponential integrator", "ancestral": "ancestral",
    "Euler ODE": "DDIM or ODE", "Heun ODE": "DDIM or ODE", "DDIM": "DDIM or ODE",
    "predictor-corrector": "predictor-corrector",
}  # fmt: skip


def ran(method: str, **known: str) -> Generative:
    """The declaration of a run of `networks/samplers.py` by the name of its method; the rest by keyword."""
    process = "probability-flow ODE" if SAMPLERS[method] == "DDIM or ODE" else "VP-SDE"
    return Generative(**({"state_space": "continuous", "process": process, "sampler": SAMPLERS[method]} | known))
