"""Messages a second of discussions: ours beside the paper's own package and a general framework, on one fake server.

The server is a process of its own that answers at once, so what is measured is the cost of talking. Every side holds
three agents, seven turns and a shared history; ours and `mallm` call twice a message (words, then the solution taken
out of them), the framework once, so calls a second are printed too. The peers live in environments of their own:

    python benchmarks/conversations.py --mallm PYTHON --autogen PYTHON

where PYTHON is an interpreter that imports `mallm` 1.0.5, or `autogen-agentchat` with `autogen-ext[openai]`. Each side
runs `--repeats` times in turn, the first round uncounted; medians and the range of the ratios are printed.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

AGENTS, TURNS = 3, 7
SAID = "[DISAGREE] I would rather have 42."


# ---- the server


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: chat completions, whole or as a stream of one piece, always the same words."""
    usage = {"prompt_tokens": 1, "completion_tokens": 6, "total_tokens": 7}
    head = {"id": "x", "created": 0, "model": "fake"}
    try:
        while True:
            start = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(start.partition("content-length:")[2].partition("\r\n")[0] or 0)
            body = json.loads(await reader.readexactly(length) or b"{}")
            if body.get("stream"):
                piece = {"index": 0, "delta": {"role": "assistant", "content": SAID}, "finish_reason": None,
                         "logprobs": {"content": [{"token": "x", "logprob": -0.1, "top_logprobs": []}]}}  # fmt: skip
                chunk = json.dumps(head | {"object": "chat.completion.chunk", "choices": [piece]})
                raw, kind = f"data: {chunk}\n\ndata: [DONE]\n\n".encode(), "text/event-stream"
            else:
                choice = {"index": 0, "message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}
                raw = json.dumps(head | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
                kind = "application/json"
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw
            )
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def serve() -> None:
    listening = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1", flush=True)
    await listening.serve_forever()


# ---- the sides; each prints seconds and messages


def ours(url: str, discussions: int, concurrency: int) -> tuple[float, int]:
    from manyminds.conversations.discussion import Discussion
    from manyminds.conversations.methods import Minds, Question
    from manyminds.conversations.personas import Nobody
    from manyminds.models.door import Door
    from manyminds.models.endpoint import Endpoint

    async def all_of_them() -> tuple[float, int]:
        endpoint, slots = Endpoint(url, "fake"), asyncio.Semaphore(concurrency)
        minds = Minds(Door(concurrency=concurrency).open(endpoint))
        talk = Discussion(proposer=Nobody(), agents=AGENTS, max_turns=TURNS)

        async def one(i: int) -> int:
            async with slots:
                return len((await talk.held(Question("What is six times seven?"), minds, str(i))).talk)

        await one(-1)
        start = perf_counter()
        messages = sum(await asyncio.gather(*(one(i) for i in range(discussions))))
        found = perf_counter() - start
        await endpoint.close()
        return found, messages

    return asyncio.run(all_of_them())


def mallm(url: str, discussions: int, concurrency: int) -> tuple[float, int]:
    import io
    from concurrent.futures import ThreadPoolExecutor

    import httpx
    from mallm.coordinator import Coordinator
    from mallm.models.Chat import Chat
    from mallm.utils.config import Config
    from mallm.utils.types import InputExample, WorkerFunctions
    from openai import OpenAI
    from rich.console import Console

    llm = Chat(client=OpenAI(base_url=url, api_key="-"), model="fake")
    config = Config("x.json", "/tmp/mallm-benchmark.json", task_instruction_prompt="Answer.", endpoint_url=url,
                    max_turns=TURNS, response_generator="freetext", use_chain_of_thought=True)  # fmt: skip
    sample = InputExample("1", None, ["What is six times seven?"], None, ["42"])
    functions = WorkerFunctions(lambda texts: [], lambda text: "", lambda texts: 0.0)

    def one(i: int) -> int:
        console = Console(file=io.StringIO(), record=True)
        table = Coordinator(llm, httpx.Client(), ["nopersona"] * AGENTS, console=console)
        return len(table.discuss(config, sample, functions)[1])

    one(-1)
    start = perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        messages = sum(pool.map(one, range(discussions)))
    return perf_counter() - start, messages


def autogen(url: str, discussions: int, concurrency: int) -> tuple[float, int]:
    from autogen_agentchat.agents import AssistantAgent
    from autogen_agentchat.conditions import MaxMessageTermination
    from autogen_agentchat.teams import RoundRobinGroupChat
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    info = {"vision": False, "function_calling": False, "json_output": False, "family": "unknown",
            "structured_output": False}  # fmt: skip

    async def all_of_them() -> tuple[float, int]:
        client = OpenAIChatCompletionClient(model="fake", base_url=url, api_key="-", model_info=info)
        slots = asyncio.Semaphore(concurrency)

        async def one(i: int) -> int:
            async with slots:
                agents = [AssistantAgent(f"agent{a}", model_client=client, system_message="Solve the task together.")
                          for a in range(AGENTS)]  # fmt: skip
                team = RoundRobinGroupChat(agents, termination_condition=MaxMessageTermination(1 + AGENTS * TURNS))
                return len((await team.run(task="What is six times seven?")).messages) - 1

        await one(-1)
        start = perf_counter()
        messages = sum(await asyncio.gather(*(one(i) for i in range(discussions))))
        return perf_counter() - start, messages

    return asyncio.run(all_of_them())


SIDES = {"ours": ours, "mallm": mallm, "autogen": autogen}
CALLS = {"ours": 2, "mallm": 2, "autogen": 1}  # a message


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--discussions", type=int, default=24)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--mallm", default="", help="an interpreter that imports mallm")
    parser.add_argument("--autogen", default="", help="an interpreter that imports autogen_agentchat")
    parser.add_argument("--side", default="", help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "server":
        return asyncio.run(serve())
    if options.side:
        return print(json.dumps(SIDES[options.side](options.url, options.discussions, options.concurrency)))
    pythons = {"ours": sys.executable, "mallm": options.mallm, "autogen": options.autogen}
    here = [str(Path(__file__))]
    server = subprocess.Popen([sys.executable, *here, "--side", "server"], stdout=subprocess.PIPE, text=True)
    found: dict[str, list[float]] = {side: [] for side, python in pythons.items() if python}
    try:
        url = server.stdout.readline().strip()
        for repeat in range(options.repeats + 1):
            for side in sorted(found, reverse=repeat % 2 == 1):
                told = [pythons[side], *here, "--side", side, "--url", url, "--discussions", str(options.discussions),
                        "--concurrency", str(options.concurrency)]  # fmt: skip
                said = subprocess.run(told, stdout=subprocess.PIPE, text=True, check=True).stdout
                seconds, messages = json.loads(said.strip().split("\n")[-1])
                assert messages == options.discussions * AGENTS * TURNS, f"{side} said {messages} messages"
                if repeat:
                    found[side].append(messages / seconds)
    finally:
        server.terminate()
        server.wait()
    for side, rates in found.items():
        ratios = sorted(a / b for a, b in zip(found["ours"], rates))
        print(f"{side:8} {median(rates):6.0f} messages/s, {CALLS[side] * median(rates):6.0f} calls/s; ours over it "
              f"{median(ratios):.2f} in messages ({ratios[0]:.2f} to {ratios[-1]:.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
