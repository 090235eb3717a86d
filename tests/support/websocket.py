"""A WebSocket's client for texts, over a plain connection to this machine (RFC 6455): all that BiDi needs."""

import base64
import hashlib
import os
import socket
import struct
from typing import Final

ACCEPT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUED, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10


class WebSocket:
    """One connection; `receive` waits for the next whole text."""

    def __init__(self, port: int, path: str, *, timeout: float) -> None:
        """Connect. Raises OSError where nobody answers, or not as a WebSocket."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._rest = b""
        key = base64.b64encode(os.urandom(16))
        lines = (
            f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        self._socket.sendall("\r\n".join(lines).encode())
        answer = self._until(b"\r\n\r\n")
        expected = base64.b64encode(hashlib.sha1(key + ACCEPT, usedforsecurity=False).digest())
        if b" 101 " not in answer.split(b"\r\n")[0] or expected not in answer:
            raise OSError(f"no WebSocket at {path}: {answer[:200]!r}")

    def send(self, text: str) -> None:
        """Send one text."""
        self._frame(TEXT, text.encode())

    def receive(self) -> str:
        """The next text. Raises TimeoutError, and EOFError where the other side has ended."""
        whole = b""
        while True:
            first, second = self._exactly(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self._exactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self._exactly(8))
            content, kind = self._exactly(length), first & 0x0F
            if kind == PING:
                self._frame(PONG, content)
            elif kind == CLOSE:
                raise EOFError("the other side has closed the WebSocket")
            elif kind in {TEXT, CONTINUED}:
                whole += content
                if first & 0x80:
                    return whole.decode()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _frame(self, kind: int, content: bytes) -> None:
        mask, length = os.urandom(4), len(content)
        if length < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | length)
        elif length < 2**16:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, length)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))
        self._socket.sendall(head + mask + masked)

    def _exactly(self, number: int) -> bytes:
        while len(self._rest) < number:
            self._more()
        found, self._rest = self._rest[:number], self._rest[number:]
        return found

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(end)
        return found

    def _more(self) -> None:
        more = self._socket.recv(2**16)
        if not more:
            raise EOFError("the other side has hung up")
        self._rest += more
