"""Tools of the calls family: eight services with eight typed tools each, and the simulator that runs a call.

A call is `name(argument: value, ...)`; `$2` stands for what the second call gave. What fails gives `error: ...` and
changes nothing. A tool may time out once; the same call then works. A state is plain data and no call changes the one
it is given. Tools that read an attachment take one modality and give `error: wrong modality ...` for another.
"""

import re
from typing import Any, NamedTuple

from manyminds.worlds.texts import attachments
from manyminds.worlds.texts.attachments import DAYS, MODALITIES, READING, STATUS, Attachment

SERVICES = ("hotel", "train", "parcel", "museum", "garden")
HELD_OUT = ("clinic", "cinema", "library")  # no item of the levels in distribution uses them
LINKS = ("owner", "guide", "floor")  # fields that name another entry
RATES = {"crowns": 3, "pounds": 2}
LIMIT = 40  # calls that one text may make
CALL = re.compile(r"([a-z_]{1,40})\(([^()]{0,200})\)")


class Tool(NamedTuple):
    """`required` and `optional` arguments; `values`: what the last argument may be, or () for any entry or number."""

    name: str
    kind: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        parts = [*self.required, *(f"{one}?" for one in self.optional)]
        if self.values:
            parts[-1] += f" {'|'.join(self.values)}"
        return f"{self.name}({', '.join(parts)})"


def service(name: str) -> dict[str, Tool]:
    """The eight tools of a service, by what they do."""
    found = {field: Tool(f"{name}_{field}", field, ("id",)) for field in (*LINKS, "price")}
    found["find"] = Tool(f"{name}_find", "find", ("owner",))
    found["set"] = Tool(f"{name}_set", "set", ("id", "status"), values=STATUS)
    found["book"] = Tool(f"{name}_book", "book", ("id",), ("day",), DAYS)
    found["compare"] = Tool(f"{name}_compare", "compare", ("a", "b"))
    found["convert"] = Tool(f"{name}_convert", "convert", ("price", "to"), values=tuple(RATES))
    return found


def readers(modality: str) -> dict[str, Tool]:
    """The tools that read an attachment of a modality, by what they do."""
    return {kind: Tool(f"{modality}_{kind}", kind, takes) for kind, takes in READING.items()}


TOOLS = {tool.name: tool for name in (*SERVICES, *HELD_OUT) for tool in service(name).values()}
READERS = {tool.name: tool for modality in MODALITIES for tool in readers(modality).values()}


class Store(NamedTuple):
    """What only the tools can see: the service, its entries by id, what was booked and set, tools that will time out,
    what was given, what is attached."""

    service: str
    entries: dict[str, dict[str, str]]
    booked: tuple[tuple[str, str], ...] = ()
    status: tuple[tuple[str, str], ...] = ()
    slow: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    attached: Attachment | None = None


def called(store: Store, line: str, offered: list[str]) -> tuple[Store, str]:
    """Run one call: the state after it and what it gives, an `error: ...` among them. Takes any text."""
    found = CALL.fullmatch(line.strip())
    if not found:
        return store, "error: no call"
    after, gave = _ran(store, found[1], found[2], offered)
    return after._replace(given=(*store.given, gave)), gave


def _ran(store: Store, name: str, written: str, offered: list[str]) -> tuple[Store, str]:
    tool, arguments = TOOLS.get(name) or READERS.get(name), dict[str, str]()
    if name not in offered or tool is None:
        return store, f"error: no tool {name}"
    for part in filter(str.strip, written.split(",")):
        key, _, value = part.replace("=", ":", 1).partition(":")
        value = value.strip("'\" ")
        if value.startswith("$"):
            number = value[1:]
            if not (number.isascii() and number.isdigit() and len(number) < 4 and 0 < int(number) <= len(store.given)):
                return store, f"error: {value[:20]} stands for no earlier call"
            value = store.given[int(number) - 1]
        arguments[key.strip()] = value
    for key in tool.required:
        if key not in arguments:
            return store, f"error: {key} is missing"
    of = name.partition("_")[0]
    if name in READERS:
        if store.attached is None:
            return store, "error: nothing is attached"
        if of != store.attached.modality:
            return store, f"error: wrong modality, {of} for {store.attached.modality}"
    elif of != store.service:
        return store, f"error: this is the {store.service}, not the {of}"
    for key, value in arguments.items():
        if key not in tool.required + tool.optional:
            return store, f"error: no argument {key[:20]}"
        if key in ("id", "a", "b") and value not in store.entries:
            return store, f"error: unknown id {value[:20]}"
        if tool.values and key == (*tool.required, *tool.optional)[-1] and value not in tool.values:
            return store, f"error: {key} is one of {', '.join(tool.values)}"
    if name in store.slow:
        return store._replace(slow=tuple(one for one in store.slow if one != name)), "error: time-out, try again"
    return _done(store, tool.kind, arguments)


def _done(store: Store, kind: str, arguments: dict[str, str]) -> tuple[Store, str]:
    """What a call with good arguments does."""
    entries, who = store.entries, arguments.get("id", "")
    if kind in READING and store.attached:
        return store, store.attached.read(kind, arguments.get("thing", ""))
    if kind == "find":
        found = [one for one, entry in entries.items() if entry["owner"] == arguments["owner"]]
        return store, " ".join(found) or "none"
    if kind == "set":
        kept = tuple(one for one in store.status if one[0] != who)
        return store._replace(status=(*kept, (who, arguments["status"]))), "ok"
    if kind == "book":
        booked = (*store.booked, (who, arguments.get("day", DAYS[0])))
        return store._replace(booked=booked), str(len(booked))
    if kind == "compare":
        a, b = arguments["a"], arguments["b"]
        return store, a if int(entries[a]["price"]) >= int(entries[b]["price"]) else b
    if kind == "convert":
        price = arguments["price"]
        if not (price.isascii() and price.isdigit() and len(price) < 6):
            return store, "error: price is a number"
        return store, str(int(price) * RATES[arguments["to"]])
    return store, entries[who][kind]


def executed(text: str, store: Store, offered: list[str]) -> Store:
    """The state after every line of `text` that is a call."""
    for line in [line for line in text[:20_000].split("\n") if CALL.fullmatch(line.strip())][:LIMIT]:
        store = called(store, line, offered)[0]
    return store


def restored(stored: dict[str, Any]) -> Store:
    """A state from its JSON form."""
    pairs = {key: tuple(map(tuple, stored[key])) for key in ("booked", "status")}
    attached = attachments.restored(stored.get("attached"))
    slow, given = tuple(stored["slow"]), tuple(stored["given"])
    return Store(stored["service"], stored["entries"], slow=slow, given=given, attached=attached, **pairs)
