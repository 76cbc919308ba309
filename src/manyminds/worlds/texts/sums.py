"""Sums: word problems whose solution is a chain of steps, one equation a line, the answer after `#`."""

import re
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from manyminds.worlds.texts.items import Draft, Item, Verdict, final, marked
from manyminds.worlds.texts.words import PEOPLE, THINGS, fresh_names

MOST = 199  # no quantity on the way is larger
EQUATION = re.compile(r"(\d{1,6})([-+*/])(\d{1,6})=(\d{1,6})")
TOLD = {
    "+": ("{who} finds {n} more.", "{other} gives {who} {n}.", "{who} buys {n}.", "{n} more arrive for {who}."),
    "-": ("{who} loses {n}.", "{who} gives {n} to {other}.", "{n} of them break.", "{who} sells {n}."),
    "*": ("Then {who} has {n} times as many.", "A trick turns each of them into {n}."),
    "/": ("{who} shares them equally among {n} boxes and keeps one box.", "Only one of every {n} stays."),
    "packs": ("{who} buys {k} packs of {n}.", "{k} friends bring {who} {n} each."),
}
UNSEEN = {  # out of distribution: other words for the same events
    "+": ("{who} digs up {n} more.", "{who} wins {n}."),
    "-": ("{n} of {who}'s go missing.", "{who} hands {n} to {other}."),
    "*": ("Each of them becomes {n}.",),
    "/": ("{who} sorts them into {n} equal heaps and keeps one heap.",),
    "packs": ("{k} chests with {n} each come for {who}.",),
}
ASIDES = ("{other} has {n} years.", "It is {n} degrees outside.", "The shop closes in {n} minutes.")


class Event(NamedTuple):
    kind: str
    n: int
    k: int = 0  # packs


def equations(start: int, events: list[Event]) -> tuple[list[str], int]:
    """The chain and its end."""
    lines, at = [], start
    for kind, n, k in events:
        if kind == "packs":
            lines.append(f"{k}*{n}={k * n}")
            kind, n = "+", k * n
        after = {"+": at + n, "-": at - n, "*": at * n, "/": at // n}[kind]
        lines.append(f"{at}{kind}{n}={after}")
        at = after
    return lines, at


@dataclass(frozen=True)
class Sums:
    """Level s has s events; `asides` sentences that do not matter; `scrambled`: events are numbered and told in another
    order; operands in [low, high]. Out of distribution: levels 7 and 8 (longer), operands 21 to 60, `unseen` names and
    words."""

    asides: int = 0
    scrambled: bool = False
    unseen: bool = False
    low: int = 2
    high: int = 20
    name: str = "sums"
    levels: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)

    def draft(self, rng: Random, level: int) -> Draft:
        start = rng.randint(self.low, self.high)
        at = start
        events: list[Event] = []
        while len(events) < level:
            event = self.event(rng, at)
            events.append(event)
            at = equations(at, [event])[1]
        lines, end = equations(start, events)
        who, other = fresh_names(rng, 2) if self.unseen else rng.sample(PEOPLE, 2)
        kind, theirs = rng.choice(("now", "now", "now", "apart", "who", "than")), rng.randint(0, MOST)
        thing, words = rng.choice(THINGS), UNSEEN if self.unseen else TOLD
        happened = [rng.choice(words[one.kind]).format(who=who, other=other, n=one.n, k=one.k) for one in events]
        if self.scrambled:
            happened = [f"({i}) {one}" for i, one in enumerate(happened, 1)]
            rng.shuffle(happened)
        told = [f"At first {who} has {start} {thing}.", *happened]
        for _ in range(self.asides):
            aside = rng.choice(ASIDES).format(other=other, n=rng.randint(self.low, self.high))
            told.insert(rng.randint(1, len(told)), aside)
        more = theirs % 19 + 2
        if theirs == end or (kind == "than" and end + more > MOST):
            kind = "now"
        question, answer = f"How many {thing} does {who} have now?", str(end)
        if kind == "than":
            told.append(f"{other} has {more} more than {who} now.")
            lines.append(f"{end}+{more}={end + more}")
            question, answer, theirs = f"How many {thing} does {other} have?", str(end + more), more
        elif kind != "now":
            told.append(f"{other} has {theirs} {thing}.")
            lines.append(f"{max(end, theirs)}-{min(end, theirs)}={abs(end - theirs)}")
            question = f"How many {thing} are they apart?" if kind == "apart" else f"Who has more {thing} now?"
            answer = str(abs(end - theirs)) if kind == "apart" else who if end > theirs else other
        form = [start, [list(event) for event in events], kind, theirs if kind != "now" else None]
        return Draft(form, " ".join([*told, question]), "\n".join([*lines, final(answer)]), answer, {"steps": lines})

    def event(self, rng: Random, at: int) -> Event:
        """An event that keeps the quantity whole and within bounds."""
        while True:
            kind, n, k = rng.choice(tuple(TOLD)), rng.randint(self.low, self.high), 0
            if kind == "*":
                n = rng.randint(2, 3)
            if kind == "/":
                n = rng.randint(2, 5)
            if kind == "packs":
                n, k = rng.randint(self.low, max(self.low, self.high // 2)), rng.randint(2, 4)
            after = at // n if kind == "/" else equations(at, [Event(kind, n, k)])[1]
            if 0 <= after <= MOST and (kind != "/" or (at % n == 0 and at > 0)) and (kind != "*" or at > 0):
                return Event(kind, n, k)

    def check(self, item: Item, text: str) -> Verdict:
        return marked(item, text, progress(item, text))


def first_wrong(text: str) -> int | None:
    """The index of the first equation of a solution that is false; None where all hold."""
    for i, (a, sign, b, c) in enumerate(EQUATION.findall(text[:100_000])):
        x, y, z = int(a), int(b), int(c)
        right = {"+": x + y == z, "-": x - y == z, "*": x * y == z, "/": y != 0 and x == y * z}[sign]
        if not right:
            return i
    return None


def progress(item: Item, text: str) -> float:
    """The share of the worked steps that the text takes before it first departs from them."""
    steps, said = item.meta["steps"], ["".join(one) for one in _written(text)]
    same = 0
    while same < min(len(steps), len(said)) and steps[same] == said[same]:
        same += 1
    return same / len(steps)


def _written(text: str) -> list[tuple[str, str, str, str, str]]:
    return [(a, sign, b, "=", c) for a, sign, b, c in EQUATION.findall(text[:100_000])]
