"""
The demo's SMS gateway: it takes texts as Twilio's interface does, and tells of them.

Nothing leaves this machine. A text counts as delivered at once, and whoever reads it on
the mail catcher's page may answer it, as on a phone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import requests

ACCOUNT, NUMBER = "ACdemo", "+15075550100"
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
TIMEOUT = 5  # seconds


@dataclass(frozen=True)
class Text:
    """One text that was taken."""

    to: str
    body: str
    at: str
    sid: str
    callback: str  # where the portal wants to be told of it

    def write(self, path: Path) -> None:
        """Keep it as a file, whole or not at all."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.rename(path)


def read(path: Path) -> Text:
    """Return a text that was kept."""
    return Text(**json.loads(path.read_text()))


def is_ours(authorization: str, token: str) -> bool:
    """Say whether a request bears the account and its token."""
    word = base64.b64encode(f"{ACCOUNT}:{token}".encode()).decode()
    return hmac.compare_digest(authorization.encode(), f"Basic {word}".encode())


def taken(form: dict[str, str]) -> Text:
    """
    Return the text that a request asks for.

    :raises ValueError: with the interface's code, if it is none.
    """
    if not re.fullmatch(r"\+[1-9]\d{7,14}", form.get("To", "")):
        raise ValueError(21211)
    if not form.get("Body"):
        raise ValueError(21602)
    return Text(
        to=form["To"],
        body=form["Body"],
        at=datetime.now(UTC).isoformat(" ", "seconds"),
        sid=f"SM{secrets.token_hex(16)}",
        callback=form.get("StatusCallback", ""),
    )


def tell(text: Text, *, token: str) -> None:
    """Tell the portal that the text arrived, without waiting for it to listen."""
    if text.callback:
        form = {"MessageSid": text.sid, "MessageStatus": "delivered", "To": text.to}
        Thread(target=_post, args=[text.callback, form, token], daemon=True).start()


def answer(text: Text, words: str, *, token: str) -> str:
    """Send an answer to the portal, as from the phone; return what it says to that."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(text.callback))
    form = {"From": text.to, "To": NUMBER, "Body": words}
    said = _post(f"{origin}/messages/sms/incoming", form, token)
    found = re.search(r"<Message>(.*)</Message>", said, re.S)
    return html.unescape(found[1]) if found else ""


def _post(url: str, form: dict[str, str], token: str) -> str:
    """Post a signed form; return what came back, "" if nothing did."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    digest = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"X-Twilio-Signature": base64.b64encode(digest).decode()}
    try:
        return requests.post(url, data=form, headers=headers, timeout=TIMEOUT).text
    except requests.RequestException:
        return ""  # the portal is stopping; nobody waits for this
