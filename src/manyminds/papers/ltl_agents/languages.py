"""Languages of specifications by brute force, straight from the definition of the operators: what automata equal."""

from random import Random

from manyminds.models.constrain.behaviour import Behaviour, Next, Or, Step, Until

Words = frozenset[tuple[str, ...]]


def expanded(expression: Behaviour, longest: int) -> Words:
    """All words of at most `longest` states, by joining sets of words; no automaton is involved."""
    match expression:
        case Step(state):
            return frozenset([(state,)]) if longest else frozenset()
        case Or(parts):
            return frozenset().union(*(expanded(part, longest) for part in parts))
        case Next(parts):
            found: Words = frozenset([()])
            for part in parts:
                found = joined(found, expanded(part, longest), longest)
            return found
        case Until(body, exit, least, most):
            body_words, rounds, words = expanded(body, longest), 0, frozenset([()])
            found = words if least == 0 else frozenset()
            # Rounds beyond the longest word bring nothing new: a round adds a state, or is the empty word again.
            while rounds < (longest + least if most is None else most):
                words, rounds = joined(words, body_words, longest), rounds + 1
                if rounds >= least:
                    if words <= found and rounds > longest:
                        break
                    found |= words
            return found if exit is None else joined(found, frozenset([(exit,)]), longest)


def joined(a: Words, b: Words, longest: int) -> Words:
    return frozenset(x + y for x in a for y in b if len(x) + len(y) <= longest)


def random_expression(rng: Random, states: tuple[str, ...], depth: int) -> Behaviour:
    """An expression of at most this depth, with all operators, ambiguous branches and nested loops."""
    if depth == 0 or rng.random() < 0.2:
        return Step(rng.choice(states))
    inner = [random_expression(rng, states, depth - 1) for _ in range(rng.randint(2, 3))]
    kind = rng.choice(("next", "or", "until", "until_k", "until_m_k", "always"))
    if kind == "next":
        return Next(tuple(inner))
    if kind == "or":
        return Or(tuple(inner))
    least = rng.randint(0, 2) if kind == "until_m_k" else 0
    most = least + rng.randint(0, 2) if kind in ("until_k", "until_m_k") else None
    return Until(inner[0], None if kind == "always" else rng.choice(states), least, most)


def random_local(rng: Random, states: list[str]) -> Behaviour:
    """An expression in which every state stands once and no loop is counted, so that LTLf can say it."""
    if len(states) == 1:
        return Step(states[0])
    cut = rng.randint(1, len(states) - 1)
    kind = rng.choice(("next", "or", "until", "always"))
    if kind == "until":
        return Until(random_local(rng, states[:-1]), states[-1])
    if kind == "always":
        return (
            Until(random_local(rng, states), None)
            if rng.random() < 0.3
            else Next((Until(random_local(rng, states[:cut]), None), random_local(rng, states[cut:])))
        )
    parts = (random_local(rng, states[:cut]), random_local(rng, states[cut:]))
    return Next(parts) if kind == "next" else Or(parts)
