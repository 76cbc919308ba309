"""A house model answers items of the nursery in any of their formats, turn by turn where there are observations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from manyminds.models.batched import Speaker
from manyminds.models.decoding import Row
from manyminds.models.request import Request
from manyminds.worlds.texts import calls, formats, rooms, rooms_for_two, searches, sequents
from manyminds.worlds.texts.items import Item

TURNS = 24  # at most, in a play
TOGETHER = 128  # rows decoded at once
LONGEST = 200  # tokens of one turn


@dataclass
class Play:
    """One item in one format as it is answered."""

    item: Item
    form: str
    stream: str  # names the draws
    context: str  # all that was read and said so far by who is next, up to the token that opens the next turn
    said: list[tuple[str, str]] = field(default_factory=list)  # (opening token, what was said)
    tokens: int = 0
    logprob: float = 0.0  # of all that was said
    over: bool = False
    seat: int = 0  # who is next, where two play
    waiting: str = ""  # what the other one has read and said
    read: dict[int, Any] = field(default_factory=dict)  # by seat: what of its context a model has read

    def __post_init__(self) -> None:
        if is_for_two(self.item.family, self.form):
            self.waiting = f"{formats.USER}{self.item.meta['told'][1]}"

    @property
    def text(self) -> str:
        """What the checker reads: all turns but those of a planner; where two play, a line each in their order."""
        said = [said for opener, said in self.said if opener != formats.PLANNER]
        return "\n".join(" ".join(one.split("\n")) for one in said) if self.waiting else "\n".join(said)

    def heard(self, said: str) -> None:
        """Take a turn and prepare the next one."""
        self.said.append((self.context[self.context.rindex("<") :], said))
        after = following(self.item, self.form, self.said)
        self.over = after is None or len(self.said) == TURNS
        self.context += f"{said}{formats.END}"
        if is_for_two(self.item.family, self.form) and after is not None:
            seat = rooms_for_two.next_seat(self.item, [line for _, line in self.said])
            if seat != self.seat:
                self.seat, self.context, self.waiting = seat, self.waiting, self.context
        self.context += after or ""


def following(item: Item, form: str, said: Sequence[tuple[str, str]]) -> str | None:
    """What comes after the turns so far: an observation and the token that opens the next turn; None at the end."""
    opener, last = said[-1]
    lines = [text for who, text in said if who != formats.PLANNER]
    if item.family in formats.CALLS and form == "roles" and opener == formats.PLANNER:
        return formats.CALLER if last.startswith(("Next", "Again")) else formats.SUMMARISER
    if form == "search" and opener == formats.PLANNER:
        return formats.ANSWER
    if last.startswith("#") or not has_turns(item.family, form):
        return None
    if form == "search":
        return f"{formats.OBSERVATION} {searches.run(item, lines)[-1]}{formats.ANSWER}"
    if is_for_two(item.family, form):
        seen = rooms_for_two.seen_next(item, lines)
        return f"{formats.OBSERVATION} {seen}{formats.ANSWER}"
    if item.family in formats.CALLS:
        before, given = (calls.run(item, "\n".join(some)).given for some in (lines[:-1], lines))
        seen = given[-1] if len(given) > len(before) else "error: no call"
        return f"{formats.OBSERVATION} {seen}{formats.PLANNER if form == 'roles' else formats.ANSWER}"
    if item.family == "sequents":
        left = goals_after(item, lines)
        return None if left is None else f"{formats.OBSERVATION} {left}{formats.ANSWER}"
    return f"{formats.OBSERVATION} {rooms.played(item, lines)[-1]}{formats.ANSWER}"


def goals_after(item: Item, tactics: Sequence[str]) -> str | None:
    """The goals that tactics leave open; None where one does not apply, which ends a proof."""
    goals = [sequents.read(item.prompt)]
    for tactic in tactics:
        after = sequents.applied(goals[0], tactic) if goals else "no goal is left"
        if isinstance(after, str):
            return None
        goals = [*after, *goals[1:]]
    return "; ".join(map(sequents.written, goals)) or "no goals"


def has_turns(family: str, form: str) -> bool:
    return family in formats.CALLS or form in ("played", "search")


def is_for_two(family: str, form: str) -> bool:
    """Do two play, each in a context of its own?"""
    return family in rooms_for_two.FAMILIES and form == "played"


def answered(
    speaker: Speaker, asked: Sequence[tuple[Item, str, str]], temperature: float = 0.0, longest: int = 0
) -> list[Play]:
    """Answer (item, format, stream) triples, all plays in lock-step. Different streams are different samples. A turn
    has at most `longest` tokens; LONGEST where that is 0."""
    plays = [Play(item, form, stream, formats.segments(item, form)[0][0]) for item, form, stream in asked]
    going = plays
    while going:
        rows = [row_of(speaker, play, temperature, longest or LONGEST) for play in going]
        for play, row in zip(going, rows):
            play.over = row is None
        pairs = [(play, row) for play, row in zip(going, rows) if row is not None]
        pairs.sort(key=lambda pair: (len(pair[1].prompt), pair[1].prompt))  # what is shared is read once
        for i in range(0, len(pairs), TOGETHER):
            speaker.decode([row for _, row in pairs[i : i + TOGETHER]])
        for play, row in pairs:
            play.tokens += len(row.tokens)
            play.logprob += sum(row.logprobs)
            play.read[play.seat] = row.kept
            play.heard(speaker.text(row.tokens))
        for play in going:
            if play.over:
                play.read.clear()
        going = [play for play in going if not play.over]
    return plays


def row_of(speaker: Speaker, play: Play, temperature: float, longest: int) -> Row | None:
    """The next turn of a play as a row; None where nothing more fits."""
    prompt = speaker.encoded(play.context)
    if len(prompt) >= speaker.context:
        return None
    named = f"{play.stream}/{play.item.form_hash}/{play.form}/{len(play.said)}"
    request = Request((), temperature=temperature, max_tokens=longest, logprobs=True, repeat=named)
    limit, goes_on = min(longest, speaker.context - len(prompt)), has_turns(play.item.family, play.form)
    return Row(request, prompt, limit, (), before=play.read.get(play.seat), keeps=goes_on)
