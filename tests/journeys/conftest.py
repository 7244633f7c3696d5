"""
A browser, a site it can reach, a mail server, and a clock that the test sets.

The site runs in threads of this process on the `committed` database: pytest-django's
own live server would empty the audit trail, which a trigger refuses.
"""

from __future__ import annotations

import shutil
import socket
from contextlib import closing
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import QuietWSGIRequestHandler
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Request,
    Response,
    expect,
    sync_playwright,
)

from appointments import actions
from massage_portal.outbox import sending
from massage_portal.outbox.models import Message
from tests.factories import NOW
from tests.journeys.walk import Clinic, open_clinic

LOOPBACK = "127.0.0.1"
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
QUIET = [  # as root, on a small machine, and calling nobody of its own accord
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {LOOPBACK}",
]
PATIENCE = 20_000  # milliseconds: a busy machine is no fault of a page's
TELL_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', event => console.error(
    `Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`));
"""


class Clock:
    """What the portal's views take for the time; only the test moves it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """The clinic's clock, at NOW until the test moves it."""
    stopped = Clock(NOW)
    monkeypatch.setattr("django.utils.timezone.now", stopped)
    return stopped


class Post:
    """A real SMTP server, what came to it, and the work of worker and beat."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Keep one mail; the name is aiosmtpd's."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"

    def round(self) -> list[EmailMessage]:
        """Do what one beat starts; return the mails that came of it."""
        before, now = len(self.mails), self.clock.now
        actions.lapse_offers(now=now)
        actions.offer_freed_times(now=now)
        due = Message.objects.due(now).order_by("due_at", "pk")
        for pk in list(due.values_list("pk", flat=True)):
            sending.send(pk=pk, now=now)
        return self.mails[before:]


@pytest.fixture
def post(clock, settings):
    """The mail of the clinic: over SMTP, on loopback."""
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    office = Post(clock)
    server = Controller(office, hostname=LOOPBACK, port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, port
    yield office
    server.stop()


@pytest.fixture
def static_files(settings):
    """Static files as they lie in the source, with the portal's headers."""
    settings.WHITENOISE_USE_FINDERS = True
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def site(committed, clock, static_files, settings):
    """The portal's address. Its links and its forms trust that address."""
    server = ThreadedWSGIServer((LOOPBACK, 0), QuietWSGIRequestHandler)
    settings.PORTAL_ORIGIN = f"http://{LOOPBACK}:{server.server_port}"
    settings.CSRF_TRUSTED_ORIGINS = [settings.PORTAL_ORIGIN]
    server.set_app(WSGIHandler())
    serving = Thread(target=server.serve_forever, args=(0.05,))
    serving.start()
    yield settings.PORTAL_ORIGIN
    server.shutdown()
    server.server_close()
    serving.join()


@pytest.fixture
def clinic(site) -> Clinic:
    """A small clinic in which two patients wait already."""
    return open_clinic()


@pytest.fixture(scope="module")
def chromium():
    """
    Debian's Chromium, driven by Playwright.

    Not the `browser` of pytest-playwright: that one lives as long as the session, and
    its event loop would keep every later test of this process from the database.
    """
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, so Django takes the test for a
        # coroutine; it is none, and nothing else uses its connection.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        running = playwright.chromium.launch(
            executable_path=path,
            args=QUIET,
            ignore_default_args=["--disable-back-forward-cache"],  # people have it
        )
        yield running
        running.close()


class Watch:
    """Hears what windows do wrong; a test may not go on to ignore it."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.faults: list[str] = []

    def over(self, context: BrowserContext, *, scripts: bool) -> None:
        """Listen to one context."""
        context.on("request", self.asked)  # not routed: that would bypass the cache
        context.on("response", self.answered)
        if scripts:
            context.add_init_script(TELL_VIOLATIONS)
            context.on("console", self.heard)
            context.on("weberror", lambda error: self.faults.append(str(error.error)))

    def asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.site}/"):
            self.faults.append(f"asked of another address: {request.url}")

    def answered(self, response: Response) -> None:
        if response.status >= 500:
            self.faults.append(f"{response.status}: {response.url}")

    def heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.faults.append(message.text)


@pytest.fixture
def window(chromium, site):
    """
    Open a window of its own, as of another person at another computer.

    Whatever it asks of another address finds none, and fails the test; so do a server
    error, a script's error and a breach of the Content Security Policy.
    """
    watch = Watch(site)
    contexts = []

    def open_window(*, scripts: bool, **options):
        context = chromium.new_context(
            base_url=site,
            java_script_enabled=scripts,
            locale="en-US",
            reduced_motion="reduce",  # no color is caught halfway to another
            timezone_id="America/Chicago",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        watch.over(context, scripts=scripts)
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
    assert watch.faults == []
