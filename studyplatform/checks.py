"""System checks for rules that span several settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import autodiscover_modules

from surveys.messaging import delivery, webhooks
from surveys.messaging.transports import smtp

MARGIN_SECONDS = 60
LEAST_RUN_SECONDS = 10


@register()
def visibility_outlasts_every_task(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """A task that runs longer than the visibility time-out is handed to a second worker."""
    from studyplatform.celery import app

    autodiscover_modules("tasks")  # not Celery's own way, which runs these checks again
    visible = app.conf.broker_transport_options["visibility_timeout"]
    return [
        Error(
            f"task {name} may run {limit} s, but the broker hands it out again after {visible} s",
            hint="raise settings.VISIBILITY_SECONDS, or give the task a time_limit",
            id="studyplatform.E001",
        )
        for name, limit in _limits(app.tasks).items()
        if limit + MARGIN_SECONDS > visible
    ]


@register()
def a_slow_mail_server_fits_into_a_delivery(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """A mail that is cut off by its task's limit would be `unknown`, so none may take so long."""
    server = smtp.configured("localhost")
    if delivery.seconds_to_begin(server) >= LEAST_RUN_SECONDS:
        return []
    return [
        Error(
            f"one mail may take {server.longest_mail:.0f} s when the mail server is slow at every"
            f" step, but a delivery is stopped after {settings.DELIVER_SOFT_SECONDS} s",
            hint="lower the timeout in EMAIL_URL, or raise settings.DELIVER_SECONDS",
            id="studyplatform.E003",
        )
    ]


@register(Tags.security, deploy=True)
def mail_is_not_sent_in_the_clear(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Links in mails open questionnaires, so mail to another machine travels encrypted."""
    smtp = settings.SMTP
    if smtp.tls or smtp.host in {"localhost", "127.0.0.1", "::1"}:
        return []
    hint = "use EMAIL_URL=smtp://...?tls=starttls or ?tls=ssl"
    return [Error(f"mail goes to {smtp.host} unencrypted", hint=hint, id="studyplatform.E002")]


@register(Tags.security)
def reports_about_mails_are_verified(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Whoever could forge a report could stop a participant's mails."""
    return [
        Error(f"reports of {name} are not listened to: {why}", id="studyplatform.E004")
        for name in settings.MAIL_WEBHOOK_PROVIDERS
        if (why := webhooks.insecure(name))
    ]


def _limits(tasks: Any) -> dict[str, float]:
    """The hard time limit of every task of ours, in seconds."""
    return {
        name: task.time_limit or settings.CELERY_TASK_TIME_LIMIT
        for name, task in tasks.items()
        if not name.startswith("celery.")
    }
