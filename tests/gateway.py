"""
An SMS gateway on loopback that speaks Twilio's interface, and fails as it is told to.

It is strict: what the real one refuses, it refuses, so that a fault of ours shows.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from massage_portal.outbox.gateways import Gateway, sms_gateway

ACCOUNT, TOKEN, FROM = "AC" + "0" * 32, "a token: with / and ?", "+15075550100"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
FIELDS = {"To", "From", "Body", "StatusCallback"}


class Faulty(Exception):
    """A request that the interface refuses: the status and the code."""


class SmsServer(ThreadingHTTPServer):
    """The gateway; `texts` are those taken, `answer` what it says in place of 201."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.texts: list[dict[str, str]] = []
        self.tries = 0
        self.answer: tuple[int, int | None] | None = None  # status, code
        self.body: bytes | None = None  # sent with it, in place of JSON
        self.drops = False  # after it took the text, before it answers
        self.breaks_off = False  # within its answer, after it took the text
        self.gate = threading.Event()  # while clear, it holds its answers
        self.gate.set()

    def handle_error(self, request, client_address):
        """Let whoever hangs up go."""

    @property
    def gateway(self) -> Gateway:
        """How the settings name it."""
        token = "a%20token%3A%20with%20%2F%20and%20%3F"
        host = f"127.0.0.1:{self.server_address[1]}"
        found = sms_gateway(
            f"twilio+http://{ACCOUNT}:{token}@{host}?from=%2B15075550100"
        )
        assert found is not None
        return found


class Handler(BaseHTTPRequestHandler):
    server: SmsServer

    def do_POST(self) -> None:
        """Take one text, or refuse it as the interface does."""
        self.server.tries += 1
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.gate.wait(60)
        try:
            text = self.checked(raw)
        except Faulty as fault:
            self.reply(*fault.args)
            return
        if self.server.answer is not None:
            self.reply(*self.server.answer)
            return
        sid = f"SM{uuid.uuid4().hex}"
        self.server.texts.append({**text, "sid": sid})
        if self.server.drops:
            self.connection.close()
            return
        self.send(201, {"sid": sid, "status": "queued", "error_code": None})

    def do_GET(self) -> None:
        """Count whoever was led here, as a try that no gateway asked for."""
        self.server.tries += 1
        self.send(200, {"sid": "elsewhere"})

    def checked(self, raw: bytes) -> dict[str, str]:
        if self.path != PATH:
            raise Faulty(404, 20404)
        word = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {word}":
            raise Faulty(401, 20003)
        if self.headers["Content-Type"] != "application/x-www-form-urlencoded":
            raise Faulty(400, 20001)
        form = parse_qs(raw.decode(), strict_parsing=True)
        if set(form) != FIELDS or any(len(values) != 1 for values in form.values()):
            raise Faulty(400, 20001)
        text = {name: values[0] for name, values in form.items()}
        if not re.fullmatch(r"\+[1-9]\d{7,14}", text["To"]):
            raise Faulty(400, 21211)
        if text["From"] != FROM:
            raise Faulty(400, 21606)
        if not 0 < len(text["Body"]) <= 1600:
            raise Faulty(400, 21617)
        return text

    def reply(self, status: int, code: int | None) -> None:
        self.send(status, {"code": code, "message": "No.", "status": status})

    def send(self, status: int, said: dict[str, object]) -> None:
        content = self.server.body
        if content is None:
            content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        missing = 100 if self.server.breaks_off else 0
        self.send_header("Content-Length", str(len(content) + missing))
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args) -> None:
        """Say nothing."""


@contextmanager
def sms_server() -> Iterator[SmsServer]:
    """Run a gateway while the block runs."""
    server = SmsServer()
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
