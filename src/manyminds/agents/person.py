"""A person at the terminal as an agent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from manyminds.core import Form, Invalid, NoAnswer, View


@dataclass(frozen=True)
class Person:
    """Shows the view, reads a line, and asks again with the reason until it is legal. End of input is no answer.

    An answer of several fields is asked for field by field: an empty line leaves out what may be left out, and a line
    that begins with a brace is taken as the whole answer in JSON.
    """

    read: Callable[[str], str] = input
    show: Callable[[str], None] = print
    told: str = ""  # what this person alone is told, before everything else
    kind = "person"

    async def act(self, view: View) -> Any:
        view = replace(view, action=getattr(view.action, "for_people", view.action))  # a shorter form to type, if any
        for event in view.news:
            if event.text:
                self.show(event.text)
        self.show("\n".join(filter(None, (self.told, view.text))))
        if not isinstance(view.action, Form):
            self.show(view.action.instruction())
        while True:
            try:
                return await self.answer(view)
            except EOFError:
                return NoAnswer("the person left")
            except Invalid as reason:
                self.show(f"That cannot be used: {reason}.")

    async def answer(self, view: View) -> Any:
        if not isinstance(view.action, Form):
            return view.action.parse(await self.line(f"{view.seat}> "))
        values: dict[str, str] = {}
        for name, field in view.action.model.model_fields.items():
            said = (await self.line(f"{view.seat}, {field.description or name}> ")).strip()
            if said.startswith("{"):
                return view.action.parse(said)
            if said or field.is_required():
                values[name] = said
        return view.action.check(values)

    async def line(self, prompt: str) -> str:
        return await asyncio.to_thread(self.read, prompt)
