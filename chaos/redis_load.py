# SPDX-License-Identifier: Apache-2.0
"""Redis clients that write down what they saw, one JSON object a line (docs/histories.md), until SIGTERM.
Usage: redis_load.py HISTORY SEED CLIENTS HOST:PORT..."""
import asyncio
import json
import random
import signal
import sys
import time

import keys
from resp import Connection, ErrorReply, Lost

TIMEOUT_S = 3
PAUSE_S = 0.012
NOT_DONE = {"TRYAGAIN", "CLUSTERDOWN", "BUSY", "IOERR"}


class Client:
    def __init__(self, number, seed, addresses, out):
        self.number, self.out = number, out
        self.random = random.Random(seed * 1000 + number)
        self.connections = [Connection(*address, TIMEOUT_S) for address in addresses]
        self.writes = 0

    def value(self):
        self.writes += 1
        return f"{self.number}.{self.writes}"

    def note(self, call, op, key, returned=True, **fields):
        # Taken now: what has an answer has returned by now.
        end = time.monotonic_ns() if returned else None
        self.out.write(json.dumps({"client": self.number, "op": op, "key": key, **fields,
                                   "call": call, "return": end}) + "\n")

    async def write(self, connection, op, key, args, *words):
        call = time.monotonic_ns()
        fields = {"args": args} if args else {}
        try:
            await connection.ask(*words)
            self.note(call, op, key, **fields)
        except (Lost, ErrorReply) as failure:
            if isinstance(failure, ErrorReply) and failure.kind in NOT_DONE:
                raise
            if isinstance(failure, ErrorReply) and failure.kind != "UNKNOWN":
                raise RuntimeError(f"{words}: {failure}") from failure
            self.note(call, op, key, returned=False, **fields)

    async def get(self, connection, key):
        call = time.monotonic_ns()
        value = await connection.ask("GET", key)
        self.note(call, "get", key, result=value)

    async def compare_and_set(self, connection, key):
        """WATCH and EXEC: what was read in between is what it compares with."""
        new = self.value()
        call = time.monotonic_ns()
        await connection.ask("WATCH", key)
        expected = await connection.ask("GET", key)
        await connection.ask("MULTI")
        await connection.ask("SET", key, new)
        try:
            done = await connection.ask("EXEC") is not None
            self.note(call, "cas", key, args=[expected, new], result=done)
        except (Lost, ErrorReply) as failure:
            if isinstance(failure, ErrorReply) and failure.kind in NOT_DONE | {"EXECABORT"}:
                raise
            self.note(call, "cas", key, args=[expected, new], returned=False)

    async def step(self):
        connection = self.random.choice(self.connections)
        await connection.open()
        key = keys.draw(self.random)
        what = self.random.random()
        if what < 0.4:
            await self.get(connection, key)
        elif what < 0.65:
            value = self.value()
            await self.write(connection, "put", key, [value], "SET", key, value)
        elif what < 0.8:
            value = f"+{self.value()}"
            await self.write(connection, "append", key, [value], "APPEND", key, value)
        elif what < 0.9:
            await self.write(connection, "delete", key, None, "DEL", key)
        else:
            await self.compare_and_set(connection, key)

    async def run(self, stop):
        while not stop.is_set():
            try:
                await self.step()
            except (Lost, OSError, asyncio.TimeoutError):
                await asyncio.sleep(0.05)
            except ErrorReply as failure:
                if failure.kind not in NOT_DONE | {"EXECABORT", "UNKNOWN"}:
                    raise
                for connection in self.connections:
                    connection.close()  # a watch, a MULTI: all of it goes
                await asyncio.sleep(0.05)
            await asyncio.sleep(self.random.expovariate(1 / PAUSE_S))


async def main():
    history, seed, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    addresses = [(host, int(port)) for host, port in (word.rsplit(":", 1) for word in sys.argv[4:])]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with open(history, "w") as out:
        await asyncio.gather(*(Client(number, seed, addresses, out).run(stop)
                               for number in range(1, clients + 1)))


if __name__ == "__main__":
    asyncio.run(main())
