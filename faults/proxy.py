"""Between a process and the database: a way that is cut in the middle of a commit when it is told so.

``python -m faults.proxy FOLDER SERVER_FOLDER`` listens on a Unix socket in FOLDER and hands everything on to the one in
SERVER_FOLDER. Each line of its input names how the next commit that passes is cut; the same line goes to its output
once that was done. A last line ``end`` takes back what has not been done yet.
"""

import asyncio
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

SOCKET = ".s.PGSQL.5432"
"""Of the embedded server; the marketplace is not imported here, which takes a second."""
_COMMITS = (b"COMMIT\0", b"COMMIT;\0")
_CHUNK = 65536


class Cut(StrEnum):
    """Where the way is cut: nothing was committed, it may have been, it was and nobody was told."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(slots=True)
class Proxy:
    """The way to the server in ``folder``, and the cuts that are to come."""

    folder: Path
    cuts: deque[Cut] = field(default_factory=deque)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until one side hangs up or a cut is due."""
        try:
            from_server, to_server = await asyncio.open_unix_connection(str(self.folder / SOCKET))
        except OSError:
            writer.transport.abort()
            return
        answers = asyncio.create_task(_pump(from_server, writer))
        try:
            while chunk := await reader.read(_CHUNK):
                if self.cuts and any(one in chunk for one in _COMMITS):
                    await self._cut(chunk, to_server, from_server, answers)
                    break
                to_server.write(chunk)
                await to_server.drain()
        except OSError:
            pass
        finally:
            answers.cancel()
            with suppress(asyncio.CancelledError):
                await answers
            writer.transport.abort()
            to_server.transport.abort()

    async def _cut(
        self,
        chunk: bytes,
        to_server: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        answers: asyncio.Task[None],
    ) -> None:
        """Do what the next cut says with the message that commits."""
        how = self.cuts.popleft()
        if how is not Cut.BEFORE:
            if how is Cut.AFTER:
                answers.cancel()
                with suppress(asyncio.CancelledError):
                    await answers
            to_server.write(chunk)
            await to_server.drain()
            if how is Cut.AFTER:
                await from_server.read(_CHUNK)
        _say(how)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what the server says; its hanging up is handed on, too."""
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
    writer.close()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _listen(folder: Path, server: Path) -> None:
    proxy = Proxy(server)
    given = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(given), sys.stdin)
    async with await asyncio.start_unix_server(proxy.carry, str(folder / SOCKET)):
        _say("listens")
        while line := await given.readline():
            word = line.decode().strip()
            if word == "end":
                proxy.cuts.clear()
            elif not proxy.cuts:  # one at a time: who has nothing to commit doesn't save them up
                proxy.cuts.append(Cut(word))


if __name__ == "__main__":
    asyncio.run(_listen(Path(sys.argv[1]), Path(sys.argv[2])))
