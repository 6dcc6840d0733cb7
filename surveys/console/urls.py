"""The researcher's URLs, all below /console/."""

from __future__ import annotations

from django.urls import path

from surveys.console import (
    activity,
    alerts,
    changing,
    checking,
    designing,
    instruments,
    mails,
    paying,
    people,
    publishing,
    resending,
    sending,
    studies,
    writing,
)

app_name = "console"
STUDY = "studies/<slug:code>/"
INSTRUMENT = "instruments/<slug:code>/<int:version>/"
ALERT = STUDY + "alerts/<str:alert>/"
PERSON = STUDY + "people/<str:participant>/"

urlpatterns = [
    path("", studies.studies, name="studies"),
    path("sending/", sending.sending, name="sending"),
    path("sending/hold/", sending.hold, name="hold"),
    path("sending/release/", sending.release, name="release"),
    path("new-study/", designing.new, name="new_study"),
    path("instruments/", instruments.instruments, name="instruments"),
    path(INSTRUMENT, instruments.instrument, name="instrument"),
    path(INSTRUMENT + "wording/", instruments.word, name="word_instrument"),
    path(STUDY, studies.study, name="study"),
    path(STUDY + "design/", designing.design, name="design"),
    path(STUDY + "design/file/", designing.download, name="design_file"),
    path(STUDY + "design/load/", designing.load, name="load_design"),
    path(STUDY + "design/preview/", publishing.preview, name="preview"),
    path(STUDY + "design/publish/", publishing.publish, name="publish"),
    path(STUDY + "plans/", checking.plans, name="plans"),
    path(STUDY + "people/", people.people, name="people"),
    path(STUDY + "panel-list/", paying.panel_list, name="panel_list"),
    path(STUDY + "enrol/", people.enrol, name="enrol"),
    path(PERSON, people.participant, name="participant"),
    path(PERSON + "contact/", people.contact, name="contact"),
    path(PERSON + "withdraw/", changing.withdraw, name="withdraw"),
    path(PERSON + "move/", changing.move, name="move"),
    path(PERSON + "anchor/", changing.set_anchor, name="set_anchor"),
    path(PERSON + "pause/", changing.pause, name="pause"),
    path(PERSON + "resume/", changing.resume, name="resume"),
    path(PERSON + "time/", changing.set_time_of_day, name="set_time_of_day"),
    path(PERSON + "reminders/", writing.set_reminders, name="set_reminders"),
    path(PERSON + "address/", writing.correct_address, name="correct_address"),
    path(PERSON + "write-again/", writing.lift_suppression, name="lift_suppression"),
    path(PERSON + "mails-again/", writing.resubscribe, name="resubscribe"),
    path(STUDY + "outbox/", mails.outbox, name="outbox"),
    path(STUDY + "outbox/resend/", resending.resend_all, name="resend_all"),
    path(STUDY + "outbox/<uuid:message>/resend/", resending.resend, name="resend"),
    path(STUDY + "outbox/<uuid:message>/", mails.message, name="message"),
    path(STUDY + "outbox/<uuid:message>/mail/", mails.mail, name="mail"),
    path(STUDY + "alerts/", alerts.alerts, name="alerts"),
    path(STUDY + "alerts/drill/", alerts.drill, name="drill"),
    path(ALERT, alerts.alert, name="alert"),
    path(ALERT + "answers/", alerts.look, name="look_at_alert"),
    path(ALERT + "acknowledge/", alerts.acknowledge, name="acknowledge"),
    path(ALERT + "note/", alerts.note, name="note_on_alert"),
    path(STUDY + "activity/", activity.activity, name="activity"),
]
