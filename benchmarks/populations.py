"""How fast a city lives: agent-steps a second, bytes a step, growth; beside a NumPy loop, numba, mesa and agent-torch.

    python benchmarks/populations.py --sizes 1e4 1e5 1e6
    python benchmarks/populations.py --peers PYTHON      # one with numba and mesa, for the same population and edges
    python benchmarks/populations.py --agent-torch PYTHON    # its own city, which takes 22 GB of memory to load

All take the same population, edges and rules (probabilities by age, gamma profile by days, isolation), in one process
after another. The fastest step counts; the processor time of all steps stands beside it, because machines are shared.
Peers that need an environment of their own are run in it, by this file, on arrays in a temporary folder. What
agent-torch 0.6.0 does not ask for and needs: pip install agent-torch pyarrow epiweeks scikit-learn 'langchain<0.4'
'langchain-community<0.4' 'langchain-openai<0.4'.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

PROBABILITY, DAYS, R = 0.2, 28, 3.0
SUSCEPTIBILITY = np.array([0.35, 0.69, 1.03, 1.03, 1.03, 1.03]) / np.array([2, 3, 3, 3, 3, 4])


# --- the loops of others: plain, on arrays in `folder`; they import nothing of ours


def read(folder):
    names = ("age", "stage", "since", "until", "start", "neighbours", "profile")
    return {name: np.load(Path(folder) / f"{name}.npy") for name in names}


def numpy_loop(folder, days):
    """A bincount over edges a day, as one would write it."""
    d, rng = read(folder), np.random.default_rng(0)
    n, profile = len(d["age"]), d["profile"]
    owner = np.repeat(np.arange(n), np.diff(d["start"]))
    there = d["neighbours"] < n
    to, of = owner[there], d["neighbours"][there]
    stage, since, until = d["stage"].copy(), d["since"].astype(int), d["until"].astype(int)
    scale, times, total, busy = R * SUSCEPTIBILITY[d["age"]], [], 0, process_time()
    for t in range(days):
        began = perf_counter()
        day = np.clip(t - since - 1, 0, len(profile) - 1)
        load = np.where(stage == 1, 0.33, np.where(stage == 2, 0.72, 0.0)) * profile[day]
        rate = scale * np.bincount(to, load[of], minlength=n)
        home = rng.random(n) < PROBABILITY
        new = (stage == 0) & (rng.random(n) < -np.expm1(-rate) * (1 - home))
        stage[new], since[new], until[new] = 1, t, t + 6
        ends = until <= t
        ill, well = ends & (stage == 1), ends & (stage == 2)
        stage[ill], until[ill] = 2, t + 5
        stage[well], until[well] = 3, 32_000
        total += int(new.sum())
        times.append(perf_counter() - began)
    return float(np.min(times[1:])), total, (process_time() - busy) / days


def numba_loop(folder, days):
    """A parallel loop over agents that looks at the neighbours of the susceptible alone."""
    import numba

    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))

    @numba.njit(parallel=True, fastmath=True)
    def step(t, start, neighbours, age, stage, since, until, profile, scale, load, after):
        n, new = len(age), 0
        for i in numba.prange(n):
            weight = 0.33 if stage[i] == 1 else 0.72 if stage[i] == 2 else 0.0
            load[i] = weight * profile[min(max(t - since[i] - 1, 0), len(profile) - 1)] if weight else 0.0
        for i in numba.prange(n):
            after[i] = stage[i]
            if stage[i] == 0:
                rate = np.float32(0)
                for e in range(start[i], start[i + 1]):
                    if neighbours[e] < n:
                        rate += load[neighbours[e]]
                home = np.random.random() < PROBABILITY
                if not home and np.random.random() < 1 - np.exp(-scale[age[i]] * rate):
                    after[i], since[i], until[i] = 1, t, t + 6
                    new += 1
            elif until[i] <= t:
                after[i] = stage[i] + 1 if stage[i] < 3 else 3
                until[i] = t + 5 if stage[i] == 1 else 32_000
        return new

    d = read(folder)
    stage, after = d["stage"].copy(), d["stage"].copy()
    load, scale = np.zeros(len(stage), np.float32), (R * SUSCEPTIBILITY).astype(np.float32)
    since, until = d["since"].copy(), d["until"].copy()
    times, total, busy = [], 0, 0.0
    for t in range(days):
        began = perf_counter()
        total += step(t, d["start"], d["neighbours"], d["age"], stage, since, until, d["profile"], scale, load, after)
        stage, after = after, stage
        times.append(perf_counter() - began)
        busy = busy or process_time()  # the first step compiles
    return float(np.min(times[1:])), total, (process_time() - busy) / (days - 1)


def reads_loop(folder, days):
    """No epidemic: only the reads that none of them can spare, one byte of every contact, added up in a numba loop."""
    import numba

    numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))

    @numba.njit(parallel=True, fastmath=True)
    def read_all(start, neighbours, carried, sums):
        for i in numba.prange(len(start) - 1):
            total = 0
            for e in range(start[i], start[i + 1]):
                total += carried[neighbours[e]]
            sums[i] = total

    d = read(folder)
    carried, sums = np.append(d["stage"], 0).astype(np.uint8), np.zeros(len(d["age"]), np.int32)
    times, busy = [], 0.0
    for _ in range(days):
        began = perf_counter()
        read_all(d["start"], d["neighbours"], carried, sums)
        times.append(perf_counter() - began)
        busy = busy or process_time()  # the first step compiles
    return float(np.min(times[1:])), 0, (process_time() - busy) / (days - 1)


def mesa_loop(folder, days):
    """One Python object an agent."""
    import mesa

    d = read(folder)
    n, profile = len(d["age"]), d["profile"].tolist()

    class Citizen(mesa.Agent):
        def __init__(self, model, i):
            super().__init__(model)
            self.stage, self.since, self.until = int(d["stage"][i]), int(d["since"][i]), int(d["until"][i])
            self.scale = R * SUSCEPTIBILITY[d["age"][i]]
            self.met = [j for j in d["neighbours"][d["start"][i] : d["start"][i + 1]].tolist() if j < n]

        def tell(self):
            weight = (0, 0.33, 0.72, 0)[self.stage]
            self.load = weight and weight * profile[min(max(self.model.t - self.since - 1, 0), len(profile) - 1)]

        def live(self):
            t, people, rng = self.model.t, self.model.people, self.model.random
            if self.stage == 0:
                rate = self.scale * sum(people[j].load for j in self.met)
                if rate and rng.random() >= PROBABILITY and rng.random() < 1 - np.exp(-rate):
                    self.stage, self.since, self.until = 1, t, t + 6
                    self.model.total += 1
            elif self.until <= t:
                self.stage, self.until = (2, t + 5) if self.stage == 1 else (3, 32_000)

    class City(mesa.Model):
        def __init__(self):
            super().__init__(rng=0)
            self.t, self.total, self.people = 0, 0, [Citizen(self, i) for i in range(n)]

        def step(self):
            self.agents.do("tell")
            self.agents.do("live")
            self.t += 1

    city, times, busy = City(), [], process_time()
    for _ in range(days):
        began = perf_counter()
        city.step()
        times.append(perf_counter() - began)
    return float(np.min(times[1:])), city.total, (process_time() - busy) / days


def agent_torch(days):
    """Its own city of 37,518 people; every step has the same two substeps. As installed the model waits for a language
    model's behaviour, and its controller passes over the error that says so: the heuristic mode is its own setting."""
    import io
    from contextlib import redirect_stdout

    from agent_torch.core.dataloader import DataLoader, LoadPopulation
    from agent_torch.core.executor import Executor
    from agent_torch.models import covid
    from agent_torch.populations import astoria

    began = perf_counter()
    with redirect_stdout(io.StringIO()):
        loader = DataLoader(covid, LoadPopulation(astoria))
        loader.set_config_attribute("EXECUTION_MODE", "heuristic")
        executor = Executor(covid, data_loader=loader)
        executor.init()
        loading, times, busy = perf_counter() - began, [], []
        for _ in range(days):
            began, worked = perf_counter(), process_time()
            executor.runner.step(1)
            times.append(perf_counter() - began)
            busy.append(process_time() - worked)
    return float(np.min(times[1:])), loading, float(np.min(busy[1:]))


LOOPS = {"numpy": numpy_loop, "numba": numba_loop, "reads": reads_loop, "mesa": mesa_loop}


# --- ours


def crowd(agents):
    """A population and its network of the paper's density (3.6 edges an agent, read both ways)."""
    from manyminds.worlds.populations.contacts import mixing, packed
    from manyminds.worlds.populations.epidemic import Epidemic, placed

    rng = np.random.default_rng(0)
    meetings = rng.negative_binomial(2.0, 2.0 / 5.6, agents).astype(np.int32)
    age, rows = rng.integers(0, 6, agents).astype(np.uint8), mixing(meetings, rng)
    world = Epidemic(areas=1)
    place = placed(age, np.zeros(agents, np.uint8), (packed(rows),))
    return world, place, rows, age


def ours(world, place, state, days):
    import jax

    from manyminds.worlds.populations.engine import Simulation

    simulation = Simulation(world.dynamics(), place, state, jax.random.key(0), days)
    policy, times, busy = world.policy(R, PROBABILITY), [], 0.0
    while simulation.day < days:
        began = perf_counter()
        simulation.forward(policy, 7)
        times.append((perf_counter() - began) / 7)
        busy = busy or process_time()  # the first chunk compiles
    busy = (process_time() - busy) / (days - 7)
    return float(np.min(times[1:])), int(simulation.daily["cases"].sum()), times[0] * 7, busy


def copied(mebibytes=256):
    """Bytes a second that a plain copy moves on two threads, reads and writes counted."""
    from concurrent.futures import ThreadPoolExecutor

    parts = [(np.ones(mebibytes << 19, np.uint8), np.zeros(mebibytes << 19, np.uint8)) for _ in range(2)]
    best = np.inf
    with ThreadPoolExecutor(2) as pool:
        for _ in range(7):
            began = perf_counter()
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), parts))
            best = min(best, perf_counter() - began)
    return 2 * (mebibytes << 20) / best


def one_size(agents, python, peers):
    import jax

    world, place, rows, age = crowd(agents)
    state = world.seeded(place, 0.005, jax.random.key(1))
    seconds, total, first, busy = ours(world, place, state, DAYS)
    contacts = place.layers[0]
    reads = contacts.neighbours.size + contacts.more.size  # one byte each of what neighbours carry
    moved = contacts.bytes + reads + agents * (5 + 5 + 4 + 1 + 1 + 2 + 3 * 4)  # state twice, attributes, sums, draws
    speed = copied()
    print(f"{agents:>10,} agents: {seconds * 1e3:9.2f} ms a step (processor time {busy * 1e3:.2f}), "
          f"{agents / seconds:.3g} agent-steps/s, {moved / 1e6:.1f} MB a step, "
          f"{moved / seconds / speed:.0%} of a copy's {speed / 1e9:.1f} GB/s; "
          f"{total:,} cases; first chunk with compiling {first:.1f} s", flush=True)  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        arrays = {"age": age, "stage": state.stage, "since": state.since, "until": state.until, "start": rows.start,
                  "neighbours": rows.neighbours, "profile": world.profile}  # fmt: skip
        for name, values in arrays.items():
            np.save(Path(folder) / f"{name}.npy", np.asarray(values))
        for name in peers:
            days = 3 if name == "mesa" else DAYS
            interpreter = sys.executable if name == "numpy" else python
            found = elsewhere(interpreter, name, folder, days)
            if found:
                wall, total, own = found
                cases = "" if name == "reads" else f"; {total:,} cases in {days} days"
                print(f"{'':>10}  {name}: {wall * 1e3:.2f} ms a step, {wall / seconds:.1f} times ours "
                      f"(processor time {own * 1e3:.2f}, {own / busy:.1f} times){cases}", flush=True)  # fmt: skip
    return seconds, busy


def elsewhere(python, *words):
    """What this file says in another interpreter."""
    done = subprocess.run([python, __file__, "--loop", *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        print(f"{'':>10}  {words[0]}: did not run ({done.stderr.strip().splitlines()[-1][:120]})", flush=True)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=[1e4, 1e5, 1e6])
    parser.add_argument("--peers", default="", help="an interpreter that has numba and mesa")
    parser.add_argument("--agent-torch", default="", help="an interpreter that has agent-torch and pyarrow")
    parser.add_argument("--loop", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        name, *words = options.loop
        found = agent_torch(int(words[0])) if name == "agent-torch" else LOOPS[name](words[0], int(words[1]))
        print(json.dumps(found))
        return
    for size in map(int, options.sizes):
        peers = (
            ["numpy"]
            + (["numba", "reads"] if options.peers else [])
            + (["mesa"] if options.peers and size <= 1e5 else [])
        )
        one_size(size, options.peers, peers)
    if options.agent_torch:
        seconds, busy = one_size(37_518, "", [])
        found = elsewhere(options.agent_torch, "agent-torch", 4)
        if found:
            wall, loading, own = found
            print(f"agent-torch, its city of 37,518: {wall:.2f} s a step, {wall / seconds:,.0f} times ours (processor "
                  f"time {own:.2f}, {own / busy:,.0f} times); loaded in {loading:.0f} s")  # fmt: skip


if __name__ == "__main__":
    main()
