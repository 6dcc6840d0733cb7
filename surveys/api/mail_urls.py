"""Where mail providers report what became of mails, below /mail/."""

from __future__ import annotations

from django.urls import path

from surveys.api import mail_reports

app_name = "mail"
urlpatterns = [path("<slug:provider>/", mail_reports.listen, name="reports")]
