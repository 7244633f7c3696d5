"""
Read where mail and texts go, each from one address. Pure: settings.py calls it.

A mistake is named as the portal starts, not when the first message should go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
SENDER = re.compile(r"\+[1-9]\d{7,14}|\d{5,6}")  # E.164, or a short code


class Provider(NamedTuple):
    """A mail provider that django-anymail speaks to."""

    needs: tuple[str, ...]  # the settings without which it takes nothing
    reader: str = ""  # anymail's class that reads what it tells us; "": tells nothing


# Those that need no package besides the ones that the portal has.
PROVIDERS = {
    "brevo": Provider(("api_key",), "BrevoTrackingWebhookView"),
    "mailersend": Provider(("api_token",)),
    "mailgun": Provider(("api_key",), "MailgunTrackingWebhookView"),
    "mailjet": Provider(("api_key", "secret_key"), "MailjetTrackingWebhookView"),
    "mailtrap": Provider(("api_token",), "MailtrapTrackingWebhookView"),
    "postmark": Provider(("server_token",), "PostmarkTrackingWebhookView"),
    "scaleway": Provider(("secret_key", "project_id")),
    "sparkpost": Provider(("api_key",), "SparkPostTrackingWebhookView"),
    "unisender_go": Provider(("api_key", "api_url"), "UnisenderGoTrackingWebhookView"),
}


def mail_provider(url: str) -> tuple[str, dict[str, str]]:
    """
    Return the provider's name and anymail's settings; "" and none for SMTP.

    :param url: "anymail+postmark://?server_token=...&webhook_secret=name:word".
    :raises ImproperlyConfigured: for a provider that is unknown, or lacks a setting.
    """
    scheme, _, rest = url.partition("://")
    kind, _, name = scheme.partition("+")
    if kind != "anymail":
        return "", {}
    if name not in PROVIDERS:
        raise ImproperlyConfigured(
            f"EMAIL_URL names a provider that is not known. After anymail+ stands one "
            f"of: {', '.join(PROVIDERS)}."
        )
    given = dict(parse_qsl(rest.partition("?")[2]))
    for needed in PROVIDERS[name].needs:
        if not given.get(needed):
            raise ImproperlyConfigured(f"EMAIL_URL: anymail+{name} needs {needed}=.")
    shared = {"WEBHOOK_SECRET": given.pop("webhook_secret", "")}
    own = {f"{name}_{key}".upper(): value for key, value in given.items()}
    return name, {key: value for key, value in (shared | own).items() if value}


@dataclass(frozen=True)
class Gateway:
    """An SMS gateway that speaks the HTTP interface that Twilio published."""

    base: str  # "https://api.twilio.com"
    account: str
    token: str = field(repr=False)
    sender: tuple[str, str]  # ("From", "+15075550100"), as the interface names it


def sms_gateway(url: str) -> Gateway | None:
    """
    Return where texts go; None, and so no texts at all, for "".

    :param url: "twilio://SID:TOKEN@api.twilio.com?from=%2B15075550100", or service=MG..
        in place of from=. "twilio+http://" speaks plainly, to this machine only.
    :raises ImproperlyConfigured: for what is none.
    """
    if not url:
        return None
    parts = urlsplit(url)
    scheme = {"twilio": "https", "twilio+http": "http"}.get(parts.scheme)
    if scheme is None:
        raise ImproperlyConfigured("SMS_URL begins with twilio://, or is empty.")
    if scheme == "http" and parts.hostname not in LOOPBACK:
        raise ImproperlyConfigured(
            "SMS_URL: twilio+http:// would send the token in the clear. Use twilio://."
        )
    if not (parts.username and parts.password and parts.hostname):
        raise ImproperlyConfigured("SMS_URL needs SID:TOKEN@ before its host.")
    return Gateway(
        base=f"{scheme}://{parts.netloc.rpartition('@')[2]}",
        account=unquote(parts.username),
        token=unquote(parts.password),
        sender=_sender(parts),
    )


def _sender(parts: SplitResult) -> tuple[str, str]:
    given = dict(parse_qsl(parts.query))
    number = given.get("from", "").replace(" ", "+")  # what a bare + stands for
    if SENDER.fullmatch(number):
        return ("From", number)
    if given.get("service", "").startswith("MG"):
        return ("MessagingServiceSid", given["service"])
    raise ImproperlyConfigured(
        "SMS_URL needs ?from=%2B15075550100, your number with the + as %2B, or "
        "?service=MG..."
    )
