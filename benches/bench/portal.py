"""A portal with as many connections as it needs: asks over mutual TLS and reads the answer."""

import asyncio
import json
import ssl
from collections import deque
from pathlib import Path

PKI = Path(__file__).resolve().parents[2] / "certs" / "dev"


class Portal:
    def __init__(self, port):
        self.port = port
        self.context = ssl.create_default_context(cafile=PKI / "root.pem")
        self.context.load_cert_chain(PKI / "portale-uno.pem", PKI / "portale-uno.key")
        self.free = deque()

    async def open(self, connections):
        """Opens so many connections ahead: a handshake takes this client as long as an answer does the gateway."""
        for _ in range(connections):
            self.free.append(await self._connect())

    async def ask(self, path, purpose, question):
        """The status of the answer, which does not come from the cache."""
        status, _ = await self._exchange(path, purpose, question)
        return status

    async def answer(self, path, purpose, question):
        status, body = await self._exchange(path, purpose, question)
        return status, json.loads(body)

    async def _exchange(self, path, purpose, question):
        # In turn, so that none is idle until the gateway closes it.
        reader, writer = self.free.popleft() if self.free else await self._connect()
        body = json.dumps(question)
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nPurpose-Id: {purpose}\r\n"
            f"Cache-Control: no-cache\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        answer = await reader.readexactly(int(fields["content-length"]))
        self.free.append((reader, writer))
        return int(head.split(" ")[1]), answer

    async def _connect(self):
        return await asyncio.open_connection("localhost", self.port, ssl=self.context)

    def close(self):
        for _, writer in self.free:
            writer.transport.abort()
