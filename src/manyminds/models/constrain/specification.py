"""Specifications of agents: states with markers, a behaviour, constraints in LTLf, compiled to one automaton.

    (define react
      (:states
        (question (:text "Question:") (:flags :env-input))
        (thought (:text "Thought:"))
        (action (:text "Action:") (:output-constrs "Search" "Lookup"))
        (observation (:text "Observation:") (:flags :env-input))
        (answer (:text "Answer:")))
      (:behavior (next question (until_5 (next thought action observation) answer)))
      (:constraints "G(action=Search -> F action=Lookup)"))

States with the flag `:env-input` are filled by the environment and never by the model. Source: arXiv 2310.08535.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from manyminds.core.actions import Invalid
from manyminds.core.errors import BadInput, unknown
from manyminds.models.constrain.automata import Automaton, automaton, product, renamed
from manyminds.models.constrain.behaviour import Behaviour, behaviour, capped
from manyminds.models.constrain.ltlf import automaton_of, formula
from manyminds.models.constrain.markers import BLANKS, Segment, escaped, split
from manyminds.models.constrain.reader import Atom, Group, Node, Place, read

NAME = re.compile(r"[A-Za-z_]\w*(?:-\w+)*")
RESERVED = {"X", "N", "G", "F", "U", "R", "last", "true", "false"}  # words of the formulas
FIELDS = (":states", ":behavior", ":constraints")


@dataclass(frozen=True)
class State:
    """One state: the marker that opens it, who fills it, and what it may say (anything, if nothing is listed)."""

    name: str
    marker: str
    environment: bool = False
    contents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Specification:
    """The legal runs of an agent. Also an action: a text is a legal answer if it is a whole legal run."""

    name: str
    states: tuple[State, ...]
    behaviour: Behaviour
    constraints: tuple[str, ...] = ()

    @cached_property
    def markers(self) -> tuple[str, ...]:
        return tuple(state.marker for state in self.states)

    @cached_property
    def state(self) -> dict[str, State]:
        return {state.name: state for state in self.states}

    @cached_property
    def letters(self) -> dict[str, tuple[str, ...]]:
        """What a state is in the automaton: itself, or itself with each content where a constraint speaks of one."""
        atoms = set[str]().union(*(formula(text).atoms() for text in self.constraints))
        spoken = {atom.partition("=")[0] for atom in atoms if "=" in atom}
        return {state.name: tuple(f"{state.name}={content}" for content in state.contents) if state.name in spoken
                else (state.name,) for state in self.states}  # fmt: skip

    @cached_property
    def automaton(self) -> Automaton:
        """The smallest automaton of the legal runs of one state or more, without dead ends."""
        return self.compiled()

    def compiled(self, cap: int | None = -1) -> Automaton:
        """The automaton with `cap` on every loop that has none of its own, or with all caps off (`cap=None`); as
        written by default."""
        expression = self.behaviour if cap == -1 else capped(self.behaviour, cap)
        return product([self.of_behaviour(expression), *map(self.of_constraint, self.constraints)])

    def of_behaviour(self, expression: Behaviour) -> Automaton:
        spelled = renamed(automaton(expression), self.letters)
        every = dict.fromkeys([letter for letters in self.letters.values() for letter in letters], 1)
        return product([spelled, Automaton((every, every), frozenset([1]))])

    def of_constraint(self, text: str) -> Automaton:
        return automaton_of(formula(text), [letter for letters in self.letters.values() for letter in letters])

    def conflict(self) -> tuple[str, ...]:
        """The fewest parts that no run can satisfy together; nothing where the specification can be satisfied."""
        if not self.automaton.empty:
            return ()
        parts = [("the behaviour", self.of_behaviour(self.behaviour))]
        parts += [(f"the constraint {text!r}", self.of_constraint(text)) for text in self.constraints]
        sizes = (core for size in range(1, len(parts) + 1) for core in combinations(parts, size))
        return next(tuple(name for name, _ in core) for core in sizes if product([one for _, one in core]).empty)

    # ---- following a run

    def letter(self, name: str, content: str) -> str:
        """The letter of a state that says this; raises `Invalid` where it may not."""
        state, content = self.state[name], content.strip(BLANKS)
        if not content:
            raise Invalid(f"the state {name!r} is empty")
        if state.contents and content not in state.contents:
            raise Invalid(f"{content!r} is not allowed in {name!r}; allowed: {', '.join(state.contents)}")
        return name if self.letters[name] == (name,) else f"{name}={content}"

    def legal(self, at: int) -> tuple[str, ...]:
        """The states that may come next, in the order in which they are declared."""
        moves = self.automaton.moves[at]
        return tuple(name for name, letters in self.letters.items() if any(letter in moves for letter in letters))

    def step(self, at: int, segment: Segment, machine: Automaton | None = None) -> int:
        """The state of the automaton after a segment; raises `Invalid` with the reason where it is not legal."""
        machine = machine or self.automaton
        letter = self.letter(segment.state, segment.content)
        if letter not in machine.moves[at]:
            after = sorted({letter.partition("=")[0] for letter in machine.moves[at]})
            raise Invalid(f"{letter!r} may not come here; legal: {', '.join(after) or 'nothing more'}")
        return machine.moves[at][letter]

    def follow(self, segments: tuple[Segment, ...], machine: Automaton | None = None) -> int:
        """The state of the automaton after segments; raises `Invalid` that says which one is not legal and why."""
        machine = machine or self.automaton
        at = machine.start
        for number, segment in enumerate(segments, 1):
            try:
                at = self.step(at, segment, machine)
            except Invalid as problem:
                raise Invalid(f"state {number} ({segment.state}): {problem}") from None
        return at

    def segments(self, text: str) -> tuple[Segment, ...]:
        """The states of a text; raises `Invalid` where anything stands before the first."""
        before, parts = split(text, self.markers)
        if before.strip(BLANKS):
            raise Invalid(f"{before.strip(BLANKS)[:40]!r} stands before the first state")
        return tuple(Segment(self.states[number].name, content.strip(BLANKS)) for number, content in parts)

    def written(self, segments: tuple[Segment, ...]) -> str:
        """Segments as text, one a line; what the environment says is escaped."""
        return "\n".join(f"{self.state[one.state].marker} {self.said(one)}" for one in segments)

    def said(self, segment: Segment) -> str:
        return escaped(segment.content, self.markers) if self.state[segment.state].environment else segment.content

    def examples(self, texts: list[str]) -> None:
        """Check worked examples with the caps of loops off; raises `BadInput` that names the first bad one."""
        machine = self.compiled(None)
        for number, text in enumerate(texts, 1):
            try:
                if self.follow(self.segments(text), machine) not in machine.accepting:
                    raise Invalid("it stops before the run may end")
            except Invalid as problem:
                raise BadInput(f"example {number} of {self.name!r} is not legal: {problem}") from None

    def check(self, segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        """Segments that are a whole run; raises `Invalid` where they are not."""
        if self.follow(segments) not in self.automaton.accepting:
            raise Invalid("the run stops before it may end")
        return segments

    def parse(self, text: str) -> tuple[Segment, ...]:
        """A text that is a whole run; raises `Invalid` where it is not."""
        return self.check(self.segments(text))


def specification(text: str) -> Specification:
    """The specification of a text; raises `BadInput` with line and column where it cannot be one."""
    found = read(text)
    if len(found) != 1 or not isinstance(found[0], Group) or found[0].head != "define":
        (found[1].at if len(found) > 1 else Place(1, 1)).refuse("a specification is one (define name ...)")
    _, *parts = found[0].parts
    if not parts or not isinstance(parts[0], Atom):
        found[0].at.refuse("(define ...) begins with a name")
    fields: dict[str, Group] = {}
    for part in parts[1:]:
        if not isinstance(part, Group) or part.head not in FIELDS:
            head = part.text if isinstance(part, Atom) else part.head
            part.at.refuse(str(unknown("field", head, FIELDS)))
        if part.head in fields:
            part.at.refuse(f"{part.head} is there twice")
        fields[part.head] = part
    for needed in FIELDS[:2]:
        if needed not in fields:
            found[0].at.refuse(f"(define ...) needs {needed}")
    states = declared(fields[":states"])
    inner = fields[":behavior"].parts[1:]
    if len(inner) != 1:
        fields[":behavior"].at.refuse(f":behavior holds one expression, not {len(inner)}")
    expression = behaviour(inner[0], tuple(state.name for state in states))
    rules = [quoted(node) for node in fields[":constraints"].parts[1:]] if ":constraints" in fields else []
    for rule in rules:
        speaks_of_states(rule, states)
    made = Specification(parts[0].text, states, expression, tuple(rule.text for rule in rules))
    if core := made.conflict():
        found[0].at.refuse(f"no run is legal: {' and '.join(core)} cannot hold together" if len(core) > 1 else
                           f"no run is legal: {core[0]} can never hold")  # fmt: skip
    return made


def quoted(node: Node) -> Atom:
    if not isinstance(node, Atom):
        node.at.refuse("a text was expected here, not a group")
    return node


def speaks_of_states(rule: Atom, states: tuple[State, ...]) -> None:
    """Refuse a formula that cannot be read or that speaks of what is not declared."""
    known = {state.name: state for state in states}
    try:
        for atom in sorted(formula(rule.text).atoms()):
            name, _, content = atom.partition("=")
            if name not in known:
                raise unknown("state", name, known)
            if content and content not in known[name].contents:
                raise unknown(f"content of {name!r}", content, known[name].contents)
    except BadInput as problem:
        rule.at.refuse(str(problem))


def declared(group: Group) -> tuple[State, ...]:
    """The states of `(:states ...)`, checked one by one and against each other."""
    found: list[State] = []
    for node in group.parts[1:]:
        if not isinstance(node, Group) or not node.head:
            node.at.refuse("a state is a group: (name (:text marker) ...)")
        state = one_state(node)
        for other in found:
            against(state, other, node.at)
        found.append(state)
    for state in found:
        for content in state.contents:
            if inside := [other.marker for other in found if other.marker in content]:
                group.at.refuse(f"the content {content!r} of {state.name!r} holds the marker {inside[0]!r}")
    if not found:
        group.at.refuse(":states declares nothing")
    return tuple(found)


def one_state(node: Group) -> State:
    name, marker, environment, contents = node.head, "", False, tuple[Atom, ...]()
    if not NAME.fullmatch(name) or name in RESERVED:
        node.at.refuse(f"{name!r} cannot name a state; use letters, digits, '_' and inner '-', and no word of formulas")
    for part in node.parts[1:]:
        if not isinstance(part, Group) or part.head not in (":text", ":flags", ":output-constrs"):
            head = part.text if isinstance(part, Atom) else part.head
            part.at.refuse(str(unknown("field of a state", head, (":text", ":flags", ":output-constrs"))))
        values = tuple(map(quoted, part.parts[1:]))
        if part.head == ":text":
            marker = " ".join(value.text for value in values)
        elif part.head == ":output-constrs":
            contents = values
        else:
            for value in values:
                if value.text != ":env-input":
                    value.at.refuse(str(unknown("flag", value.text, (":env-input",))))
                environment = True
    if not marker or marker != marker.strip() or "\n" in marker or "\\" in marker:
        node.at.refuse(f"the state {name!r} needs a (:text marker) of one line without blanks around it or backslashes")
    if environment and contents:
        node.at.refuse(f"{name!r} is filled by the environment, so its content cannot be constrained")
    seen: dict[str, str] = {}
    for value in contents:
        if not value.text.strip(BLANKS) or value.text != value.text.strip(BLANKS) or "\n" in value.text:
            value.at.refuse(f"a content is one line without blanks around it, not {value.text!r}")
        if seen.setdefault(normal(value.text), value.text) != value.text or value.text in (
            other.text for other in contents if other is not value
        ):
            value.at.refuse(f"the contents {seen[normal(value.text)]!r} and {value.text!r} of {name!r} look the same")
    return State(name, marker, environment, tuple(value.text for value in contents))


def normal(content: str) -> str:
    """A content without case and blanks, as replies are compared with it."""
    return "".join(content.split()).casefold()


def against(state: State, other: State, at: Place) -> None:
    """Refuse two states that could be mistaken for one another."""
    if state.name == other.name:
        at.refuse(f"the state {state.name!r} is declared twice")
    if state.marker == other.marker:
        at.refuse(f"the states {other.name!r} and {state.name!r} have the same marker {state.marker!r}")
    short, long = sorted((state.marker, other.marker), key=len)
    if short in long[:-1]:
        at.refuse(f"the marker {short!r} is found before the end of {long!r}, so that could never be opened")
