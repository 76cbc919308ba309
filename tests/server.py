"""A local OpenAI-compatible server for tests: scripted answers, planned faults, and a log of what it was asked."""

import argparse
import asyncio
import contextlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

FAULTS = ("429", "500", "cut", "malformed", "no number", "wrong name", "over-long")

BAD_TEXTS = {
    "no number": "I would rather not say.",
    "wrong name": '{"response": "hm", "conclude": false, "next_speaker": "Zoe"}',
    "over-long": "well " * 3000,
}


@dataclass
class Server:
    """`reply(messages) -> text`; `plan(n, body) -> fault or None` for the n-th request; `delay` in seconds."""

    reply: Callable
    plan: Callable = lambda n, body: None
    delay: float = 0.0
    knows_formats: bool = True
    key: str = ""
    special: Callable = lambda body: None  # body -> (status, JSON, more headers) in place of the reply, or None
    log: list = field(default_factory=list)  # (hash of the body, fault, answered completely)
    in_flight: int = 0
    most_in_flight: int = 0
    url: str = ""

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, which ends this connection and nothing else
        finally:
            writer.transport.abort()

    async def one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return await self.send(writer, 401, {"error": {"message": "wrong key"}})
        if "/models" in first:
            return await self.send(writer, 200, {"object": "list", "data": []})
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            return await self.completion(writer, raw)
        finally:
            self.in_flight -= 1

    async def completion(self, writer, raw):
        body = json.loads(raw)
        entry = [sha256(raw).hexdigest(), self.plan(len(self.log), body), False]
        self.log.append(entry)
        fault = entry[1]
        await asyncio.sleep(self.delay)
        if fault == "429":
            return await self.send(writer, 429, {"error": {"message": "slow down"}}, "Retry-After: 0\r\n")
        if fault == "500":
            return await self.send(writer, 500, {"error": {"message": "broken"}})
        if fault == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            await writer.drain()
            return False
        if fault == "hang":
            await asyncio.sleep(60)
        if fault == "trickle":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
            for _ in range(500):
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        if fault == "malformed":
            return await self.send(writer, 200, b'{"choices": [{"mess')
        if body.get("response_format") and not self.knows_formats:
            return await self.send(writer, 400, {"error": {"message": "response_format is not supported"}})
        if (made := self.special(body)) is not None:
            return await self.send(writer, *made)
        text = BAD_TEXTS.get(fault)
        text = self.reply(body["messages"]) if text is None else text
        finish = "length" if fault == "over-long" else "stop"
        used = {"prompt_tokens": len(raw) // 4, "completion_tokens": len(text.split()), "total_tokens": 0}
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        alive = await self.send(writer, 200, {"id": "x", "object": "chat.completion", "created": 0, "model": "fake",
                                              "choices": [choice], "usage": used})  # fmt: skip
        entry[2] = True
        return alive

    async def send(self, writer, status, body, extra=""):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n{extra}\r\n"
        writer.write(head.encode() + raw)
        await writer.drain()
        return True

    async def start(self, port=0):
        listening = await asyncio.start_server(self.serve, "127.0.0.1", port, backlog=256)
        self.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        return listening


async def rounds(count=8):
    """Let the loop go round some times."""
    for _ in range(count):
        await asyncio.sleep(0)


@contextlib.contextmanager
def serving(reply, **options):
    """A server in a thread of its own, for as long as the block lasts."""
    server = Server(reply, **options)
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def main():
        server.stop = asyncio.Event()
        async with await server.start():
            ready.set()
            await server.stop.wait()
        await rounds()  # a connection that was just accepted has no transport yet, which alone would close it
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await rounds()  # an aborted transport closes its socket some rounds later

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(server.stop.set)
        thread.join()
        loop.close()


def seeded_faults(rate, seed, kinds=FAULTS):
    """A plan in which each request meets one of `kinds` with probability `rate`. What befalls a request depends on what
    it says and how often it came, never on the order in which concurrent requests arrive."""
    came: Counter[str] = Counter()

    def plan(n, body):
        said = json.dumps(body, sort_keys=True)
        came[said] += 1
        rng = random.Random(f"{seed} {came[said]} {said}")
        return rng.choice(kinds) if rng.random() < rate else None

    return plan


def main():
    parser = argparse.ArgumentParser(description="A fake model server on loopback; prints its address.")
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--answer", default="Answer: 10")
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    with serving(lambda messages: options.answer, delay=options.delay) as server:
        print(server.url, flush=True)
        time.sleep(options.seconds)


if __name__ == "__main__":
    main()
