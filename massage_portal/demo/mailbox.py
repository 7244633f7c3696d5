"""
A mail catcher for one machine: a real SMTP server, and a page that shows what came.

It takes text messages too (texts.py). It listens on loopback only. What it caught is
kept as files, the newest last.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import itertools
import json
import re
import signal
import time
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from massage_portal.demo import texts
from massage_portal.demo.texts import Text

LOOPBACK = "127.0.0.1"
HTML = "text/html; charset=utf-8"
POLICY = (
    "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'"
)
MOST_BYTES = 100_000  # of a request
CSS = """
:root { color-scheme: light dark; font: 17px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; padding: .5rem; border-block-end: 1px solid #8886; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { width: 100%; height: 24rem; border: 1px solid #8886; background: #fff; }
"""


class Box:
    """The mails and texts caught, one file each, in one row of numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        last = max((int(path.stem) for path in folder.glob("*.[es]m[ls]")), default=0)
        self.numbers = itertools.count(last + 1)

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep one mail, whole or not at all."""
        path = self.folder / f"{next(self.numbers):06d}.eml"
        draft = path.with_suffix(".new")
        draft.write_bytes(envelope.original_content or b"")
        draft.rename(path)
        return "250 kept"

    def keep(self, text: Text) -> None:
        """Keep one text."""
        text.write(self.folder / f"{next(self.numbers):06d}.sms")

    def caught(self) -> Iterator[tuple[str, EmailMessage | Text]]:
        """Yield what came, newest first."""
        for path in sorted(self.folder.glob("*.[es]m[ls]"), reverse=True)[:200]:
            is_text = path.suffix == ".sms"
            yield path.stem, self.text(path.stem) if is_text else self.read(path.stem)

    def text(self, number: str) -> Text:
        """
        Return one text.

        :raises LookupError: if there is none of that number.
        """
        path = self.folder / f"{number}.sms"
        if not number.isdecimal() or not path.exists():
            raise LookupError(number)
        return texts.read(path)

    def read(self, number: str) -> EmailMessage:
        """
        Return one mail.

        :raises LookupError: if there is none of that number.
        """
        path = self.folder / f"{number}.eml"
        if not number.isdecimal() or not path.exists():
            raise LookupError(number)
        parser = BytesParser(policy=policy.default)
        return parser.parsebytes(path.read_bytes())


def page(title: str, body: str) -> bytes:
    """Return a whole page; the caller has escaped `body`."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        f'<link rel="stylesheet" href="/style.css"></head>'
        f"<body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    ).encode()


def index(box: Box) -> bytes:
    """Return the list of mails and texts."""
    rows = []
    for number, came in box.caught():
        if isinstance(came, Text):
            what, whom, when = f"Text: {came.body}", came.to, came.at
        else:
            sent = came["Date"] and parsedate_to_datetime(came["Date"]).isoformat(" ")
            what, whom, when = str(came["Subject"]), str(came["To"]), str(sent)
        rows.append(
            f"<tr><th scope='row'><a href='/{number}/'>{html.escape(what)}</a></th>"
            f"<td>{html.escape(whom)}</td><td>{html.escape(when)}</td></tr>"
        )
    if not rows:
        words = "<p>Nothing yet. Mails and texts appear here when sent.</p>"
        return page("Messages caught", words)
    head = "<tr><th scope='col'>Subject</th><th scope='col'>To</th>"
    head += "<th scope='col'>Sent</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return page("Messages caught", table)


def one_text(text: Text, said: str = "") -> bytes:
    """Return one text, and a way to answer it as from the phone."""
    answered = f"<p role='status'>The portal: {html.escape(said)}</p>" if said else ""
    return page(
        f"Text to {text.to}",
        f"<p><a href='/'>All messages</a></p><pre>{linked(text.body)}</pre>{answered}"
        "<form method='post'><p><label for='words'>Answer, as from the phone (STOP, "
        "START, HELP or anything)</label><br><input id='words' name='words'> "
        "<button>Send</button></p></form>",
    )


def one(number: str, mail: EmailMessage) -> bytes:
    """Return one mail: its text with links, its HTML in a sandbox, its files."""
    text = mail.get_body(("plain",))
    words = linked(text.get_content()) if text is not None else ""
    files = "".join(
        f"<li><a href='/{number}/file/{place}' download>"
        f"{html.escape(part.get_filename() or 'file')}</a></li>"
        for place, part in enumerate(mail.iter_attachments())
    )
    frame = ""
    if mail.get_body(("html",)) is not None:
        frame = (
            f"<h2>As HTML</h2><iframe sandbox='allow-popups' title='The mail as HTML' "
            f"src='/{number}/html'></iframe>"
        )
    return page(
        str(mail["Subject"]),
        f"<p><a href='/'>All messages</a></p><p>To {html.escape(str(mail['To']))}</p>"
        f"<pre>{words}</pre>{frame}"
        + (f"<h2>Files</h2><ul>{files}</ul>" if files else ""),
    )


NOT_HERE = page("Not here", "<p><a href='/'>All messages</a></p>")


def linked(text: str) -> str:
    """Return the text escaped, its web addresses as links."""
    return re.sub(r"https?://\S+", r'<a href="\g<0>">\g<0></a>', html.escape(text))


class Pages(BaseHTTPRequestHandler):
    """Shows what came; takes texts, and the answers to them."""

    box: Box
    token: str  # of the SMS gateway

    def do_GET(self) -> None:
        """Answer one request."""
        parts = self.path.partition("?")[0].strip("/").split("/")
        try:
            content, media_type = self.answer(parts)
        except (LookupError, ValueError):
            self.reply(HTTPStatus.NOT_FOUND, NOT_HERE, HTML)
            return
        self.reply(HTTPStatus.OK, content, media_type)

    def do_POST(self) -> None:
        """Take a text from the portal, or an answer from whoever reads one here."""
        length = min(int(self.headers.get("Content-Length") or 0), MOST_BYTES)
        form = dict(parse_qsl(self.rfile.read(length).decode(errors="replace")))
        if self.path == texts.PATH:
            self.take(form)
            return
        try:
            text = self.box.text(self.path.strip("/"))
        except LookupError:
            self.reply(HTTPStatus.NOT_FOUND, NOT_HERE, HTML)
            return
        said = texts.answer(text, form.get("words", ""), token=self.token)
        self.reply(HTTPStatus.OK, one_text(text, said or "nothing, as it should"), HTML)

    def take(self, form: dict[str, str]) -> None:
        """Take one text, as the gateway's interface does."""
        if not texts.is_ours(self.headers.get("Authorization", ""), self.token):
            self.say(HTTPStatus.UNAUTHORIZED, {"code": 20003, "status": 401})
            return
        try:
            text = texts.taken(form)
        except ValueError as fault:
            self.say(HTTPStatus.BAD_REQUEST, {"code": fault.args[0], "status": 400})
            return
        self.box.keep(text)
        self.say(HTTPStatus.CREATED, {"sid": text.sid, "status": "queued"})
        texts.tell(text, token=self.token)

    def say(self, status: HTTPStatus, words: dict[str, Any]) -> None:
        """Answer a machine."""
        self.reply(status, json.dumps(words).encode(), "application/json")

    def answer(self, parts: list[str]) -> tuple[bytes, str]:
        """Return the content of one address and its type."""
        if parts == [""]:
            return index(self.box), HTML
        if parts == ["style.css"]:
            return CSS.encode(), "text/css; charset=utf-8"
        if len(parts) == 1 and (self.box.folder / f"{parts[0]}.sms").exists():
            return one_text(self.box.text(parts[0])), HTML
        mail = self.box.read(parts[0])
        if len(parts) == 1:
            return one(parts[0], mail), HTML
        if parts[1:] == ["html"]:
            body = mail.get_body(("html",))
            if body is None:
                raise LookupError(parts[0])
            return body.get_content().encode(), HTML
        if parts[1] == "file" and len(parts) == 3:
            file = list(mail.iter_attachments())[int(parts[2])]
            content = file.get_payload(decode=True)
            return content, "application/octet-stream"  # type: ignore[return-value]
        raise LookupError(self.path)

    def reply(self, status: HTTPStatus, content: bytes, media_type: str) -> None:
        """Send one answer, with headers that let a hostile mail do nothing."""
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Stay quiet: who opened which mail is nobody's business."""


def serve(folder: Path, *, smtp_port: int, web_port: int, token: str) -> None:
    """Catch and show mail and texts until a signal comes."""
    box = Box(folder)
    handler = type("BoxPages", (Pages,), {"box": box, "token": token})
    asyncio.set_event_loop(asyncio.new_event_loop())
    catcher = Controller(
        box, hostname=LOOPBACK, port=smtp_port, data_size_limit=10_000_000
    )
    catcher.start()
    web = ThreadingHTTPServer((LOOPBACK, web_port), handler)
    Thread(target=web.serve_forever, daemon=True).start()
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda which, _frame: stop.append(which))
    while not stop:
        time.sleep(0.1)
    web.shutdown()
    catcher.stop()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("smtp_port", type=int)
    options.add_argument("web_port", type=int)
    options.add_argument("token")
    given = options.parse_args()
    ports = {"smtp_port": given.smtp_port, "web_port": given.web_port}
    serve(given.folder, token=given.token, **ports)
