"""Reports of mail providers over HTTP: verified and translated by anymail, then noted.

An address exists only for the providers that the settings name and whose reports can be verified.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from surveys import pipeline
from surveys.lib import clock
from surveys.messaging.bounces import TooSoon
from surveys.messaging.providers import PROVIDERS
from surveys.messaging.reports import TrackingEvent, read
from surveys.messaging.webhooks import insecure

# What reading a report raises that is none; the last is anymail's for mails in place of reports.
NO_REPORT = (
    LookupError, TypeError, ValueError, AttributeError, RecursionError,
    OverflowError, OSError,  # both of a moment that no clock shows
    ImproperlyConfigured,
)  # fmt: skip
LOG = logging.getLogger(__name__)


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def listen(request: HttpRequest, provider: str) -> HttpResponse:
    """Take one POST of reports: 200 also for what is old or not ours, 400 when it is not genuine.

    503 asks the provider to report again later. Some providers try the address with a HEAD.
    """
    if provider not in settings.MAIL_WEBHOOK_PROVIDERS or insecure(provider):
        raise Http404("no such provider")
    try:
        for event in _events(request, provider) if request.method == "POST" else ():
            _note(event, provider)
    except TooSoon as error:
        LOG.info("asked %s to report again: %s", provider, error)
        return HttpResponse(status=503)
    return HttpResponse()


def _events(request: HttpRequest, provider: str) -> Sequence[TrackingEvent]:
    """What a genuine POST holds; anything else is suspicious, and Django answers 400."""
    view = import_string(PROVIDERS[provider].view)()
    try:
        view.run_validators(request)
        events: Sequence[TrackingEvent] = view.parse_events(request)
    except NO_REPORT as error:
        raise SuspiciousOperation(f"not a report as {provider} makes them") from error
    return events


def _note(event: TrackingEvent, provider: str) -> None:
    now = clock.now()
    report = read(event, provider=provider, now=now)
    if report is None:
        LOG.info("a report of %s names no mail of ours", provider)
    else:
        pipeline.note_mail_report(report=report, now=now)
