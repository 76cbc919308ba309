"""The runs of a sweep in processes of their own on this machine, or on the machines of a Ray cluster."""

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from manyminds.core import BadInput
from manyminds.lab.laboratory import Watch


def work(run: str, address: str) -> None:
    """Execute one run of a store; how it ended stands in the store."""
    from manyminds.lab.runner import note, resume
    from manyminds.lab.store import Store

    with Store(address) as store:
        try:
            asyncio.run(resume(run, store))
        except Exception as error:
            note(store.run(run), store, error)


def leave_with_parent() -> None:
    """End this process when the one that began it is gone, however it went."""
    parent = os.getppid()

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


async def in_processes(runs: Sequence[str], address: str, concurrency: int, watch: Watch) -> None:
    """One process a core at most, each begun afresh (`spawn`), so that nothing of this one leaks into them."""
    from manyminds.lab.runner import interruptible

    workers = max(1, min(concurrency, len(runs), os.cpu_count() or 1))
    done = watch.begin(len(runs), "runs")
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=leave_with_parent)
    loop = asyncio.get_running_loop()

    async def one(run: str) -> None:
        await loop.run_in_executor(pool, work, run, address)
        done()

    try:
        with interruptible(), suppress(asyncio.CancelledError):
            await asyncio.gather(*map(one, runs))
    except BrokenProcessPool:
        pass  # a process was killed, by the system for its memory perhaps: the store says which runs are not done
    finally:
        for process in list((pool._processes or {}).values()):
            process.terminate()  # they write down that they were interrupted; those that are done are gone
        pool.shutdown(cancel_futures=True)


def ray_module() -> Any:
    """Ray, if it is here; it sends no usage statistics."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise BadInput("--on ray needs Ray: pip install 'manyminds[scale]'") from None
    return ray


async def on_ray(runs: Sequence[str], address: str, concurrency: int, watch: Watch) -> None:
    """One Ray task a run. The store must be within reach of every machine: a Postgres address, or a shared disk."""
    ray = ray_module()
    if not ray.is_initialized():
        ray.init(log_to_driver=False, configure_logging=False, include_dashboard=False)
    done, remote = watch.begin(len(runs), "runs"), ray.remote(work)
    waiting, going = list(runs), list[Any]()
    try:
        while waiting or going:
            while waiting and len(going) < concurrency:
                going.append(remote.remote(waiting.pop(0), address))
            ready, going = await asyncio.to_thread(ray.wait, going)
            for one in ready:
                ray.get(one)
                done()
    finally:
        for one in going:
            ray.cancel(one, force=True)
        ray.shutdown()
