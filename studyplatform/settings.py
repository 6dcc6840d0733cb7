"""The one settings file. Everything that differs between places comes from the environment."""

from __future__ import annotations

import base64
from pathlib import Path

from studyplatform import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var")))

MODE = env.text("MODE", "development")
if MODE not in {"production", "development", "demo", "test"}:
    raise env.BadSetting(f"MODE={MODE!r}: expected production, development, demo or test")
DEBUG = env.flag("DEBUG")
CLOCK_MAY_MOVE = MODE in {"demo", "test"}

SECRET_KEY = env.text("SECRET_KEY", "insecure-development-key")
FIELD_KEYS = env.text("FIELD_KEYS", "dev:" + base64.b64encode(b"d" * 32).decode())
LINK_KEY = env.text("LINK_KEY", "insecure-development-link-key").encode()

PUBLIC_ORIGIN = env.text("PUBLIC_ORIGIN", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "surveys",
    "analytics",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "studyplatform.urls"
WSGI_APPLICATION = "studyplatform.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [
            BASE_DIR / "surveys" / face / "templates" for face in ("portal", "console", "messaging")
        ],
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

DATABASES = {"default": env.database(env.text("DATABASE_URL", "postgresql://app@/app?host=/tmp"))}
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")

AUTH_USER_MODEL = "surveys.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    folder
    for folder in (BASE_DIR / "surveys" / face / "static" for face in ("portal", "console"))
    if folder.is_dir()
]
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = MODE in {"development", "test"}
EXPORT_DIR = VAR_DIR / "exports"

CELERY_BROKER_URL = REDIS_URL
TICK_SECONDS = env.number("TICK_SECONDS", 30)
