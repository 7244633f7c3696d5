"""One settings file: only the environment varies, and a bad one refuses to start."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from massage_portal.outbox.gateways import mail_provider, sms_gateway

ROOT = Path(settings.BASE_DIR)
GOOD = {
    "DATABASE_URL": "postgres://portal@127.0.0.1:1/portal",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "EMAIL_URL": "submission://portal:secret@127.0.0.1:1",
    "SECRET_KEY": "a-secret-of-a-test-0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ-abc",
    "ALLOWED_HOSTS": "massage.example.org,other.example.org",
}
# Set by a process of ours for its own child, or by the operating system.
NOT_FOR_PEOPLE = {"DEMO_PASSWORD", "DJANGO_SETTINGS_MODULE", "XDG_RUNTIME_DIR"}
NOT_FOR_PEOPLE |= {"STATEMENT_SECONDS"}


def start(environment, show="''", first=""):
    """Read the settings in a process of its own; return its code and its output."""
    inherited = {
        name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ
    }
    line = f"{first}\nfrom massage_portal import settings as s; print({show})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", line],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr


def test_production_starts_with_the_five_variables_it_needs():
    code, said, faults = start(GOOD, "s.PRODUCTION, s.PORTAL_ORIGIN, s.DEBUG")

    assert code == 0, faults
    assert said == "True https://massage.example.org False"


@pytest.mark.parametrize("value", [None, ""])
@pytest.mark.parametrize("name", sorted(set(GOOD) - {"DATABASE_URL"}))
def test_production_refuses_to_start_without_a_variable_and_names_it(name, value):
    environment = {key: text for key, text in GOOD.items() if key != name}
    if value is not None:
        environment[name] = value

    code, _said, faults = start(environment)

    assert code != 0
    last = faults.strip().splitlines()[-1]
    assert "ImproperlyConfigured" in last
    assert f"{name} is not set" in last


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("change-me", id="the example"),
        pytest.param("change-me-" + "0123456789abcdefghij" * 4, id="begins so"),
        pytest.param("short-but-of-many-letters", id="short"),
        pytest.param("ab" * 40, id="of two letters"),
    ],
)
def test_production_refuses_a_secret_that_is_none(secret):
    code, _said, faults = start(GOOD | {"SECRET_KEY": secret})

    last = faults.strip().splitlines()[-2:]
    assert code != 0
    assert "SECRET_KEY is an example or too short" in " ".join(last)
    assert secret not in faults


def test_an_https_origin_makes_cookies_secure_and_a_plain_one_leaves_them():
    show = (
        "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, "
        "s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, "
        "s.SECURE_HSTS_SECONDS"
    )
    _code, secure, _ = start(GOOD, show)
    _code, plain, _ = start(GOOD | {"PORTAL_ORIGIN": "http://127.0.0.1:8000"}, show)

    assert secure == "__Host-sessionid __Host-csrftoken True True True True 63072000"
    assert plain == "sessionid csrftoken False False False False 0"


def test_one_machine_needs_no_variable_at_all():
    code, said, faults = start(
        {}, "s.PRODUCTION, s.PORTAL_ORIGIN, len(s.SECRET_KEY) > 50"
    )

    assert code == 0, faults
    assert said == "False http://127.0.0.1:8000 True"


READERS = {"str", "list", "bool", "float", "int", "dj_db_url", "dj_email_url"}


def names_read(path):
    """Yield each variable that the module reads from its environment, by its name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript):
            target, arguments = ast.unparse(node.value), [node.slice]
            if not isinstance(node.ctx, ast.Load):
                continue
        elif isinstance(node, ast.Call):
            target, arguments = ast.unparse(node.func), node.args[:1]
        else:
            continue
        reads = {f"env.{reader}" for reader in READERS} | {"required", "os.getenv"}
        reads |= {"os.environ.get", "os.environ"}
        if target in reads and isinstance(arguments[0], ast.Constant):
            yield arguments[0].value


def all_names_read():
    folders = ["massage_portal", "services", "referrals", "appointments"]
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return {name for path in [*paths, ROOT / "manage.py"] for name in names_read(path)}


def example():
    return (ROOT / ".env.example").read_text()


def test_the_example_lists_each_variable_that_is_read_and_no_other():
    listed = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example(), re.M)

    assert len(listed) == len(set(listed))
    assert set(listed) == all_names_read() - NOT_FOR_PEOPLE


def test_make_reads_no_variable_that_the_example_leaves_out():
    text = (ROOT / "Makefile").read_text()
    made = set(re.findall(r"^([A-Z_]+) *[:?]?=", text, re.M))
    used = set(re.findall(r"\$[({]([A-Z_]+)[)}]", text)) - made

    assert made
    assert used == set()


def test_the_example_as_it_is_refuses_to_start():
    pairs = dict(re.findall(r"^([A-Z_]+)=(.*)$", example(), re.M))

    code, _said, faults = start(pairs)

    assert code != 0
    assert "SECRET_KEY is an example" in faults


def test_the_example_with_a_secret_of_ones_own_starts():
    pairs = dict(re.findall(r"^([A-Z_]+)=(.*)$", example(), re.M))
    own = {"SECRET_KEY": GOOD["SECRET_KEY"]}

    code, said, faults = start(pairs | own, "s.EMAIL_HOST, s.EMAIL_USE_TLS")

    assert code == 0, faults
    assert said == "mail.example.org True"


def test_a_mail_address_of_an_unknown_kind_is_named():
    code, _said, faults = start(GOOD | {"EMAIL_URL": "smtp+tls://127.0.0.1:1"})

    assert code != 0
    assert "EMAIL_URL begins with no scheme that is known" in faults


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (mail_provider, "anymail+pigeon://?wings=2", "one of: brevo, mailersend"),
        (mail_provider, "anymail+postmark://?token=x", "postmark needs server_token="),
        (sms_gateway, "https://AC1:t@api.twilio.com", "begins with twilio://"),
        (sms_gateway, "twilio://api.twilio.com?from=12345", "needs SID:TOKEN@"),
        (sms_gateway, "twilio://AC1:t@api.twilio.com?from=me", "from=%2B15075550100"),
        (sms_gateway, "twilio+http://AC1:t@a.example.org?from=12345", "in the clear"),
    ],
)
def test_a_gateway_or_provider_that_is_none_is_named(read, value, words):
    with pytest.raises(ImproperlyConfigured) as refusal:
        read(value)

    assert "_URL" in str(refusal.value)
    assert words in str(refusal.value)
    assert "AC1:t@" not in str(refusal.value)


def test_a_provider_and_a_gateway_are_each_one_address():
    url = "anymail+mailgun://?api_key=a%26b&webhook_secret=name:word"
    sms = "twilio://AC1:to%2Fken@api.twilio.com?service=MG7"
    show = "s.EMAIL_BACKEND, s.ANYMAIL, s.SMS_GATEWAY.token, s.SMS_GATEWAY"

    code, said, faults = start(GOOD | {"EMAIL_URL": url, "SMS_URL": sms}, show)

    assert code == 0, faults
    assert "anymail.backends.mailgun.EmailBackend" in said
    assert "{'WEBHOOK_SECRET': 'name:word', 'MAILGUN_API_KEY': 'a&b'}" in said
    assert said.count("to/ken") == 1  # asked for by name, and not in its picture
    assert "('MessagingServiceSid', 'MG7')" in said


@pytest.mark.parametrize(
    ("first", "seconds"),
    [
        pytest.param("import massage_portal.wsgi", 5, id="web"),
        pytest.param("import massage_portal.celery", 60, id="worker"),
        pytest.param("", 60, id="command"),
    ],
)
def test_a_statement_for_which_a_person_waits_ends_sooner(first, seconds, tmp_path):
    show = "s.DATABASES['default']['OPTIONS']['options']"
    code, said, faults = start(GOOD | {"STATIC_ROOT": str(tmp_path)}, show, first)

    assert code == 0, faults
    assert f"-c statement_timeout={seconds}s " in said
