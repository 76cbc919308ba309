"""A person at the terminal as an agent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from manyminds.core import Invalid, NoAnswer, View


@dataclass(frozen=True)
class Person:
    """Shows the view, reads a line, and asks again with the reason until it is legal. End of input is no answer."""

    read: Callable[[str], str] = input
    show: Callable[[str], None] = print
    kind = "person"

    async def act(self, view: View) -> Any:
        for event in view.news:
            self.show(event.text)
        self.show(f"{view.text}\n{view.action.instruction()}")
        while True:
            try:
                line = await asyncio.to_thread(self.read, f"{view.seat}> ")
            except EOFError:
                return NoAnswer("the person left")
            try:
                return view.action.parse(line)
            except Invalid as reason:
                self.show(f"That cannot be used: {reason}.")
