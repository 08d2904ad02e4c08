"""Clients that a server must bear: some that say nothing, readers of events, and writers of a byte at a time. A process
of its own, so that they do not take the time of the one who measures. Each that is closed comes again.
  flood.py PORT TOKEN JOB IDLE READERS WRITERS     until stdin closes; then tells what they saw since its first line, as
                                                   JSON
"""
import asyncio
import contextlib
import json
import sys
import time

BYTE_EVERY = 0.05
LOOK_EVERY = 0.1
IDLE_TIME = 5  # that the server gives; the first ones come spread over it, so that not all go at once


class Flood:
    def __init__(self, port, token, job):
        self._port, self._job = port, job
        self._said = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        self.open = {"idle": 0, "reader": 0, "writer": 0}
        self.looks = []  # how many were open
        self.idle_closed, self.heads_closed = [], []  # seconds after which the server did so
        self.events = 0
        self.refused = 0
        self.turned_away = 0  # readers that were answered, but with no stream

    async def _again(self, talk, wait=0.0):
        await asyncio.sleep(wait)
        while True:
            start = time.monotonic()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self.refused += 1
                await asyncio.sleep(LOOK_EVERY)
                continue
            try:
                await talk(reader, writer, start)
            except OSError:
                pass
            finally:
                writer.close()

    @contextlib.contextmanager
    def _counted(self, kind):
        self.open[kind] += 1
        try:
            yield
        finally:
            self.open[kind] -= 1

    @staticmethod
    async def _closed(reader):
        while await reader.read(1 << 16):
            pass

    async def _say_nothing(self, reader, _, start):
        with self._counted("idle"):
            await self._closed(reader)
        self.idle_closed.append(time.monotonic() - start)

    async def _read_events(self, reader, writer, _):
        writer.write(f"GET /api/v1/events?job={self._job} HTTP/1.1\r\n{self._said}\r\n".encode())
        if not (await reader.readline()).startswith(b"HTTP/1.1 200 "):
            self.turned_away += 1
            return
        with self._counted("reader"):
            while line := await reader.readline():
                self.events += line.startswith(b"event: ")

    @staticmethod
    async def _write_slowly(writer, text):
        for byte in text:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(BYTE_EVERY)

    # The head is never whole in the time that the server gives it.
    async def _write_head(self, reader, writer, start):
        head = f"GET /v2/bench/status/{self._job} HTTP/1.1\r\nX-Slow: {'x' * 1000}"
        writing = asyncio.create_task(self._write_slowly(writer, head.encode()))
        try:
            with self._counted("writer"):
                await self._closed(reader)
            self.heads_closed.append(time.monotonic() - start)
        finally:
            writing.cancel()

    # The body's time is longer than a block of the bench: these stay, and no job comes of them.
    async def _write_body(self, _, writer, __):
        writer.write(f"POST /v2/bench/run HTTP/1.1\r\n{self._said}Content-Length: 10000\r\n\r\n".encode())
        with self._counted("writer"):
            await self._write_slowly(writer, b" " * 10_000)

    async def _look(self):
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.looks.append(dict(self.open))

    async def run(self, idle, readers, writers):
        """Until stdin closes."""
        each = ([self._again(self._say_nothing, 0.9 * IDLE_TIME * i / idle) for i in range(idle)] +
                [self._again(self._read_events) for _ in range(readers)] +
                [self._again(self._write_body if i % 2 else self._write_head) for i in range(writers)])
        tasks = [asyncio.create_task(one) for one in [*each, self._look()]]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        self.looks.clear()
        await loop.run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main():
    port, token, job, *counts = sys.argv[1:]
    flood = Flood(int(port), token, job)
    asyncio.run(flood.run(*map(int, counts)))
    print(json.dumps({"looks": flood.looks, "idle_closed": flood.idle_closed, "heads_closed": flood.heads_closed,
                      "events": flood.events, "refused": flood.refused, "turned_away": flood.turned_away}))


main()
