# SPDX-License-Identifier: Apache-2.0
"""As much of a Redis client as the chaos needs: one connection, one command at a time, on asyncio."""
import asyncio


class ErrorReply(Exception):
    """The word that says what may be done, and the rest."""

    @property
    def kind(self):
        return str(self).split(" ", 1)[0]


class Lost(Exception):
    """No answer: what was asked may be done, or not."""


class Connection:
    def __init__(self, host, port, timeout):
        self.host, self.port, self.timeout = host, port, timeout
        self.reader = self.writer = None

    async def open(self):
        """Raises OSError or asyncio.TimeoutError: nothing was asked."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.wait_for(
                asyncio.open_connection(self.host, self.port), self.timeout)

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None

    async def ask(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        request = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
        try:
            self.writer.write(request)
            return await asyncio.wait_for(self._reply(), self.timeout)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            self.close()
            raise Lost(repr(error)) from error

    async def _reply(self):
        line = (await self.reader.readuntil(b"\r\n"))[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise ErrorReply(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else (await self.reader.readexactly(int(rest) + 2))[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [await self._reply() for _ in range(int(rest))]
        raise ValueError(f"no reply: {line!r}")
