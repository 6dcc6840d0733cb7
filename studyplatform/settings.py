"""The one settings file. Everything that differs between places comes from the environment.

docs/reference/settings.md explains each variable. A missing secret or a wrong value stops the
process at once with a sentence that names the variable.
"""

from __future__ import annotations

import base64
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any

from kombu import Queue

from studyplatform import env, jobs, logs
from studyplatform.embedded import keys, place
from surveys.messaging.providers import PROVIDERS

zoneinfo.reset_tzpath(to=())  # the tzdata wheel alone, so that every host has the same zones

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var")

# Whoever names a database of their own and no mode is serving a real study.
DATABASE_URL = env.text("DATABASE_URL")
MODE = env.choice(
    "MODE",
    "production" if DATABASE_URL else "development",
    ("production", "development", "demo", "test"),
)
DEBUG = env.flag("DEBUG")
CLOCK_MAY_MOVE = MODE in {"demo", "test"}
CRASH_AT = env.text("CRASH_AT") if MODE == "test" else ""
if DEBUG and MODE == "production":
    raise env.BadSetting("DEBUG=1 shows answers and addresses; it needs MODE=development")

_made = keys.load(VAR_DIR)  # by `make up`, for one machine


def _secret(name: str, insecure: str) -> str:
    value = env.text(name) or _made.get(name, "")
    if not value and MODE == "production":
        raise env.BadSetting(f"{name} must be set (or MODE=development for insecure keys)")
    return value or insecure


SECRET_KEY = _secret("SECRET_KEY", "insecure-development-key")
FIELD_KEYS = _secret("FIELD_KEYS", "dev:" + base64.b64encode(b"d" * 32).decode())
LINK_KEY = _secret("LINK_KEY", "insecure-development-link-key").encode()

_origin = env.origin("PUBLIC_ORIGIN", "http://127.0.0.1:8000")
PUBLIC_ORIGIN = _origin.geturl()
IS_HTTPS = _origin.scheme == "https"
ALLOWED_HOSTS = [
    _origin.hostname or "",
    "localhost",
    "127.0.0.1",
    "[::1]",
    *env.words("ALLOWED_HOSTS"),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "studyplatform",
    "surveys",
    "analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "studyplatform.headers.DynamicHeaders",
    "csp.middleware.CSPMiddleware",
    "studyplatform.refusals.RefuseMalformed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "studyplatform.urls"
WSGI_APPLICATION = "studyplatform.wsgi.application"

_FACES = [BASE_DIR / "surveys" / face for face in ("portal", "console", "messaging", "api")]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [folder / "templates" for folder in _FACES],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_noted = place.noted(VAR_DIR)  # by the servers of `make up`, which may run or not
USES_OWN_DATABASE = not DATABASE_URL
DATABASES = {
    "default": env.database(
        DATABASE_URL or _noted.get("DATABASE_URL", "postgresql://app@/app?host=/nowhere"),
        statement_seconds=env.number("STATEMENT_SECONDS", 0, at_least=0),
    )
}
REDIS_URL = env.text("REDIS_URL") or _noted.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "studyplatform.cache.FailingOpenCache",
        "LOCATION": env.text("CACHE_URL") or REDIS_URL,
        "KEY_PREFIX": f"cache-{MODE}",
        "OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.3},  # a visitor waits
    }
}

AUTH_USER_MODEL = "surveys.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "console:studies"
ACCOUNT_ADAPTER = "surveys.access.account.StaffAccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # administrators make the accounts
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # a stranger's request sends no mail
# allauth's own copies the address into a row of its own when somebody looks at a link.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 - a class, no secret
# One network address may be a whole school: 600 people with four pages each get through.
ACCOUNT_RATE_LIMITS = {"join": "2400/h/ip"}
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "surveys.access.account.StaffMFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Study console"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

# A cookie named __Host- cannot be set by another host or path; browsers demand https for it.
_COOKIE_PREFIX = "__Host-" if IS_HTTPS else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict is not sent from a mail program
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"
CSRF_FAILURE_VIEW = "surveys.portal.pages.csrf_failure"  # keeps what participants typed

BEHIND_PROXY = env.flag("BEHIND_PROXY")  # a proxy that sets X-Forwarded-Proto itself
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0  # attempts are counted by address
SECURE_SSL_REDIRECT = IS_HTTPS and BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_HTTPS else 0
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # subdomains are not ours to decide
SECURE_REFERRER_POLICY = "same-origin"  # with no-referrer browsers send "Origin: null", refused
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
MAX_BODY_BYTES = 25_000_000  # an enrolment file of 50,000 people; Django counts no files
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "surveys" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_DIR") or VAR_DIR / "static")  # an image brings its own
STATICFILES_DIRS = [folder / "static" for folder in _FACES if (folder / "static").is_dir()]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = MODE in {"development", "test"}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"  # a proxy compresses
    },
}
EXPORT_DIR = Path(env.text("EXPORT_DIR") or VAR_DIR / "exports")  # web and workers share it

SMTP = env.smtp(env.text("EMAIL_URL", "smtp://127.0.0.1:1025"))
MAIL_FROM = env.text("MAIL_FROM", "Study office <studies@localhost>")
MAIL_CAP_PER_DAY = int(
    env.number("MAIL_CAP_PER_DAY", 6)
)  # for one participant, whatever the plan says
LEASE_SECONDS = env.number("LEASE_SECONDS", 180)
MAILS_PER_MINUTE_PER_DOMAIN = env.number(
    "MAILS_PER_MINUTE_PER_DOMAIN", 0 if CLOCK_MAY_MOVE else 60, at_least=0
)  # a pace in real time; 0 means none
# Reports about mails; a provider without its key or secret is not listened to (see checks.py).
MAIL_WEBHOOK_PROVIDERS = env.some_of("MAIL_WEBHOOK_PROVIDERS", tuple(PROVIDERS))
_webhook_settings = {
    "WEBHOOK_SECRET": env.words("MAIL_WEBHOOK_SECRET"),
    "MAILGUN_WEBHOOK_SIGNING_KEY": env.text("MAILGUN_WEBHOOK_SIGNING_KEY"),
    "POSTAL_WEBHOOK_KEY": env.text("POSTAL_WEBHOOK_KEY"),
}
ANYMAIL = {name: value for name, value in _webhook_settings.items() if value}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = SMTP.host, SMTP.port, SMTP.timeout
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = SMTP.user, SMTP.password
EMAIL_USE_TLS, EMAIL_USE_SSL = SMTP.tls == "starttls", SMTP.tls == "ssl"

# Celery. The broker is a doorbell: a task lost or run twice changes nothing (docs/architecture.md).
TICK_SECONDS = env.number("TICK_SECONDS", 30)
TASK_SECONDS = 120
DELIVER_SECONDS = 480  # a mail server may be slow at every step, yet a mail is never cut off
DELIVER_SOFT_SECONDS = DELIVER_SECONDS - 30
VISIBILITY_SECONDS = 600  # an unacknowledged task comes back after this; above every task's limit
CELERY_BROKER_URL = env.broker(REDIS_URL)
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = TASK_SECONDS
CELERY_TASK_SOFT_TIME_LIMIT = TASK_SECONDS - 30
CELERY_TASK_PUBLISH_RETRY = False  # surveys/lib/doorbell.py: the next tick catches up
# Each queue has workers of its own (studyplatform/processes.py): windows open and close on time
# however long a mail server takes, and an export takes minutes and much memory.
CELERY_TASK_QUEUES = [Queue(name, routing_key=name) for name in ("planning", "sending", "exports")]
CELERY_TASK_DEFAULT_QUEUE = "planning"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {
    "surveys.tasks.deliver": {"queue": "sending"},
    "surveys.tasks.notify": {"queue": "sending"},
    "analytics.tasks.build_export": {"queue": "exports"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
# SIGTERM lets tasks end. A soft shutdown would sleep its whole time out although they have ended.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 0
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 10,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
}
CELERY_BEAT_SCHEDULER = "studyplatform.ticking:Scheduler"  # static, and counts who waits
JOBS = jobs.jobs(TICK_SECONDS)
CELERY_BEAT_SCHEDULE = jobs.beat_schedule(JOBS)

LOG_FORMAT = env.choice(
    "LOG_FORMAT", "json" if MODE == "production" else "text", ("json", "text", "colour")
)
LOGGING = logs.configuration(LOG_FORMAT, env.text("LOG_LEVEL", "INFO").upper())

# The API
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["surveys.api.limits.SmallJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "surveys.api.limits.Pages",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"user": "600/min", "anon": "60/min"},
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,  # else callers could name any address as theirs
    "NON_FIELD_ERRORS_KEY": "detail",
    "EXCEPTION_HANDLER": "surveys.api.problems.handle",
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_PREFIX": "study_",  # so that a leaked one is recognised
    "TOKEN_TTL": timedelta(days=90),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Study platform",
    "DESCRIPTION": "Read studies and their plans, enrol participants, fetch exports.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],  # the description is for everybody, whatever token they show
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False},
}
# End of the API
