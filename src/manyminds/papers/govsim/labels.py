"""What an utterance does: eight classes in three groups, labelled by a model; without one nothing is labelled."""

from asyncio import gather
from collections import Counter
from collections.abc import Iterable, Sequence

from manyminds.agents.language import LanguageAgent
from manyminds.core import Choice, Happening, NoAnswer, Seeds, View, render

# class -> (group, what it means); after the paper's analysis of dialogues
CLASSES = {
    "sharing": ("information", "tells facts: what was taken, what is left, what somebody thinks"),
    "problem": ("information", "points out or works through a difficulty that they share"),
    "proposal": ("information", "puts forward what to do, such as a limit or a rule"),
    "persuasion": ("negotiation", "tries to move others to a view or to an action"),
    "consensus": ("negotiation", "agrees, or asks for or confirms agreement"),
    "disagreement": ("negotiation", "objects, or says no to something that was proposed"),
    "excuse": ("relational", "explains or asks pardon for what the speaker did"),
    "punishment": ("relational", "blames somebody, threatens or calls for a penalty"),
}
GROUPS = ("information", "negotiation", "relational")


def spoken(lines: Iterable[Happening]) -> list[str]:
    """What was said in a play, in order."""
    return [f"{line.data['speaker']}: {line.data['utterance']}" for line in lines if line.kind == "utterance"]


async def labelled(labeller: LanguageAgent, said: Sequence[str], seeds: Seeds) -> Counter[str]:
    """How many utterances fall in each class; `unlabelled` counts those that got no legal label.

    Each is labelled by itself, with what was said just before it.
    """
    views = [View(None, render(__package__, "label", classes=CLASSES, before=said[max(i - 2, 0) : i], line=line),
                  Choice(tuple(CLASSES)), seat="labeller", turn=i, seeds=seeds.child("label", i))
             for i, line in enumerate(said)]  # fmt: skip
    labels = await gather(*(labeller.act(view) for view in views))
    return Counter("unlabelled" if isinstance(label, NoAnswer) else label for label in labels)


def shares(counts: dict[str, int]) -> dict[str, float] | None:
    """The share of each group among the labelled utterances; None where none was labelled."""
    total = sum(counts.values())
    if not total:
        return None
    by_group = {group: [name for name in CLASSES if CLASSES[name][0] == group] for group in GROUPS}
    return {group: sum(counts.get(name, 0) for name in names) / total for group, names in by_group.items()}
