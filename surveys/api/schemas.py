"""What requests and answers look like; no answer holds a name or an address."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from surveys.design.models import Study
from surveys.design.queries import NotPublished, current
from surveys.design.registry import protocol_of
from surveys.participants.entries import CODE, MAX_NAME, MAX_STRATUM
from surveys.participants.models import Participant
from surveys.scheduling.models import Occasion
from surveys.scheduling.states import OccasionState

WHOLE_CODE = f"^{CODE.pattern}$"


class FieldProblem(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField()
    detail = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = serializers.ListField(  # type: ignore[assignment]  # a field, taken out of the class
        child=FieldProblem(), required=False
    )


class Wave(serializers.Serializer[Any]):
    """One slot of the protocol."""

    code = serializers.CharField()
    title = serializers.DictField(child=serializers.CharField(), allow_null=True)
    instruments = serializers.ListField(child=serializers.CharField())
    arms = serializers.ListField(child=serializers.CharField())
    n_occasions = serializers.IntegerField(source="schedule.n_occasions")


class ProtocolShown(serializers.Serializer[Any]):
    """The protocol in force."""

    version = serializers.IntegerField()
    content_hash = serializers.CharField()
    published_at = serializers.DateTimeField()
    languages = serializers.ListField(child=serializers.CharField())
    arms = serializers.ListField(child=serializers.CharField())
    forms = serializers.ListField(child=serializers.CharField())
    anchors = serializers.ListField(child=serializers.CharField())
    strata = serializers.ListField(child=serializers.CharField())
    consent_version = serializers.IntegerField()
    waves = Wave(many=True)


class StudyShown(serializers.ModelSerializer[Study]):
    """A study, shortly."""

    title = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Study
        fields = ("code", "title", "is_paused", "created_at")


class StudyWithProtocol(StudyShown):
    """A study with its protocol; none before it is published."""

    protocol = serializers.SerializerMethodField()

    class Meta(StudyShown.Meta):
        fields = (*StudyShown.Meta.fields, "protocol")  # type: ignore[assignment]  # one more

    @extend_schema_field(ProtocolShown(allow_null=True))
    def get_protocol(self, study: Study) -> dict[str, Any] | None:
        """The newest version."""
        try:
            row = current(study)
        except NotPublished:
            return None
        protocol = protocol_of(row)
        shown = {
            "version": row.version,
            "content_hash": row.content_hash,
            "published_at": row.published_at,
            "languages": protocol.languages,
            "arms": [arm.code for arm in protocol.arms],
            "forms": [form.code for form in protocol.forms],
            "anchors": protocol.anchors,
            "strata": protocol.allocation.strata if protocol.allocation else (),
            "consent_version": protocol.consent.version,
            "waves": protocol.waves,
        }
        return dict(ProtocolShown(shown).data)


class CoverageUnit(serializers.Serializer[Any]):
    """What is covered: a wave, an instrument in it, or there some items or one scale."""

    wave = serializers.CharField()
    instrument = serializers.CharField()
    items = serializers.ListField(child=serializers.CharField())
    scale = serializers.CharField()


class CoverageMatrix(serializers.Serializer[Any]):
    """For each pair of units the share of the people who by design have both."""

    units = CoverageUnit(many=True)
    shares = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class CoverageShown(serializers.Serializer[Any]):
    """The coverage of the protocol in force; `warnings` name pairs that nobody has."""

    version = serializers.IntegerField()
    waves = CoverageMatrix()
    instruments = CoverageMatrix()
    items = CoverageMatrix(many=True)
    scales = CoverageMatrix(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class ParticipantShown(serializers.ModelSerializer[Participant]):
    """A participant by pseudonym."""

    strata = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Participant
        fields = (
            "code",
            "status",
            "arm",
            "form",
            "site",
            "strata",
            "language",
            "timezone",
            "enrolled_at",
            "joined_by",
            "group",
            "consent_pending_since",
            "withdrawn_at",
            "withdrawal_scope",
            "reminders",
        )


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.CharField):
    """A date and time that is read like those of the enrolment file."""


class Enrolment(serializers.Serializer[Any]):
    """Somebody to be enrolled; the words are those of the enrolment file."""

    email = serializers.CharField(max_length=254, write_only=True)
    language = serializers.CharField(max_length=12)
    timezone = serializers.CharField(max_length=64)
    consent_version = serializers.IntegerField(min_value=1)
    consented_at = Moment(max_length=40)
    code = serializers.RegexField(WHOLE_CODE, max_length=20, required=False)
    name = serializers.CharField(
        max_length=MAX_NAME, required=False, allow_blank=True, write_only=True
    )
    site = serializers.CharField(max_length=MAX_STRATUM, required=False, allow_blank=True)
    strata = serializers.DictField(
        child=serializers.CharField(max_length=MAX_STRATUM), required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse fields that nobody would read: a misspelt one must not go unnoticed."""
        unknown = set(self.initial_data) - set(self.fields)
        if unknown:
            expected = ", ".join(self.fields)
            raise serializers.ValidationError(
                dict.fromkeys(sorted(unknown), f"Unknown field; expected {expected}.")
            )
        return attrs

    def cells(self) -> dict[str, str]:
        """The same as a row of the enrolment file."""
        values = dict(self.validated_data)
        strata = values.pop("strata", {})
        return {name: str(value) for name, value in {**values, **strata}.items()}


class OccasionShown(serializers.ModelSerializer[Occasion]):
    """One planned measurement of one participant, and where it stands."""

    participant = serializers.CharField(source="participant.code")
    state = serializers.ChoiceField(choices=[state.value for state in OccasionState])
    protocol_version = serializers.IntegerField(source="protocol.version")

    class Meta:
        model = Occasion
        fields = (
            "id",
            "participant",
            "wave",
            "nth",
            "state",
            "cause",
            "protocol_version",
            "opens_at",
            "closes_at",
            "link_opened_at",
            "started_at",
            "last_saved_at",
            "ended_at",
        )


class OccasionFilter(serializers.Serializer[Any]):
    """Which occasions to list."""

    participant = serializers.RegexField(WHOLE_CODE, max_length=20, required=False)
    wave = serializers.SlugField(max_length=60, required=False)
    state = serializers.ChoiceField(
        choices=[state.value for state in OccasionState], required=False
    )
