"""A metered model keeps its calls; what they came to is their sum."""

from collections import Counter
from types import SimpleNamespace

import pytest

from manyminds.core import Refused, Whole
from manyminds.models.ask import ask
from manyminds.models.metered import Metered, Spent, spent
from manyminds.models.request import Completion, Request, Usage, user


class Answering:
    """Gives some answers in turn; an exception is raised."""

    name = "answering"

    def __init__(self, *answers):
        self.answers, self.invalid = list(answers), Counter()

    async def complete(self, request):
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


def test_nothing_asked_costs_nothing():
    assert Metered(Answering()).spent == spent([]) == Spent() and Spent().tokens == 0


async def test_calls_are_kept_and_added_up():
    first = Completion("a", Usage(3, 4, 0.5), latency=1.0)
    second = Completion("b", Usage(30, 40, priced=False), latency=2.0)
    meter = Metered(Answering(first, Refused("no"), second))
    requests = [Request((user(text),)) for text in "xyz"]
    assert await meter.complete(requests[0]) is first
    with pytest.raises(Refused):
        await meter.complete(requests[1])  # not answered, so not counted
    assert await meter.complete(requests[2]) is second
    assert meter.exchanges == [(requests[0], first), (requests[2], second)] and meter.name == "answering"
    assert meter.spent == Spent(2, 33, 44, 0.5, 1, 3.0) and meter.spent.tokens == 77


async def test_what_is_illegal_is_still_counted_at_the_door():
    door = Answering(Completion("no number"), Completion("7"))
    found = await ask(Metered(door), Request((user("how many?"),), output=Whole(0, 9)))
    assert found.value == 7 and door.invalid.total() == 1
    assert Metered(SimpleNamespace(name="without a door")).invalid is None
