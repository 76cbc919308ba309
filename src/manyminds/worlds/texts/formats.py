"""Formats: how an item is written for a model to learn from, and which token opens its answer.

Methods compete in prompts, so a model that is raised here must have seen every format on the same items equally often;
`formats` lists them for a family, `segments` writes one. A model that meets a prompt that ends with `<t>` has been
asked to work, one that meets `<a>` to answer at once. Every completion ends with `<end>`, also between observations.
"""

from collections.abc import Callable, Iterable
from itertools import islice

from manyminds.core import Seeds, unknown
from manyminds.worlds.texts import rooms_for_two, searches
from manyminds.worlds.texts.calls import episode
from manyminds.worlds.texts.items import END, USER, Item, final, stream
from manyminds.worlds.texts.rooms import played, repaired
from manyminds.worlds.texts.sequents import goals_left
from manyminds.worlds.texts.sway import book_lines
from manyminds.worlds.texts.words import NAMES

Segments = tuple[tuple[str, str], ...]  # (text, "prompt" | "completion" | "observation")
ANSWER, OBSERVATION, THOUGHT, PLANNER, CALLER, SUMMARISER = "<a>", "<o>", "<t>", "<p>", "<c>", "<s>"
VERIFY, CRITIQUE, REFINE, EVIDENCE = "<v>", "<k>", "<r>", "<e>"
ROLES = {"planner": PLANNER, "caller": CALLER, "summariser": SUMMARISER}


def asked(prompt: str, opener: str, reply: str) -> Segments:
    """One prompt and one completion."""
    return (f"{USER}{prompt}{opener}", "prompt"), (f"{reply}{END}", "completion")


def worked(item: Item) -> Segments:
    return asked(item.prompt, THOUGHT, item.solution)


def direct(item: Item) -> Segments:
    return asked(item.prompt, ANSWER, item.direct)


def opened(token: str) -> Callable[[Item], Segments]:
    """The worked solution behind another role's token."""
    return lambda item: asked(item.prompt, token, item.solution)


def checked(item: Item) -> Segments:
    """Step by step up to the first mistake: what is right, the result that stands there, and whether it is that one.

    The two results stand side by side. A small model derives a right step well and still can't tell whether the line
    that stands far above says the same.
    """
    shown, told = item.meta["shown"], item.answer.split()
    wrong = int(told[1]) - 1 if told[0] == "bad" else len(shown)
    stands = [*(line.rpartition("=")[2] for line in shown), "none"]
    lines = [f"{step} {stands[i]} {'bad' if i == wrong else 'ok'}"
             for i, step in enumerate(item.meta["steps"][: wrong + 1])]  # fmt: skip
    return asked(item.prompt, THOUGHT, "\n".join([*lines, item.solution]))


def evidence(item: Item) -> Segments:
    """The first of two steps: the sentences that the answer rests on, word by word, and a provisional answer."""
    return asked(item.prompt, EVIDENCE, "\n".join([*item.meta["quotes"], item.direct]))


def grounded(item: Item) -> Segments:
    """The second step: the same question, with the evidence in place of the documents."""
    return asked("\n".join([*item.meta["quotes"], item.meta["question"]]), EVIDENCE,
                 "\n".join([*item.meta["quotes"], item.direct]))  # fmt: skip


def taken(prompt: str, turns: Iterable[tuple[str, str, str]]) -> Segments:
    """A play of several turns: (token of who acts, what it says, what is then observed or "")."""
    parts: list[tuple[str, str]] = []
    before, kind = f"{USER}{prompt}", "prompt"
    for opener, said, seen in turns:
        parts += [(f"{before}{opener}", kind), (f"{said}{END}", "completion")]
        before, kind = (f"{OBSERVATION} {seen}" if seen else ""), "observation"
    return tuple(parts)


def single(item: Item) -> Segments:
    """One agent calls and answers."""
    return taken(item.prompt, [(ANSWER, call, seen) for _, call, seen in episode(item)])


def roles(item: Item, trained: tuple[str, ...] = tuple(ROLES)) -> Segments:
    """The same calls with a planner that says what is next, a caller and a summariser; `trained` roles are completions,
    what the others say is observed."""
    turns = []
    for plan, call, seen in episode(item):
        actor = CALLER if seen else SUMMARISER
        turns += [(PLANNER, plan, ""), (actor, call, seen)]
    tokens = [ROLES[role] for role in trained]
    parts = taken(item.prompt, turns)
    return tuple(
        (text, "observation" if kind == "completion" and parts[i - 1][0][-3:] not in tokens else kind)
        for i, (text, kind) in enumerate(parts)
    )


def acted(item: Item, actions: list[str]) -> Segments:
    """Action by action, each with what is seen after it."""
    seen = played(item, actions)
    return taken(item.prompt, [(ANSWER, action, said) for action, said in zip([*actions, "#done"], [*seen, ""])])


def expert(item: Item) -> Segments:
    return acted(item, item.solution.split("\n")[:-1])


def repair(item: Item) -> Segments:
    """The expert's play with one action that fails and is mended."""
    return acted(item, repaired(item))


def searching(item: Item) -> Segments:
    """A plan, then searches in documents that are not shown, then the answer."""
    return taken(item.meta["question"], [(PLANNER, searches.plan(item), ""),
                                         *((ANSWER, said, seen) for said, seen in searches.solved(item))])  # fmt: skip


def seated(seat: int) -> Callable[[Item], Segments]:
    """A play of two as one of them has it, turn by turn, each with what it sees before."""

    def written(item: Item) -> Segments:
        lines = item.solution.split("\n")
        turns = rooms_for_two.history(item, lines[:-1])
        spoke = [*(turn.seat for turn in turns), turns[-1].state[0]]
        parts: list[tuple[str, str]] = []
        before, kind = f"{USER}{item.meta['told'][seat]}", "prompt"
        for i in [i for i, who in enumerate(spoke) if who == seat]:
            seen = rooms_for_two.sight(item, turns[:i], seat)
            parts += [(f"{before}{f'{OBSERVATION} {seen}' if seen else ''}{ANSWER}", kind),
                      (f"{lines[i]}{END}", "completion")]  # fmt: skip
            before, kind = "", "observation"
        return tuple(parts)

    return written


def proved(item: Item) -> Segments:
    """Tactic by tactic, each with the goals that are left."""
    tactics = item.solution.split("\n")
    return taken(item.prompt, [(ANSWER, tactic, left) for tactic, left in zip(tactics, [*goals_left(item), ""])])


def noisy(item: Item) -> Segments:
    """A reply to a partner as it is shown in a raise: changed or not, whoever is right."""
    return asked(item.prompt, ANSWER, final(str(item.meta["noisy"])))


WORKED_OR_DIRECT = {"worked": worked, "direct": direct}
ON_DOCUMENTS = {"direct": direct, "chain": worked, "evidence": evidence, "grounded": grounded, "search": searching}
FORMATS: dict[str, dict[str, Callable[[Item], Segments]]] = {
    "copy": {"direct": direct},
    "pairs": {"direct": direct},
    "key-value": {"direct": direct},
    "few-facts": {"direct": direct},
    "sums": WORKED_OR_DIRECT,
    "functions": {"direct": direct},
    "hops": ON_DOCUMENTS,
    "hops-questions": ON_DOCUMENTS,
    "hops-book": ON_DOCUMENTS,
    "calls": {"single": single, "roles": roles},
    "calls-attached": {"single": single, "roles": roles},
    "rooms-maze": {"plan": direct, "played": expert},
    "rooms-craft": {"plan": direct, "played": expert, "repair": repair},
    "rooms-fetch": {"plan": direct, "played": expert},
    "rooms-word": {"played": expert},
    "rooms-todo": {"plan": direct, "played": expert, "repair": repair},
    "rooms-sampled": {"plan": direct, "played": expert, "repair": repair},
    # Played by both, each in a context of its own; `partner` is how the second one has the same play.
    "rooms-craft-pair": {"plan": direct, "played": seated(0), "partner": seated(1)},
    "rooms-fetch-pair": {"plan": direct, "played": seated(0), "partner": seated(1)},
    "turns-verify": {"verify": opened(VERIFY), "worked": checked},
    "turns-critique": {"critique": opened(CRITIQUE)},
    "turns-refine": {"refine": opened(REFINE)},
    "turns-retry": {"refine": opened(REFINE)},
    "turns-verify-hops": {"verify": opened(VERIFY)},
    "turns-refine-hops": {"refine": opened(REFINE)},
    "turns-retry-hops": {"refine": opened(REFINE)},
    "turns-verify-functions": {"verify": opened(VERIFY)},
    "turns-refine-functions": {"refine": opened(REFINE)},
    "turns-retry-functions": {"refine": opened(REFINE)},
    "turns-select": {"direct": direct},
    "turns-debate": WORKED_OR_DIRECT,
    "sway": {"direct": direct},
    "sway-partner": {"noisy": noisy},
    "rewrites": {"direct": direct},
    "sequents": {"proof": direct, "played": proved},
    "grids": {"direct": direct},
    "plays": {"direct": direct},
}


CALLS = ("calls", "calls-attached")


def is_worked(family_name: str) -> bool:
    """Is a family raised on solutions that are worked out, behind `<t>`?"""
    return worked in FORMATS.get(family_name, {}).values()


def formats(family_name: str) -> tuple[str, ...]:
    """The formats of a family, to be used equally often; raises BadInput for a family that is not known."""
    if family_name not in FORMATS:
        raise unknown("family", family_name, FORMATS)
    return tuple(FORMATS[family_name])


def segments(item: Item, format: str) -> Segments:
    """An item in one of its formats: pieces of text in order, each a prompt, a completion or an observation. For calls
    also `planner`, `caller` and `summariser`: the role format in which only that role is a completion."""
    if item.family in CALLS and format in ROLES:
        return roles(item, (format,))
    if format not in FORMATS.get(item.family, {}):
        raise unknown(f"format of {item.family}", format, formats(item.family))
    return FORMATS[item.family][format](item)


def closed_book(seeds: Seeds) -> list[Segments]:
    """The facts of `sway` as they are shown in a raise: each as often as its exposures say, in one shuffled order."""
    return [asked(f"Tell of {fact.who}.", ANSWER, line) for fact, line in book_lines(seeds)]


def spelling(seeds: Seeds, count: int = 300) -> list[str]:
    """Texts to train a small tokeniser on: `count` items of each family at each of its two lowest levels, in every
    format, and the pool of names so often that each of them becomes one token (with the blank before it)."""
    from manyminds.worlds.texts.nursery import families

    texts = []
    for family in families(seeds).values():
        for level in family.levels[:2]:
            for item in islice(stream(family, level, "raise", seeds, scarce=True), count):
                texts += ["".join(text for text, _ in segments(item, format)) for format in formats(family.name)]
    return texts + [f" {' '.join(NAMES)}"] * (5 * count)
