#!/usr/bin/env python3
"""fsync_filter.py LISTEN_PORT NEXT_PORT: a content filter that changes nothing, the peer of the mail bench.

It does what any store-and-forward filter must: the message goes to a file, file and folder are synced, 250, and a few
connections to the next hop, kept open, carry it on. Loopback only; for a bench, not for mail."""
import asyncio
import itertools
import os
import sys
import tempfile

CARRIERS = 4


async def reply(reader):
    while True:
        line = await reader.readuntil(b"\r\n")
        if line[3:4] != b"-":
            return int(line[:3])


async def take(reader, writer, folder, names, queue):
    """One session of Postfix's."""
    def say(text):
        writer.write(text)

    say(b"220 filter.test ESMTP\r\n")
    envelope = []
    try:
        while line := await reader.readuntil(b"\r\n"):
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(b"250-filter.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n")
            elif verb == b"DATA":
                say(b"354 go\r\n")
                text = await reader.readuntil(b"\r\n.\r\n")
                path = os.path.join(folder, str(next(names)))
                with open(path, "wb") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                directory = os.open(folder, os.O_RDONLY)
                os.fsync(directory)
                os.close(directory)
                say(b"250 stored\r\n")
                queue.put_nowait((envelope, path))
                envelope = []
            elif verb == b"QUIT":
                say(b"221 bye\r\n")
                break
            else:
                if verb in (b"MAIL", b"RCPT"):
                    envelope.append(line)
                say(b"250 ok\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def carry(port, queue):
    """One connection to the next hop, message after message."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reply(reader)
    writer.write(b"EHLO filter.test\r\n")
    await reply(reader)
    while True:
        envelope, path = await queue.get()
        writer.write(b"".join(envelope) + b"DATA\r\n")
        for _ in range(len(envelope) + 1):
            assert await reply(reader) < 400
        with open(path, "rb") as file:
            writer.write(file.read())
        assert await reply(reader) == 250
        os.unlink(path)


async def main(listen, next_hop):
    queue, names = asyncio.Queue(), itertools.count()
    with tempfile.TemporaryDirectory(prefix="satchel-filter-") as folder:
        server = await asyncio.start_server(lambda r, w: take(r, w, folder, names, queue), "127.0.0.1", listen,
                                            limit=1 << 26)
        print("ready", flush=True)
        async with server:
            await asyncio.gather(*(carry(next_hop, queue) for _ in range(CARRIERS)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
