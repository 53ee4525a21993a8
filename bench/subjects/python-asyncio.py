"""The streams of CPython's asyncio, on its own event loop or on uvloop's.

    python-asyncio.py asyncio|uvloop echo|once|echo-lines|lines|idle

prints {"port":N} when it serves.
"""

import asyncio
import json
import sys

BACKLOG = 511  # as for every subject


async def echo(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


async def once(reader, writer):
    writer.write(await reader.read(65_536))
    await writer.drain()


async def echo_lines(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()


async def lines(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()


def served_by(handle):
    async def serve(reader, writer):
        try:
            await handle(reader, writer)
        except ConnectionError:
            pass  # a client that is gone is no news
        finally:
            writer.close()

    return serve


async def main(kind):
    handle = {"once": once, "echo-lines": echo_lines, "lines": lines}.get(kind, echo)
    server = await asyncio.start_server(served_by(handle), "127.0.0.1", 0, backlog=BACKLOG)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


loop, kind = sys.argv[1:]
if loop == "uvloop":
    import uvloop

    uvloop.install()
asyncio.run(main(kind))
