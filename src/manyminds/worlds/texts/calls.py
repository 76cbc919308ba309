"""Calls: a question that takes one to four calls of typed tools, on a small store that only the tools can see.

A solution has one call a line and the answer after `#`; the answer must be right, some call must have given it, and the
state that is left must be the right one. Some items cannot be solved, because a tool is not there or an entry is not:
then the right answer is `impossible`. A share of the items may carry an attachment (`attachments.py`): its content goes
into a call, or is read by the tools of its modality.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from manyminds.worlds.texts.apis import (
    CALL,
    HELD_OUT,
    LINKS,
    RATES,
    READERS,
    SERVICES,
    Store,
    called,
    executed,
    readers,
    restored,
    service,
)
from manyminds.worlds.texts.attachments import DAYS, MODALITIES, READING, STATUS, THINGS, Attachment, drawn
from manyminds.worlds.texts.items import Draft, Item, Verdict, final, last_marked
from manyminds.worlds.texts.words import names_at

IMPOSSIBLE = "impossible"
SHOWN = {1: 4, 2: 5, 3: 6, 4: 8, 5: 6}  # tools by level


@dataclass(frozen=True)
class Calls:
    """Level c takes c dependent calls. `shown` tools are offered, `similar` of them from another service with nearly
    the same names; `slow`: chance of a time-out at levels above 2; `attached`: share of the items with an attachment.
    Out of distribution: level 5 (services never seen, two or three calls), and twice as many tools `shown`."""

    shown: int | None = None
    similar: int | None = None  # by default none at level 1, two above
    unsolvable: float = 0.15
    slow: float = 0.2
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)
    attached: float = 0.0

    @property
    def name(self) -> str:
        return "calls-attached" if self.attached else "calls"

    def draft(self, rng: Random, level: int) -> Draft:
        depth = rng.randint(2, 3) if level == 5 else level
        services = rng.sample(HELD_OUT if level == 5 else SERVICES, 2)
        tools, names = service(services[0]), names_at(rng, level, 7)
        *names, stranger = names
        entries = {
            who: {**{link: rng.choice([n for n in names if n != who]) for link in LINKS}, "price": str(price)}
            for who, price in zip(names, rng.sample(range(2, 60), len(names)))
        }
        attached = drawn(rng) if self.attached and rng.random() < self.attached else None
        if attached:
            tools |= readers(attached.modality)
            query = _query_on(attached, rng, depth, names)
        else:
            ends = ("get", "get", "book", "set", "compare", "find") + (("convert",) if depth > 1 else ())
            query = _query(rng, rng.choice(ends), depth, names, entries)
        missing = rng.choice(("tool", "entry")) if rng.random() < self.unsolvable else ""
        if missing == "entry" and (query.end == "find" or names[0] not in query.ask):
            missing = "tool"
        ask, lines = query.ask, [line.format(service=services[0]) for line in query.lines]
        if missing == "entry":
            ask, lines = ask.replace(names[0], stranger), lines[:1]
            lines[0] = lines[0].replace(names[0], stranger)
        used = list(dict.fromkeys(query.tools))
        offered = [tools[kind].name for kind in used]
        if missing == "tool":
            offered.remove(tools[rng.choice(used)].name)
            lines = []
        slow = [line.partition("(")[0] for line in lines[:1] if level > 2 and rng.random() < self.slow]
        others = [tool.name for kind, tool in tools.items() if kind not in used]
        near = [service(services[1])[kind].name for kind in used if kind not in READING]
        similar = (2 if level > 1 else 0) if self.similar is None else self.similar
        wrong = [f"{_other(rng, attached)}_{kind}" for kind in used if attached and kind in READING]
        extra = [*wrong, *near[:similar], *rng.sample(others, len(others))]
        offered = (offered + extra)[: max(self.shown or SHOWN[level], len(used))]
        rng.shuffle(offered)
        start: dict[str, Any] = {"service": services[0], "entries": entries, "booked": [], "status": [], "slow": slow,
                                 "given": []} | ({"attached": attached} if attached else {})  # fmt: skip
        lines = _retried(lines, bool(slow))
        left = executed("\n".join(lines), restored(start), offered)
        answer = IMPOSSIBLE if missing else left.given[-1]
        solution = "\n".join([*lines, final(answer)])
        signatures = {tool.name: tool.signature for one in services for tool in service(one).values()}
        signatures |= {tool.name: tool.signature for tool in READERS.values()} if attached else {}
        meta: dict[str, Any] = {"store": start, "offered": offered, "calls": lines, "direct": solution,
                                "booked": left.booked, "status": left.status, "missing": missing}  # fmt: skip
        number = {who: i for i, who in enumerate([*names, stranger])}
        graph = [[number[entry[link]] for link in LINKS] + [entry["price"]] for entry in entries.values()]
        told = [number.get(word, word) for word in ask.rstrip("?.").replace(",", "").split()]
        with_it = f"Attached: {attached.written}\n" if attached else ""
        prompt = f"Tools: {', '.join(signatures[name] for name in offered)}.\n{with_it}For the {services[0]}: {ask}"
        form = [services[0], sorted(offered), told, slow, graph, *([attached] if attached else [])]
        # An item without attachment belongs where it would in the family that has none.
        root = ["calls", form] if self.attached and not attached else None
        return Draft(form, prompt, solution, answer, meta, root)

    def check(self, item: Item, text: str) -> Verdict:
        """Final answer and final state; an answer without the calls that it takes is a guess and does not count."""
        left, said = run(item, text), last_marked(text)
        right = {one for one in left.given if not one.startswith("error")}
        gold = run(item, item.solution).given
        done = 0.5 * (len(right & set(gold)) / len(set(gold)) if gold else 1.0)
        if said is None:
            return Verdict(False, None, "no line begins with '#'", done)
        if [list(one) for one in left.booked] != [list(one) for one in item.meta["booked"]] or dict(
            left.status
        ) != dict(item.meta["status"]):
            return Verdict(False, said, "another state is left", done)
        if said.casefold() != item.answer.casefold():
            return Verdict(False, said, "another answer", done)
        grounded = item.answer == IMPOSSIBLE or item.answer in right
        return Verdict(grounded, said, "" if grounded else "no call gave this answer", 1.0 if grounded else done)


class Query(NamedTuple):
    """A question and its calls before the service is put in; `tools` are the kinds used."""

    end: str
    ask: str
    lines: list[str]
    tools: list[str]


def _query(rng: Random, end: str, depth: int, names: list[str], entries: dict[str, dict[str, str]]) -> Query:
    """A chain of links from the first name, and what is done at its end."""
    links = [rng.choice(LINKS) for _ in range(depth - (2 if end == "convert" else 1))]
    if end == "find":  # begins the chain instead: whose owner is somebody?
        owned = [one for one in names if [e["owner"] for e in entries.values()].count(entries[one]["owner"]) == 1]
        if not owned:
            end = "get"
    at, lines = names[0], []
    whose = "".join(f"the {link} of " for link in reversed(links))
    if end == "find":
        at = entries[rng.choice(owned)]["owner"]
        lines = [f"{{service}}_find(owner: {at})"]
        whose += f"what has {at} as owner"
        tools = ["find", *links]
    else:
        whose, tools = whose + at, list(links)
    for link in links:
        lines.append(f"{{service}}_{link}(id: {f'${len(lines)}' if lines else at})")
    target = f"${len(lines)}" if lines else at
    if end == "find":
        return Query(end, f"Which is {whose}?", lines, tools)
    if end == "get":
        last = rng.choice((*LINKS, "price"))
        return Query(end, f"Which is the {last} of {whose}?", [*lines, f"{{service}}_{last}(id: {target})"],
                     [*tools, last])  # fmt: skip
    if end == "book":
        day = rng.choice(DAYS)
        return Query(end, f"Book {whose} for {day}.", [*lines, f"{{service}}_book(id: {target}, day: {day})"],
                     [*tools, "book"])  # fmt: skip
    if end == "set":
        status = rng.choice(STATUS)
        return Query(end, f"Set {whose} to {status}.", [*lines, f"{{service}}_set(id: {target}, status: {status})"],
                     [*tools, "set"])  # fmt: skip
    if end == "compare":
        other = rng.choice(names[1:])
        return Query(end, f"Which costs more, {whose} or {other}?",
                     [*lines, f"{{service}}_compare(a: {target}, b: {other})"], [*tools, "compare"])  # fmt: skip
    money = rng.choice(tuple(RATES))
    lines.append(f"{{service}}_price(id: {target})")
    return Query(end, f"What does {whose} cost in {money}?",
                 [*lines, f"{{service}}_convert(price: ${len(lines)}, to: {money})"],
                 [*tools, "price", "convert"])  # fmt: skip


def _query_on(attached: Attachment, rng: Random, depth: int, names: list[str]) -> Query:
    """A question that takes the content of an attachment: read by a tool, or known from its codes and put into a call
    at the end of a chain of links."""
    ends = ("count", "first", "most", "book", "set") if depth == 1 else ("book", "set") + ("convert",) * (depth == 2)
    end, modality = rng.choice(ends), attached.modality
    if end == "most":
        return Query(end, "What is there most of in the attachment?", [f"{modality}_most()"], ["most"])
    if end == "first":
        thing = next(iter(attached.counts))
        ask = "How many are there of the first thing in the attachment?"
        return Query(end, ask, [f"{modality}_count(thing: {thing})"], ["count"])
    if end in ("count", "convert"):
        thing = rng.choice((*attached.counts, *attached.counts, rng.choice(THINGS)))
        lines, money = [f"{modality}_count(thing: {thing})"], rng.choice(tuple(RATES))
        if end == "count":
            return Query(end, f"How many {thing} are in the attachment?", lines, ["count"])
        lines.append(f"{{service}}_convert(price: $1, to: {money})")
        ask = f"Convert the number of {thing} in the attachment to {money}."
        return Query(end, ask, lines, ["count", "convert"])
    links = [rng.choice(LINKS) for _ in range(depth - 1)]
    lines = [f"{{service}}_{link}(id: {f'${i}' if i else names[0]})" for i, link in enumerate(links)]
    whose = "".join(f"the {link} of " for link in reversed(links)) + names[0]
    target = f"${len(lines)}" if lines else names[0]
    ask = f"Book {whose} for the day" if end == "book" else f"Set {whose} to the status"
    what = f"day: {attached.day}" if end == "book" else f"status: {attached.status}"
    last = f"{{service}}_{end}(id: {target}, {what})"
    return Query(end, f"{ask} in the attachment.", [*lines, last], [*links, end])


def _other(rng: Random, attached: Attachment) -> str:
    """Some other modality."""
    return rng.choice([one for one in MODALITIES if one != attached.modality])


def _retried(lines: list[str], slow: bool) -> list[str]:
    """The first call twice where it times out once; what later lines refer to moves by one."""
    if not slow:
        return lines
    moved = lines[1:]
    for number in range(len(lines), 0, -1):
        moved = [line.replace(f"${number}", f"${number + 1}") for line in moved]
    return [lines[0], lines[0], *moved]


def run(item: Item, text: str) -> Store:
    """The state that the calls of a text leave."""
    return executed(text, restored(item.meta["store"]), item.meta["offered"])


class Steps(NamedTuple):
    """How a text calls, against the solution: shares in [0, 1]."""

    names: float  # calls, in order, whose tool is the solution's
    arguments: float  # F1 of (tool, argument, value), references resolved
    invented: float  # calls of tools that are not offered


def step_metrics(item: Item, text: str) -> Steps:
    said, gold = (calls_of(item, one) for one in (text, item.solution))
    same = sum(a.partition("(")[0] == b.partition("(")[0] for a, b in zip(said, gold))
    ours, right = (
        {(i, part) for i, call in enumerate(calls) for part in call.rstrip(")").replace("(", ",").split(",")}
        for calls in (said, gold)
    )
    both = len(ours & right)
    invented = sum(call.partition("(")[0] not in item.meta["offered"] for call in said)
    return Steps(same / len(gold) if gold else float(not said), 2 * both / (len(ours) + len(right) or 1) if gold else
                 float(not said), invented / len(said) if said else 0.0)  # fmt: skip


def calls_of(item: Item, text: str) -> list[str]:
    """The calls of a text with every `$n` replaced by what it stood for."""
    store, found = restored(item.meta["store"]), []
    for line in [line.strip() for line in text[:20_000].split("\n") if CALL.fullmatch(line.strip())][:40]:
        for number in range(len(store.given), 0, -1):
            line = line.replace(f"${number}", store.given[number - 1])
        found.append(line)
        store = called(store, line, item.meta["offered"])[0]
    return found


def episode(item: Item) -> list[tuple[str, str, str]]:
    """The solution call by call: (what a planner says is next, the call or the answer, what the call gives)."""
    given, turns = run(item, item.solution).given, list[tuple[str, str, str]]()
    for i, call in enumerate(calls_of(item, item.solution)):
        again = i and given[i - 1].startswith("error")
        turns.append((f"{'Again' if again else 'Next'}: {call.partition('(')[0]}.", call, given[i]))
    end = "Cannot be done." if item.answer == IMPOSSIBLE else "Done."
    return [*turns, (end, final(item.answer), "")]
