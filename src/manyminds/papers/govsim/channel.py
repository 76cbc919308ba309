"""Talk as a channel: what agreement is worth when everybody holds a fixed belief about the safe catch.

Each of five believes 20 with probability .3, else 10, and follows its belief, or the limit that the others' proposals
agree on before the first harvest. Thousands of societies at once, on arrays; beside them stand closed forms.
"""

from pydantic import BaseModel

from manyminds.core import Seeds

AGREEMENTS = ("none", "median", "mean")
P_GREEDY, GREEDY, MODEST = 0.3, 20, 10


class Channel(BaseModel, frozen=True):
    """How often societies of believers survive, by how they agree; the same beliefs in each."""

    societies: int
    survived: dict[str, int]  # by agreement
    moved_by_mean: int  # societies whose first harvest is another in total when they agree on the mean
    saved_by_mean: int  # societies that survive with the mean and not without talk


def measured(seeds: Seeds, societies: int, members: int = 5, months: int = 12) -> dict[str, object]:
    """Play the same believers without talk, with the median and with the mean."""
    import jax
    import jax.numpy as jnp

    from manyminds.worlds.games import commons_arrays as arrays

    shape = (societies, members)
    beliefs = jnp.where(jax.random.bernoulli(seeds.jax("beliefs"), P_GREEDY, shape), float(GREEDY), float(MODEST))
    keys = jax.random.split(seeds.jax("dice"), societies)

    def played(how: str) -> arrays.History:
        # Who does not talk takes what it believes, and proposes nothing: the world with the median serves for both.
        mind, agreement = ("takes", "median") if how == "none" else ("believes", how)
        codes = jnp.full(shape, arrays.CODES[mind], jnp.int8)
        rules = arrays.Rules(months=months, agreement=agreement, opening_meeting=True)  # type: ignore[arg-type]
        return arrays.societies(keys, arrays.Seats(codes, beliefs, jnp.zeros(shape, arrays.WHOLE)), rules)

    ends = {how: played(how) for how in AGREEMENTS}
    alive = {how: end.alive & (end.survived == months) for how, end in ends.items()}
    first = {how: end.months.takes[:, 0].sum(-1) for how, end in ends.items()}
    found = Channel(
        societies=societies,
        survived={how: int(lived.sum()) for how, lived in alive.items()},
        moved_by_mean=int((first["mean"] != first["none"]).sum()),
        saved_by_mean=int((alive["mean"] & ~alive["none"]).sum()),
    )
    return found.model_dump()
