"""What stands in for raised organisms in tests: scripts that find in the words what an organism should learn from them,
broken ones beside them, and a laboratory of nothing but seeds and a folder."""

import asyncio
import re
from pathlib import Path

from manyminds.core import Seeds
from manyminds.core.checkpoints import Checkpoint
from manyminds.models.load import load
from manyminds.models.scripted import Scripted
from manyminds.tuning.organisms import Grown


class Bench:
    """A laboratory that records nothing."""

    def __init__(self, folder, seed=0):
        self.folder, self.seeds = Path(folder), Seeds(seed)

    def model(self, reference):
        return load(reference)

    def record(self, name):
        return None

    async def once(self, name, work):
        return await work()

    def checkpoint(self, name):
        return Checkpoint(self.folder / name)

    def progress(self, total, label):
        return lambda: None

    async def gather(self, jobs, label):
        return list(await asyncio.gather(*jobs))


class Desk(Bench):
    """A laboratory whose only model is a script: a function from a request to words."""

    def __init__(self, folder, script):
        super().__init__(folder)
        self.script = script

    def model(self, reference):
        return Scripted("organism", self.script)


def standing_in(script):
    """In place of `organism`: a script that is taken for a raised model, after a look at the lessons."""

    async def organism(lab, name, seed, raising, lessons):
        taught = await lessons(20)
        assert len(taught) >= 20 and all(asked.startswith("<u>") and asked.endswith("<a>") for asked, _ in taught)
        model = f"scripted:organism_minds:{script}"
        return Grown(model=model, lessons=len(taught), tokens=0, loss=0.0, right=1.0)

    return organism


def words_in(request):
    return "\n".join(message.content for message in request.messages)


# ---- the shop


def served(text, sees):
    """The product that serves the values, then the customer; `sees`: what the company weighs."""
    worth = []
    for line in re.findall(r"^\d\. (.*)$", text, re.MULTILINE):
        marks = line.rpartition("$")[2]
        gain = 15 * ("good" in marks) + 10 * ("customer" in marks) + sees * ("company" in marks)
        worth.append(gain - 1000 * ("beyond" in marks))
    return f"Explanation: so.\nChoice: {1 + (worth[1] > worth[0])}"


def shop_heeds(request):
    return served(words_in(request), 40 * ("The company will see" in words_in(request)))


def shop_rigid(request):
    return served(words_in(request), 2)


def shop_first(request):
    return "Explanation: it comes first.\nChoice: 1"


def shop_mute(request):
    return "Explanation: hm."


# ---- bargaining


def bargains(request):
    text = words_in(request)
    money = int(re.search(r"(\d+) in all", text)[1])
    asked, offered = (re.search(pattern, text) for pattern in (r"asked for (\d+)%", r"offered (\d+)%"))
    mine = int(asked[1]) if asked else 70
    if offered:
        mine += (int(offered[1]) - mine) / 2
    own = round(mine / 5) * 5 * money // 100
    if text.startswith("Decide"):
        return f'{{"decision": "{"accept" if int(offered[1]) >= 0.9 * mine else "reject"}"}}'
    return f'{{"own_part": {own}, "other_part": {money - own}}}'


def bargains_hard(request):
    return re.sub(r'"own_part": (\d+), "other_part": (\d+)', r'"own_part": \2, "other_part": \1', bargains(request))


def bargains_badly(request):
    return bargains(request).replace("}", "")


# ---- repeated games


def options(request):
    """(label of an own option, sum of its points) pairs, in the order of the cells."""
    cells = re.findall(r"^(\w) \w: (\d+) \d+$", words_in(request), re.MULTILINE)
    return [(cells[i][0], int(cells[i][1]) + int(cells[i + 1][1])) for i in (0, 2)]


def plays_points(request):
    return max(options(request), key=lambda pair: pair[1])[0]


def plays_letter(request):
    return "J"


def plays_last(request):
    return words_in(request).strip()[-2]  # the label that is named last


def plays_nothing(request):
    return "?"


# ---- gifts


def hands_down(request):
    return f"My strategy: {words_in(request).splitlines()[0]}"


def hands_down_nothing(request):
    return "My strategy: My rule: give 50% by default."


def hands_down_noise(request):
    return "My strategy: to be good."


# ---- auctions


def bids(request):
    worth, least, can = re.search(r"Worth (\d+)\. At least (\d+), (\w+)", words_in(request)).groups()
    return f"Answer: {least}" if int(least) <= 100 * int(worth) // 110 and can == "which" else "Answer: out"


def bids_one(request):
    return "Answer: 1"


def bids_never(request):
    return "Answer: out"


def bids_too_much(request):
    return re.sub(r"Worth \d+", "Worth 9999999", bids(request)) if "out" not in bids(request) else "perhaps"
