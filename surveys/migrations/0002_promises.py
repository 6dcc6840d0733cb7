"""What the database itself promises: the audit trail only grows, a final submission stays."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION surveys_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is not allowed: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE ON surveys_event
    FOR EACH ROW EXECUTE FUNCTION surveys_refuse('the audit trail only grows');
CREATE TRIGGER event_is_not_emptied BEFORE TRUNCATE ON surveys_event
    FOR EACH STATEMENT EXECUTE FUNCTION surveys_refuse('the audit trail only grows');

CREATE TRIGGER final_submission_stays BEFORE UPDATE OR DELETE ON surveys_submission
    FOR EACH ROW WHEN (OLD.state = 'final')
    EXECUTE FUNCTION surveys_refuse('the submission is final');

CREATE TRIGGER published_protocol_stays BEFORE UPDATE ON surveys_protocolversion
    FOR EACH ROW WHEN (OLD.document IS DISTINCT FROM NEW.document
                       OR OLD.content_hash IS DISTINCT FROM NEW.content_hash
                       OR OLD.version IS DISTINCT FROM NEW.version)
    EXECUTE FUNCTION surveys_refuse('a published protocol does not change');
CREATE TRIGGER published_protocol_is_kept BEFORE DELETE ON surveys_protocolversion
    FOR EACH ROW EXECUTE FUNCTION surveys_refuse('a published protocol is kept');
CREATE TRIGGER instrument_version_stays BEFORE UPDATE ON surveys_instrumentversion
    FOR EACH ROW EXECUTE FUNCTION surveys_refuse('an instrument version does not change');
"""

UNDO = """
DROP TRIGGER event_is_append_only ON surveys_event;
DROP TRIGGER event_is_not_emptied ON surveys_event;
DROP TRIGGER final_submission_stays ON surveys_submission;
DROP TRIGGER published_protocol_stays ON surveys_protocolversion;
DROP TRIGGER published_protocol_is_kept ON surveys_protocolversion;
DROP TRIGGER instrument_version_stays ON surveys_instrumentversion;
DROP FUNCTION surveys_refuse;
"""


class Migration(migrations.Migration):
    """Triggers, since a rule that only Python keeps is a hope."""

    dependencies = [("surveys", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, UNDO)]
