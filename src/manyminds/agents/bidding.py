"""A language agent that plans, bids, keeps account, plans anew, and learns from logs (arXiv 2310.05746, section 3).

What it is reminded of differs by role: a bid follows the rules, the last plan and the bidding on this item; an account
follows the rules alone; a new plan follows the old one. The bidding on an item is forgotten when the item is gone.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from manyminds.agents.bid_answers import Bid
from manyminds.core import Action, Invalid, NoAnswer, Refused, View, render
from manyminds.models.ask import ask
from manyminds.models.metered import Metered, Spent, spent
from manyminds.models.request import Message, Model, Request, system, user

REPAIRS = {"learn": 2, "plan": 2, "replan": 2, "belief": 4, "bid": 3}  # further tries after an unreadable answer


@dataclass
class LanguageBidder:
    """One bidder for one auction.

    `parser` reads a bid that the grammar could not; without one the bidder is asked to be clear. `deadline`: seconds
    after which a decision counts as missing, None to wait for as long as the endpoint does.
    """

    model: Model
    name: str = ""
    parser: Model | None = None
    temperature: float = 0.7
    max_tokens: int = 2048
    deadline: float | None = None
    invalid: Counter[str] = field(default_factory=Counter)
    read_by: Counter[str] = field(default_factory=Counter)  # grammar, parser, or nobody
    planned: tuple[Message, ...] = ()  # the last plan: what was asked and answered
    bidding: tuple[Message, ...] = ()  # the same for the item on sale
    item: str = ""
    accounting: tuple[Message, ...] = ()  # the account of this item, while it is being corrected
    kind = "language"

    def __post_init__(self) -> None:
        self.model = Metered(self.model)
        if self.parser is not None:
            self.parser = Metered(self.parser)

    @property
    def spending(self) -> Spent:
        """What the calls of this bidder came to so far, those of its parser included."""
        meters = [one for one in (self.model, self.parser) if isinstance(one, Metered)]
        return spent(chain.from_iterable(one.exchanges for one in meters))

    async def act(self, view: View) -> Any:
        try:
            async with asyncio.timeout(self.deadline):
                return await self.decide(view)
        except TimeoutError:
            return NoAnswer(f"timeout: no decision within {self.deadline:g} seconds")

    async def decide(self, view: View) -> Any:
        sight = view.data
        rules, question = system(sight.rules), user(sight.question)
        if sight.role == "bid":
            return await self.bid(view, rules, question)
        if sight.role == "learn":
            return (await self.ask(view, (question,)))[0]
        if sight.role == "belief":
            before = self.accounting if sight.wrong else ()
            answer, text = await self.ask(view, (rules, *before, question))
            self.accounting = (*before, question, Message("assistant", text))
            return answer
        before = self.planned if sight.role == "replan" else ()
        answer, text = await self.ask(view, (rules, *before, question))
        if not isinstance(answer, NoAnswer):
            self.planned = (question, Message("assistant", text))
        return answer

    async def ask(self, view: View, messages: tuple[Message, ...]) -> tuple[Any, str]:
        """The legal answer, or `NoAnswer`, and the last text that came."""
        request = self.request(view, messages, view.action)
        found = await ask(self.model, request, 1 + REPAIRS[view.data.role], self.invalid)
        return found.value, found.texts[-1] if found.texts else "(nothing)"

    def request(self, view: View, messages: tuple[Message, ...], output: Action | None) -> Request:
        return Request(messages, self.temperature, max_tokens=self.max_tokens, output=output,
                       repeat=f"{view.seeds}/{view.data.role}")  # fmt: skip

    async def bid(self, view: View, rules: Message, question: Message) -> Any:
        """A bid as the grammar reads it, else the parser; else the bidder is asked to be clear, a few times."""
        if view.data.item.name != self.item:
            self.item, self.bidding = view.data.item.name, ()
        asked = (*self.bidding, Message("user", f"{question.content}\n\n{view.action.instruction()}"))
        reason = ""
        for _ in range(1 + REPAIRS["bid"]):
            try:
                said = await self.model.complete(self.request(view, (rules, *self.planned, *asked), None))
            except Refused as refusal:
                self.invalid["refused"] += 1
                return NoAnswer(f"refused: {refusal}")
            asked = (*asked, Message("assistant", said.text or "(empty)"))
            try:
                amount = await self.read(view, said.text)
            except Invalid as error:
                reason = str(error)
                self.invalid[reason.partition("(")[0].strip()] += 1
                unclear = render(__package__, "auction/unclear", reason=reason)
                asked = (*asked, user(f"{unclear}\n\n{view.action.instruction()}"))
                continue
            self.bidding = asked
            return amount
        self.bidding = asked[:-1]
        return NoAnswer(f"no clear bid: {reason}", said.text[:200])

    async def read(self, view: View, text: str) -> int:
        """The bid in a text; raises `Invalid` when neither the grammar nor the parser finds one."""
        try:
            amount = Bid().parse(text)
        except Invalid:
            if self.parser is None or not text.strip():
                self.read_by["nobody"] += 1
                raise
        else:
            self.read_by["grammar"] += 1
            return amount
        question = render(__package__, "auction/parser", text=text)
        found = await ask(self.parser, Request((user(question),), max_tokens=64, output=Bid(),
                                               repeat=f"{view.seeds}/parser"), tries=2)  # fmt: skip
        if isinstance(found.value, NoAnswer):
            self.read_by["nobody"] += 1
            raise Invalid("neither a bid nor a withdrawal could be made out")
        self.read_by["parser"] += 1
        return int(found.value)
