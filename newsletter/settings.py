"""The environment (and a `.env` file beside the checkout) becomes Django's settings.

Nothing else reads the environment. Every variable is listed in docs/running.md, and a test holds the two together.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from newsletter import environment

BASE_DIR = Path(__file__).resolve().parent.parent
environment.load_file("NEWSLETTER_ENV_FILE", BASE_DIR / ".env")

# ------------------------------------------------------------ where things are
VAR = Path(environment.text("NEWSLETTER_VAR", str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)
# Words of the house for the proofreading, in prh's YAML, on top of those that are shipped. It need not exist.
HOUSE_DICTIONARY = Path(environment.text("NEWSLETTER_HOUSE_DICTIONARY", str(VAR / "hyoki.yml")))
# Lists of subscribers that staff uploaded and have not taken in yet: private, gone after a day.
UPLOADS = VAR / "uploads"
# Goodbyes that could not be entered in the ledger yet: private, empty again as soon as the database can be written.
GOODBYES = VAR / "goodbyes"
BASE_URL = environment.web_address("NEWSLETTER_BASE_URL", "http://127.0.0.1:8000")
LISTEN_PORT = environment.integer("NEWSLETTER_PORT", 8000, 1, 65535)
LISTEN_HOST = environment.text("NEWSLETTER_HOST", "127.0.0.1")

# ------------------------------------------------------------ secrets
SECRET_KEY = environment.secret("NEWSLETTER_SECRET_KEY", VAR / "secret.key")
SECRET_KEY_FALLBACKS = environment.words("NEWSLETTER_OLD_SECRET_KEYS")
# Fingerprints of addresses must survive a change of SECRET_KEY, or a suppression would be forgotten.
FINGERPRINT_KEY = environment.secret("NEWSLETTER_FINGERPRINT_KEY", VAR / "fingerprint.key")
DEBUG = environment.boolean("NEWSLETTER_DEBUG", False)

# ------------------------------------------------------------ the outside: relay, feeds, proxy
CATCHER_SMTP_PORT = environment.integer("NEWSLETTER_CATCHER_SMTP_PORT", 2525, 1, 65535)
CATCHER_WEB_PORT = environment.integer("NEWSLETTER_CATCHER_WEB_PORT", 8025, 1, 65535)
CATCHER_MAILDIR = VAR / "catcher"
# Until a real relay is configured, mail goes to the catcher on this machine and cannot leave it.
CATCHER_RELAY_URL = f"smtp://127.0.0.1:{CATCHER_SMTP_PORT}"
RELAY_URL = environment.relay_addresses("NEWSLETTER_RELAY_URL", CATCHER_RELAY_URL)
RELAY_CA_FILE = environment.text("NEWSLETTER_RELAY_CA_FILE", "")
RELAY_CONNECTIONS = environment.integer("NEWSLETTER_RELAY_CONNECTIONS", 4, 1, 64)
# Some hop behind the relay may turn 8-bit bodies into base64 and so break our DKIM signature: only where none does.
RELAY_8BITMIME = environment.boolean("NEWSLETTER_RELAY_8BITMIME", False)
# How long a silent worker of another machine counts as alive.
LEASE_SECONDS = environment.integer("NEWSLETTER_LEASE_SECONDS", 120, 3, 3600)
# DKIM: the key files in var/dkim that sign what we send. With none, signing is left to the relay, if it does that.
DKIM_FOLDER = VAR / "dkim"
DKIM_KEYS = environment.words("NEWSLETTER_DKIM_KEYS")
RELAY_SIGNS = environment.boolean("NEWSLETTER_RELAY_SIGNS", False)
FEEDS_ALLOW_LOOPBACK = environment.boolean("NEWSLETTER_FEEDS_ALLOW_LOOPBACK", False)
# Without it nobody looks at the pages that an issue links to: for machines that are not on the Internet.
CHECK_LINKS = environment.boolean("NEWSLETTER_CHECK_LINKS", True)
# The proxy in front of `newsletter serve`, if there is one: only its X-Forwarded-For and -Proto are believed.
TRUSTED_PROXY = environment.ip_address("NEWSLETTER_TRUSTED_PROXY")
ERROR_MAIL = environment.words("NEWSLETTER_ERROR_MAIL")

# ------------------------------------------------------------ databases
DATABASE_URL = environment.text("DATABASE_URL", f"sqlite:///{VAR / 'newsletter.sqlite3'}")


def _database(url: str) -> dict[str, Any]:
    try:
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60))
    except (dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
        # The address may hold a password: say its form, not its text.
        raise ImproperlyConfigured(
            "DATABASE_URL: sqlite:///PATH か postgres://USER:PASSWORD@HOST:PORT/NAME の形で書いてください"
        ) from error
    engine = str(database["ENGINE"])
    if engine.endswith("sqlite3"):
        if str(database["NAME"]) in ("", ":memory:"):
            raise ImproperlyConfigured("DATABASE_URL: sqlite:///PATH のように、ファイルの場所を書いてください")
        options: dict[str, Any] = {
            # IMMEDIATE: a writer waits its turn at BEGIN instead of failing in the middle.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        }
        database["TEST"] = {"NAME": str(VAR / "test.sqlite3")}  # a real file, as in production
    elif engine.endswith("postgresql"):
        options = {
            "options": "-c lock_timeout=30s",  # as on SQLite: whoever waits in vain is told so
            "connect_timeout": 3,  # seconds; without it a server that says nothing is waited for without end
            # Milliseconds for what was sent and not taken. Longer than a lock is waited for: so long a server may
            # leave the rows of a list unread.
            "tcp_user_timeout": 35_000,
        }
    else:
        raise ImproperlyConfigured("DATABASE_URL: 使えるのは SQLite と PostgreSQL だけです")
    database["OPTIONS"] = options | database.get("OPTIONS", {})
    return database


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _huey() -> object:
    # Its tables are made by `newsletter migrate`, so that a database that is away is no reason not to start at all.
    if str(DATABASES["default"]["ENGINE"]).endswith("postgresql"):
        from huey import PostgresHuey

        return PostgresHuey("newsletter", dsn=DATABASE_URL, utc=True, create_tables=False)
    from huey import SqliteHuey

    return SqliteHuey("newsletter", filename=str(VAR / "huey.sqlite3"), utc=True, create_tables=False)


HUEY = _huey()

# ------------------------------------------------------------ Django
INSTALLED_APPS = [
    "newsletter.apps.NewsletterConfig",
    "feeds.apps.FeedsConfig",
    "subscribers.apps.SubscribersConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "newsletter.web.security.ContentSecurityPolicy",
    "newsletter.web.language.ReadersLanguage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "newsletter.urls"
WSGI_APPLICATION = "newsletter.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "web"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "newsletter.web.context.association",
                "newsletter.web.context.languages",
            ],
        },
    },
]
MAIL_TEMPLATES = BASE_DIR / "templates" / "mail"
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("en", "English")]  # of the readers' pages and letters; newsletter/locale
TIME_ZONE = environment.time_zone("NEWSLETTER_TIME_ZONE", "Asia/Tokyo")
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MANIFEST_STRICT = False
MEDIA_ROOT = VAR / "media"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# ------------------------------------------------------------ security of the pages
_base = urlsplit(BASE_URL)
HTTPS = _base.scheme == "https"
ALLOWED_HOSTS = [str(_base.hostname), *environment.words("NEWSLETTER_ALLOWED_HOSTS")]
if _base.hostname == "127.0.0.1":
    ALLOWED_HOSTS.append("localhost")
CSRF_TRUSTED_ORIGINS = [f"{_base.scheme}://{_base.netloc}"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 10
SECURE_SSL_REDIRECT = False  # the proxy in front does that; links are made from BASE_URL
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
FILE_UPLOAD_PERMISSIONS = 0o640
# newsletter.E… are our own; these two ask for what the proxy in front does.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "newsletter_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # past that, old counts of the rate limits are thrown away
    }
}

# ------------------------------------------------------------ mail of Django itself (password reset, errors)
_relay = urlsplit(RELAY_URL.split()[0])  # of several, the first
EMAIL_HOST, EMAIL_PORT = str(_relay.hostname), _relay.port or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_relay.username or ""), unquote(_relay.password or "")
EMAIL_USE_SSL = _relay.scheme == "smtps"
EMAIL_USE_TLS = _relay.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "newsletter.web.staff_mail.RelayBackend"
ADMINS = [("", address) for address in ERROR_MAIL]
if ERROR_MAIL:
    SERVER_EMAIL = ERROR_MAIL[0]  # a relay refuses the default, root@localhost

# ------------------------------------------------------------ logs: words for people, no addresses, no tokens
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"without_tokens": {"()": "newsletter.web.security.WithoutTokens"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_tokens"]},
        "error_mail": {
            "class": "newsletter.web.staff_mail.ErrorMail",
            "level": "ERROR",
            "filters": ["without_tokens"],
        },
    },
    "loggers": {"django": {"handlers": ["error_mail"], "level": "INFO"}},
    "root": {"handlers": ["console"], "level": environment.log_level("NEWSLETTER_LOG_LEVEL", "WARNING")},
}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
