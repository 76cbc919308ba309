"""The four sub-skills behind a lasting commons, as generated questions with their own checks (GovSim, sub-skills).

Each skill is asked in bare arithmetic and in the words of the simulation, with and without the universalisation hint.
The pool and the catch of item `i` are the same in all of these, so that forms can be compared item by item.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from manyminds.core import NoAnswer, Seeds, View, Whole, render
from manyminds.worlds.games.commons import Commons, Sight, fair_share, hint_text
from manyminds.worlds.games.skins import SKINS

Skill = Literal["dynamics", "action", "threshold_same", "threshold_belief"]
Wording = Literal["bare", "full"]
SKILLS: tuple[Skill, ...] = get_args(Skill)
WORDINGS: tuple[Wording, ...] = get_args(Wording)
MEMBERS = ("John", "Kate", "Jack", "Emma", "Luke")
FULL, LOWEST = 100, 10


class Question(NamedTuple):
    """What a rule reads of a probe."""

    skill: Skill
    pool: int
    members: int
    take: int | None  # everybody's catch, where the question names one
    hint: int | None  # the sustainable share, where it is told


@dataclass(frozen=True)
class Probe:
    """One question: its text, the type of a legal answer, and every answer that is right."""

    name: str
    skill: Skill
    wording: Wording
    hint: bool
    pool: int
    take: int | None
    text: str
    action: Whole
    accepted: tuple[int, ...]

    def view(self, seeds: Seeds) -> View:
        """The probe as a mind of any kind meets it."""
        hint = fair_share(self.pool, len(MEMBERS)) if self.hint else None
        data = Question(self.skill, self.pool, len(MEMBERS), self.take, hint)
        return View(data, self.text, self.action, seat="solver", seeds=seeds.child(self.name))

    def right(self, answer: Any) -> bool | None:
        """Is the answer accepted? None where there was no answer: unscored, not wrong."""
        return None if isinstance(answer, NoAnswer) else answer in self.accepted


def next_pool(pool: int, take: int, members: int = len(MEMBERS), full: int = FULL) -> int:
    """The pool after all took the same and the rest doubled."""
    return max(0, min(full, 2 * (pool - members * take)))


def accepted(skill: Skill, pool: int, take: int) -> tuple[int, ...]:
    """Every right answer. A belief about others is graded as if they do likewise, the one that all can hold at once."""
    most = fair_share(pool, len(MEMBERS))
    if skill == "dynamics":
        return (next_pool(pool, take),)
    if skill == "action":
        return tuple(range(1, most + 1)) or (0,)
    return (most,)


def numbers(seeds: Seeds, item: int, dead: int) -> tuple[int, int]:
    """The pool and everybody's catch of an item.

    A catch that leaves a pool between nothing and collapse is drawn again: the rules of the simulation and the bare
    doubling would disagree about what follows.
    """
    rng = seeds("probe", item)
    pool = rng.randint(LOWEST, FULL)
    allowed = [x for x in range(pool // len(MEMBERS) + 1) if not 0 < pool - len(MEMBERS) * x < dead]
    return pool, rng.choice(allowed)


def probe(seeds: Seeds, item: int, skill: Skill, wording: Wording, hint: bool, skin: str = "fishery") -> Probe:
    """Item number `item` of a skill, in one wording."""
    world = Commons(MEMBERS, SKINS[skin])
    pool, take = numbers(seeds, item, world.dead)
    most = fair_share(pool, len(MEMBERS)) if hint else None
    sight = Sight(MEMBERS[0], MEMBERS[1:], 1, pool, len(MEMBERS), None, {}, None, most, ())
    scene = render(Commons.__module__.rpartition(".")[0], "commons/rules", skin=world.skin, world=world, sight=sight)
    text = render(__package__, f"probes/{skill}", full=wording == "full", scene=scene, skin=world.skin, pool=pool,
                  members=len(MEMBERS), take=take, hint=most, hint_text=hint_text(world.skin, most))  # fmt: skip
    action = Whole(0, FULL if skill == "dynamics" else pool)
    name = "/".join((skill, wording, "hint" if hint else "plain", str(item)))
    asked = take if skill == "dynamics" else None
    return Probe(name, skill, wording, hint, pool, asked, text, action, accepted(skill, pool, take))


def probes(seeds: Seeds, count: int = 150, skin: str = "fishery") -> Iterator[Probe]:
    """`count` items of every skill, wording and hint."""
    for skill in SKILLS:
        for wording in WORDINGS:
            for hint in (False, True):
                for item in range(count):
                    yield probe(seeds, item, skill, wording, hint, skin)
