"""Automata over words of states: from an expression to the smallest deterministic one, products, and what is dead."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from manyminds.models.constrain.behaviour import Behaviour, Next, Or, Step, Until


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton. `moves[state]` maps letters to states; a letter that is not there is illegal.

    Trimmed: from every state an accepting one can be reached, so whoever follows it never has to turn back. Without any
    word it has no states.
    """

    moves: tuple[dict[str, int], ...]
    accepting: frozenset[int]
    start: int = 0

    @property
    def empty(self) -> bool:
        return not self.moves

    def after(self, word: Iterable[str], state: int | None = None) -> int | None:
        """The state after a word, or None where some letter is illegal."""
        at: int | None = self.start if state is None else state
        for letter in word:
            at = None if at is None or self.empty else self.moves[at].get(letter)
        return None if self.empty else at

    def accepts(self, word: Iterable[str]) -> bool:
        return self.after(word) in self.accepting

    def words(self, longest: int) -> Iterator[tuple[str, ...]]:
        """All accepted words of at most `longest` letters, the short ones first."""
        front: list[tuple[tuple[str, ...], int]] = [] if self.empty else [((), self.start)]
        for _ in range(longest + 1):
            yield from (word for word, state in front if state in self.accepting)
            front = [((*word, letter), to) for word, state in front for letter, to in self.moves[state].items()]

    @cached_property
    def distance(self) -> tuple[int, ...]:
        """Letters from each state to the nearest accepting one."""
        sources: list[set[int]] = [set() for _ in self.moves]
        for state, moves in enumerate(self.moves):
            for to in moves.values():
                sources[to].add(state)
        found = [0 if state in self.accepting else -1 for state in range(len(self.moves))]
        waiting = deque(self.accepting)
        while waiting:
            state = waiting.popleft()
            for source in sources[state]:
                if found[source] < 0:
                    found[source] = found[state] + 1
                    waiting.append(source)
        return tuple(found)


class Fragments:
    """A nondeterministic automaton under construction, with silent moves."""

    def __init__(self) -> None:
        self.moves: list[list[tuple[str, int]]] = []
        self.silent: list[list[int]] = []

    def state(self) -> int:
        self.moves.append([])
        self.silent.append([])
        return len(self.moves) - 1

    def add(self, expression: Behaviour, begin: int) -> int:
        """Build an expression from `begin`; the state in which it is done."""
        match expression:
            case Step(state):
                end = self.state()
                self.moves[begin].append((state, end))
                return end
            case Next(parts):
                for part in parts:
                    begin = self.add(part, begin)
                return begin
            case Or(parts):
                end = self.state()
                for part in parts:
                    self.silent[self.add(part, begin)].append(end)
                return end
            case Until(body, exit, least, most):
                return self.rounds(body, exit, least, most, begin)

    def rounds(self, body: Behaviour, exit: str | None, least: int, most: int | None, begin: int) -> int:
        end, at = self.state(), self.state()
        self.silent[begin].append(at)  # a state of its own, which no loop outside comes back to
        exits = []
        for done in range((least if most is None else most) + 1):
            if done >= least:
                exits.append(at)
            if most is None and done == least:
                self.silent[self.add(body, at)].append(at)
            elif most is None or done < most:
                fresh = self.state()
                self.silent[self.add(body, at)].append(fresh)
                at = fresh
        for leaving in exits:
            if exit is None:
                self.silent[leaving].append(end)
            else:
                self.moves[leaving].append((exit, end))
        return end

    def closure(self, states: Iterable[int]) -> frozenset[int]:
        found, waiting = set(states), list(states)
        while waiting:
            for to in self.silent[waiting.pop()]:
                if to not in found:
                    found.add(to)
                    waiting.append(to)
        return frozenset(found)

    def determined(self, begin: int, end: int) -> Automaton:
        """The subset construction."""
        first = self.closure([begin])
        numbers, moves, waiting = {first: 0}, [dict[str, int]()], [first]
        while waiting:
            here = waiting.pop()
            targets: dict[str, set[int]] = {}
            for state in here:
                for letter, to in self.moves[state]:
                    targets.setdefault(letter, set()).add(to)
            for letter, reached in targets.items():
                there = self.closure(reached)
                if there not in numbers:
                    numbers[there] = len(moves)
                    moves.append({})
                    waiting.append(there)
                moves[numbers[here]][letter] = numbers[there]
        return Automaton(tuple(moves), frozenset(n for states, n in numbers.items() if end in states))


def automaton(expression: Behaviour) -> Automaton:
    """The smallest automaton of a behaviour expression."""
    fragments = Fragments()
    begin = fragments.state()
    return minimal(fragments.determined(begin, fragments.add(expression, begin)))


def trimmed(machine: Automaton) -> Automaton:
    """Without the states that cannot be reached or from which no accepting state can."""
    sound = {state for state, steps in enumerate(machine.distance) if steps >= 0}
    if machine.empty or machine.start not in sound:
        return Automaton((), frozenset())
    order, waiting = {machine.start: 0}, deque([machine.start])
    while waiting:
        for _, to in sorted(machine.moves[waiting.popleft()].items()):
            if to in sound and to not in order:
                order[to] = len(order)
                waiting.append(to)
    moves = tuple({a: order[to] for a, to in machine.moves[state].items() if to in order} for state in order)
    return Automaton(moves, frozenset(order[state] for state in machine.accepting if state in order))


def minimal(machine: Automaton) -> Automaton:
    """The smallest automaton of the same language, by Hopcroft's refinement of partitions."""
    machine = trimmed(machine)
    if machine.empty:
        return machine
    sink = len(machine.moves)  # where illegal letters go, so that every state has every letter
    sources: dict[str, dict[int, set[int]]] = {}
    letters = {letter for moves in machine.moves for letter in moves}
    for letter in letters:
        into = sources.setdefault(letter, {})
        for state in range(sink + 1):
            to = machine.moves[state].get(letter, sink) if state < sink else sink
            into.setdefault(to, set()).add(state)
    blocks = [set(machine.accepting), set(range(sink + 1)) - machine.accepting]
    block_of = {state: number for number, block in enumerate(blocks) for state in block}
    waiting = {(number, letter) for number in (0, 1) for letter in letters}
    while waiting:
        number, letter = waiting.pop()
        hit: dict[int, set[int]] = {}
        for to in blocks[number]:
            for state in sources[letter].get(to, ()):
                hit.setdefault(block_of[state], set()).add(state)
        for touched, inside in hit.items():
            if len(inside) == len(blocks[touched]):
                continue
            blocks[touched] -= inside
            fresh = len(blocks)
            blocks.append(inside)
            for state in inside:
                block_of[state] = fresh
            for other in letters:
                smaller = fresh if len(inside) <= len(blocks[touched]) else touched
                waiting.add((fresh if (touched, other) in waiting else smaller, other))
    moves = [dict[str, int]() for _ in blocks]
    for state, own in enumerate(machine.moves):
        moves[block_of[state]].update({letter: block_of[to] for letter, to in own.items()})
    accepting = frozenset(block_of[state] for state in machine.accepting)
    return trimmed(Automaton(tuple(moves), accepting, block_of[machine.start]))


def product(machines: Sequence[Automaton]) -> Automaton:
    """The smallest automaton of the words that all accept."""
    if any(machine.empty for machine in machines):
        return Automaton((), frozenset())
    first = tuple(machine.start for machine in machines)
    numbers, moves, waiting = {first: 0}, [dict[str, int]()], [first]
    while waiting:
        here = waiting.pop()
        for letter in machines[0].moves[here[0]]:
            there = tuple(machine.moves[state].get(letter, -1) for machine, state in zip(machines, here))
            if -1 in there:
                continue
            if there not in numbers:
                numbers[there] = len(moves)
                moves.append({})
                waiting.append(there)
            moves[numbers[here]][letter] = numbers[there]
    ends = frozenset(n for states, n in numbers.items() if all(s in m.accepting for s, m in zip(states, machines)))
    return minimal(Automaton(tuple(moves), ends))


def renamed(machine: Automaton, letters: dict[str, tuple[str, ...]]) -> Automaton:
    """The automaton with every letter replaced by all of `letters[letter]`."""
    moves = tuple({new: to for old, to in own.items() for new in letters[old]} for own in machine.moves)
    return Automaton(moves, machine.accepting, machine.start)
