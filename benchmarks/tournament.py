"""Round robin of the first tournament beside the axelrod library, and how long the 144 games take to solve.

Both play the fifteen entries, 200 turns, 10 repetitions, in one run. Where axelrod is not installed here, name a
Python that has it with `--peer PATH` (or PEER_PYTHON); the peer runs as a process of its own, right after ours. Rounds
are counted as they are played: the peer plays each unordered pair, ours each ordered one.
"""

import argparse
import json
import os
import subprocess
import sys
from time import perf_counter

GAME = (3, 0, 5, 1)  # r, s, t, p

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import axelrod as axl
turns, repetitions, (r, s, t, p) = json.loads(sys.argv[1])
players = [make() for make in axl.axelrod_first_strategies]
game = axl.Game(r=r, s=s, t=t, p=p)
event = axl.Tournament(players, game=game, turns=turns, repetitions=repetitions, seed=1)
start = time.perf_counter()
results = event.play(progress_bar=False)
seconds = time.perf_counter() - start
matches = len(players) * (len(players) + 1) // 2 * repetitions
order = [str(name) for name in results.ranked_names]
print(json.dumps({"seconds": seconds, "rounds": matches * turns, "version": axl.__version__, "first": order[:3]}))
"""


def best(work, repeats=5):
    """Seconds of the first call (compiling included) and of the fastest of some more."""
    times = []
    for _ in range(repeats + 1):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return times[0], min(times[1:])


def ours(turns: int, repetitions: int) -> dict:
    import jax

    from manyminds.agents.repeaters_first import first_tournament
    from manyminds.worlds.games.matrix import prisoners_dilemma
    from manyminds.worlds.games.tournament import tournament
    from manyminds.worlds.games.tournament_moran import mean_payoffs

    minds, table = first_tournament(), prisoners_dilemma(*GAME).payoffs
    first, seconds = best(lambda: tournament(jax.random.key(1), minds, table, turns, repetitions))
    means = mean_payoffs(tournament(jax.random.key(1), minds, table, turns, repetitions)).mean(axis=1)
    order = sorted(zip(means, (mind.name for mind in minds)), reverse=True)
    rounds = len(minds) ** 2 * repetitions * turns
    return {"seconds": seconds, "first call": first, "rounds": rounds, "first": [name for _, name in order[:3]]}


def solved() -> float:
    """Seconds to enumerate the 144 games and all their equilibria, from nothing."""
    from manyminds.theory.normal_form import equilibria
    from manyminds.worlds.games.ordinal import ordinal_games

    def work():
        ordinal_games.cache_clear()
        return [equilibria(entry.game.payoffs) for entry in ordinal_games()]

    return best(work)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--peer", default=os.environ.get("PEER_PYTHON", sys.executable))
    options = parser.parse_args()
    found = ours(options.turns, options.repetitions)
    rate = found["rounds"] / found["seconds"]
    print(f"ours     {rate:14,.0f} rounds/s  ({found['rounds']:,} in {found['seconds']:.3f} s; first call "
          f"{found['first call']:.1f} s)  ahead: {', '.join(found['first'])}")  # fmt: skip
    wide = ours(options.turns, 100 * options.repetitions)
    print(f"ours     {wide['rounds'] / wide['seconds']:14,.0f} rounds/s  with {100 * options.repetitions} repetitions")
    said = json.dumps([options.turns, options.repetitions, GAME])
    command = [options.peer, "-c", PEER, said]
    peer = subprocess.run(command, capture_output=True, text=True)
    if peer.returncode:
        print(f"axelrod  not run ({peer.stderr.strip().splitlines()[-1]}); name a Python that has it with --peer")
    else:
        other = json.loads(peer.stdout.splitlines()[-1])
        theirs = other["rounds"] / other["seconds"]
        print(f"axelrod  {theirs:14,.0f} rounds/s  ({other['rounds']:,} in {other['seconds']:.1f} s; version "
              f"{other['version']})  ahead: {', '.join(other['first'])}")  # fmt: skip
        print(
            f"ratio    {rate / theirs:14,.0f}, and {found['rounds'] / found['first call'] / theirs:,.0f} with compiling"
        )
    print(f"equilibria of the 144 games, enumeration included: {solved() * 1000:.0f} ms")


if __name__ == "__main__":
    main()
