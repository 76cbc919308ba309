"""Where this paper's own runs and its neighbours in this library stand in the survey's dimensions."""

from manyminds.networks.generative import Generative, ran

OWN = {
    "exact scores": ran("Heun ODE", target="score", control="classifier-free guidance", theory_claim="guidance effect",
                        data_assumption="Gaussian mixture", error_source="discretisation"),
    "subspace": ran("ancestral", state_space="latent", target="v", control="none", theory_claim="score approximation",
                    data_assumption="linear subspace", error_source="score"),
    "reward": ran("ancestral", application="black-box design", state_space="latent", target="v",
                  control="reward condition", theory_claim="optimisation gap", data_assumption="linear subspace",
                  error_source="distribution shift"),
    "planner": ran("ancestral", application="control planner", target="v", control="hard constraint",
                   theory_claim="distribution estimation", error_source="score"),
}  # fmt: skip

# What other papers of the index are, in these words; whoever is not named here is not a generative model.
NEIGHBOURS = {
    "mam": Generative(state_space="discrete", process="discrete absorbing", data_assumption="graphical model"),
    "ravl": Generative(application="control planner", state_space="continuous", error_source="distribution shift"),
    "losse": Generative(application="control planner", state_space="continuous"),
    "digital-twins": Generative(application="life science", state_space="continuous"),
    "spo": Generative(application="policy", control="reward condition"),
    "dse": Generative(application="black-box design", state_space="discrete"),
    "boxing-gym": Generative(application="black-box design"),
    "adas": Generative(application="black-box design", state_space="discrete"),
}


def of(slug: str) -> Generative:
    """The declaration of a paper; every dimension `not applicable` for what does not generate."""
    return NEIGHBOURS.get(slug, Generative())


STANDS = frozenset().union(*(declared.stands() for declared in OWN.values()))
