"""A chat server of this machine that answers in capitals, and badly when it is told to."""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

ANSWERS: dict[str, Any] = {
    "garbage": "<html>oops</html>",
    "no choices": {"choices": []},
    "null": {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
}


class ChatServer:
    """faults: what the next requests are answered with instead, the first one first: a status, a key of ANSWERS,
    `hang`, `slow` (a byte at a time), `drop` (no answer at all), `fewer`, `prose`, `length`, or `thought` (a good
    answer after thoughts)."""

    def __init__(self) -> None:
        self.faults: list[Any] = []
        self.refused: set[str] = set()  # texts that are answered with 400
        self.asked: list[list[str]] = []  # the texts of each request that was answered well
        self.keys: list[str | None] = []
        self.url = ""
        self.lock = threading.Lock()


class _Handler(http.server.BaseHTTPRequestHandler):
    chat: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        user = body["messages"][-1]["content"]
        many = "JSON array" in body["messages"][0]["content"]
        texts = json.loads(user) if many else [user]
        with self.chat.lock:
            fault = self.chat.faults.pop(0) if self.chat.faults else None
            self.chat.keys.append(self.headers.get("Authorization"))
        if fault == "hang":
            time.sleep(3)
            return
        if fault == "drop":
            self.connection.close()
            return
        if isinstance(fault, int):
            self._send(fault, b"{}", {"Retry-After": "0"})
            return
        if self.chat.refused & set(texts):
            self._send(400, b"{}", {})
            return
        if fault in ANSWERS:
            answer = ANSWERS[fault]
            self._send(
                200, answer.encode() if isinstance(answer, str) else json.dumps(answer).encode(), {}
            )
            return
        upper = [text.upper() for text in texts]
        if fault == "fewer":
            upper = upper[:-1]
        content = json.dumps(upper, ensure_ascii=False) if many else upper[0]
        content = {"prose": "Sure! Here you are.", "length": content[:3]}.get(fault, content)
        if many and fault is None:
            content = f"```json\n{content}\n```"
        if fault == "thought":
            content = f"<think>\nOne [or two] of them?\n</think>\n\n{content}"
        if fault in (None, "thought"):
            with self.chat.lock:
                self.chat.asked.append(texts)
        data = {
            "choices": [{"message": {"content": content}, "finish_reason": "length" if fault == "length" else "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10},
        }  # fmt: skip
        self._send(200, json.dumps(data).encode(), {}, slowly=fault == "slow")

    def _send(
        self, status: int, data: bytes, headers: dict[str, str], slowly: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            for i in range(0, len(data), 1 if slowly else len(data) or 1):
                self.wfile.write(data[i : i + 1] if slowly else data)
                self.wfile.flush()
                time.sleep(0.1 * slowly)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A ChatServer that answers at `url` while the block runs."""
    chat = ChatServer()
    handler = type("Handler", (_Handler,), {"chat": chat})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    chat.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()
