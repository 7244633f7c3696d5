"""
One settings file: only the environment varies. `.env.example` lists every variable.

Without DATABASE_URL the portal keeps its own PostgreSQL and Valkey under .local/ (see
embedded.py) and makes itself a secret. With it, this is production: the variables
that production must name are then required, and a missing one is named.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

from massage_portal import embedded
from massage_portal.logs import LOGGING as LOGGING
from massage_portal.outbox.gateways import mail_provider, sms_gateway

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

PRODUCTION = bool(env.str("DATABASE_URL", ""))


def local_secret() -> str:
    """Return this checkout's own secret, made at first use, readable by its owner."""
    path = LOCAL_DIR / "secret_key"
    if not path.exists():
        LOCAL_DIR.mkdir(mode=0o700, exist_ok=True)
        # Written whole, then linked: of two processes that begin at once, one wins.
        with NamedTemporaryFile("w", dir=LOCAL_DIR) as draft:  # made with mode 0600
            draft.write(secrets.token_urlsafe(64))
            draft.flush()
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


def required(name: str) -> str:
    """Return the variable, or refuse to start and name it."""
    value: str = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. Production needs it: see .env.example."
        )
    return value


if PRODUCTION:
    SECRET_KEY = required("SECRET_KEY")
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10 or "change-me" in SECRET_KEY:
        raise ImproperlyConfigured(
            "SECRET_KEY is an example or too short. Make one with: "
            'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    ALLOWED_HOSTS = [host for host in required("ALLOWED_HOSTS").split(",") if host]
    DATABASE_URL = required("DATABASE_URL")
    REDIS_URL = required("REDIS_URL")
    EMAIL_URL = required("EMAIL_URL")
    ORIGIN = env.str("PORTAL_ORIGIN", f"https://{ALLOWED_HOSTS[0]}")
else:
    SECRET_KEY = local_secret()
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
    _own = embedded.addresses(LOCAL_DIR)
    DATABASE_URL = _own.database_url
    REDIS_URL = env.str("REDIS_URL", _own.broker_url)
    EMAIL_URL = env.str("EMAIL_URL", "smtp://127.0.0.1:1025")
    ORIGIN = env.str("PORTAL_ORIGIN", "http://127.0.0.1:8000")

# How many proxies of ours stand in front: that many addresses of X-Forwarded-For, from
# the right, are theirs to tell. 0 believes none. Sign-in limits and the audit use it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# The one place that mail links and redirects come from; never the request's Host.
PORTAL_ORIGIN = ORIGIN.rstrip("/")
HTTPS = urlsplit(PORTAL_ORIGIN).scheme == "https"
DEBUG = False

INSTALLED_APPS = [
    "massage_portal",
    "massage_portal.accounts",
    "massage_portal.audit",
    "massage_portal.outbox",
    "services",
    "referrals",
    "appointments",
    "allauth",
    "allauth.account",
    "crispy_forms",
    "django_htmx",
    "phonenumber_field",
    "pgtrigger",
    "massage_portal.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",  # so that templates/django/forms can replace its widgets
]

MIDDLEWARE = [
    "massage_portal.headers.Headers",  # first: its headers go on every answer
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "massage_portal.resilience.WholeRequests",
    "massage_portal.resilience.BoundedRequests",  # before what reads forms
    "massage_portal.resilience.Unavailable",
    "massage_portal.headers.Conditional",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "massage_portal.resilience.ForFormsAlone",
]

ROOT_URLCONF = "massage_portal.urls"
WSGI_APPLICATION = "massage_portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "massage_portal.navigation.navigation",
            ],
            "libraries": {"i18n": "massage_portal.templatetags.words"},
            "builtins": [
                "massage_portal.templatetags.addresses",
                "massage_portal.templatetags.once",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = ("portal",)
CRISPY_TEMPLATE_PACK = "portal"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Data -----------------------------------------------------------------------------
SILENCE = env.int("DATABASE_SILENCE_SECONDS", 2)
DATABASES = {"default": env.dj_db_url("DATABASE_URL", DATABASE_URL)}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    # Nobody waits for ever: a lock 5 s, a statement 5 s where a person waits for it
    # (wsgi.py says so), and a minute in commands and tasks. A server of which nothing
    # is heard is gone: a kept connection ends within these seconds, and the one that is
    # tried in its place within as many, so that a page says so within 5.
    "OPTIONS": {
        "connect_timeout": SILENCE,
        "tcp_user_timeout": SILENCE * 1000,  # for what was sent; as the next two, TCP's
        "keepalives_idle": 1,  # for what is waited for
        "keepalives_interval": 1,
        # A misspelled name is found where its trigrams are alike by this much, 0 to 1.
        "options": "-c lock_timeout=5s"
        f" -c statement_timeout={env.int('STATEMENT_SECONDS', 60)}s"
        " -c pg_trgm.word_similarity_threshold=0.4"
        # A machine of ours that vanishes keeps its locks for no longer than a minute:
        # the server asks after it, and ends its session. Else TCP waits for hours.
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10"
        " -c tcp_keepalives_count=3 -c tcp_user_timeout=60s"
        # What is prepared is planned once: see massage_portal/prepared.py. Whatever
        # server can compile its plans would do so at every call, in many times the time
        # that the statement takes, and somebody's therapist is locked meanwhile.
        " -c plan_cache_mode=force_generic_plan -c jit=off",
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Sign-in limits are counted here; they must hold, and sign-in must work, when the
# broker is away. So the cache is a table.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
    },
    # What one process reckoned a moment ago: no health data, and nothing that counts.
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- Who signs in ---------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["massage_portal.accounts.backend.Backend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "services:home"
ACCOUNT_ADAPTER = "massage_portal.accounts.adapter.InvitedOnly"
ACCOUNT_FORMS = {
    "login": "massage_portal.accounts.forms.SignIn",
    "reset_password": "massage_portal.accounts.forms.AskForLink",
    "reset_password_from_key": "massage_portal.accounts.forms.NewPassword",
    "change_password": "massage_portal.accounts.forms.ChangePassword",
}
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "massage_portal.accounts.clocks.ResetKeys"  # noqa: S105 - a class
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation's link is the verification
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"django.contrib.auth.password_validation.{name}",
        "OPTIONS": options,
    }
    for name, options in [
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    ]
]
PASSWORD_HASHERS = env.list(
    "PASSWORD_HASHERS",
    [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ],
)
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_ENGINE = "massage_portal.accounts.clocks"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- Words and times ------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [BASE_DIR / "massage_portal" / "locale"]
FORMAT_MODULE_PATH = ["massage_portal.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "America/Chicago"  # the clinic's; rows are UTC, each place has its own zone
PHONENUMBER_DEFAULT_REGION = "US"
PHONENUMBER_DEFAULT_FORMAT = "INTERNATIONAL"  # as pages show it: +1 507-555-0100

# --- Files ----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(LOCAL_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "letters": {  # outside of what the web server serves
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.str("LETTERS_DIR", str(LOCAL_DIR / "letters")),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": env.str(
            "STATICFILES_STORAGE",
            "whitenoise.storage.CompressedManifestStaticFilesStorage",
        )
    },
}
WHITENOISE_USE_FINDERS = env.bool("STATIC_FROM_SOURCE", False)

# --- Safety ---------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 63072000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked by machines, plainly
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # headers.py sends X-Frame-Options, always
    "templates.W003",  # Django's i18n tags are ours on purpose: templatetags/words.py
]
_prefix = "__Host-" if HTTPS else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PORTAL_ORIGIN]
CSRF_FAILURE_VIEW = "massage_portal.refusals.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # with files, unless access.takes says more
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- Mail and work in the background --------------------------------------------------
MAIL_PROVIDER, ANYMAIL = mail_provider(EMAIL_URL)
_mail = env.dj_email_url("EMAIL_URL", EMAIL_URL)
if MAIL_PROVIDER:
    _mail["EMAIL_BACKEND"] = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
if "EMAIL_BACKEND" not in _mail:
    raise ImproperlyConfigured(
        "EMAIL_URL begins with no scheme that is known: use smtp://, submission:// or "
        "anymail+ and a provider's name."
    )
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
if EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend":
    EMAIL_BACKEND = "massage_portal.outbox.carriers.smtp.Backend"
EMAIL_HOST = _mail["EMAIL_HOST"]
EMAIL_PORT = _mail["EMAIL_PORT"]
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS = _mail["EMAIL_USE_TLS"]
EMAIL_USE_SSL = _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10  # seconds to connect, and as many to hand one mail over
ANYMAIL_REQUESTS_TIMEOUT = EMAIL_TIMEOUT
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "clinic@example.org")
CLINIC_PHONE = env.str("CLINIC_PHONE", "507-555-0100")
SMS_GATEWAY = sms_gateway(env.str("SMS_URL", ""))  # None: nobody is sent a text
# How often beat looks for messages and texts due, and for lapsed holds, in seconds.
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 20.0)
# What the names of kept pages begin with in Redis; "" keeps none.
KEPT_PAGES = env.str("KEPT_PAGES", "pages")
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # logging stays as logs.py says
CELERY_TASK_IGNORE_RESULT = True
# A task only says that there are rows to look at, and beat says so again: one that is
# lost does no harm. To acknowledge it late, over a connection that is gone by then,
# ends the whole worker (kombu 5.7).
CELERY_TASK_ACKS_LATE = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    "visibility_timeout": 300,
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": name, "schedule": SWEEP_SECONDS, "options": {"expires": 300}}
    for name in [
        "outbox.send_due",
        "services.publish_due",
        "appointments.lapse_offers",
        "appointments.offer_freed_times",
        "appointments.draw_up_due",
        "appointments.send_drafts_due",
    ]
}
for _task in [
    "accounts.clear_sessions",
    "referrals.warn_of_expiry",
    "appointments.tell_of_waits",
]:
    CELERY_BEAT_SCHEDULE[_task] = {"task": _task, "schedule": 3600.0}
CELERY_BEAT_SCHEDULE["appointments.reckon_waits"] = {
    "task": "appointments.reckon_waits",
    "schedule": 6 * 3600.0,
}
