"""What belongs together belongs to one study, and final submissions are not emptied away."""

from django.db import migrations

PROMISES = """
CREATE FUNCTION surveys_study_of_participant(bigint) RETURNS bigint LANGUAGE sql STABLE
    RETURN (SELECT study_id FROM surveys_participant WHERE id = $1);
CREATE FUNCTION surveys_study_of_protocol(bigint) RETURNS bigint LANGUAGE sql STABLE
    RETURN (SELECT study_id FROM surveys_protocolversion WHERE id = $1);

CREATE TRIGGER protocol_stays_in_its_study BEFORE UPDATE OF study_id ON surveys_protocolversion
    FOR EACH ROW WHEN (OLD.study_id <> NEW.study_id)
    EXECUTE FUNCTION surveys_refuse('a protocol stays in its study');
CREATE TRIGGER participant_stays_in_its_study BEFORE UPDATE OF study_id ON surveys_participant
    FOR EACH ROW WHEN (OLD.study_id <> NEW.study_id)
    EXECUTE FUNCTION surveys_refuse('a participant stays in their study');
CREATE TRIGGER participant_is_of_one_study
    BEFORE INSERT OR UPDATE OF protocol_id ON surveys_participant
    FOR EACH ROW WHEN (NEW.study_id <> surveys_study_of_protocol(NEW.protocol_id))
    EXECUTE FUNCTION surveys_refuse('the protocol is of another study');
CREATE TRIGGER allocation_is_of_one_study BEFORE INSERT OR UPDATE ON surveys_allocation
    FOR EACH ROW WHEN (NEW.study_id <> surveys_study_of_participant(NEW.participant_id))
    EXECUTE FUNCTION surveys_refuse('the participant is of another study');
CREATE TRIGGER person_is_of_one_study BEFORE INSERT OR UPDATE ON surveys_person
    FOR EACH ROW WHEN (NEW.study_id <> surveys_study_of_participant(NEW.participant_id))
    EXECUTE FUNCTION surveys_refuse('the participant is of another study');

-- Occasions come by the hundred thousand, so one look serves all new rows of a statement.
CREATE FUNCTION surveys_refuse_foreign_occasions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fresh
               JOIN surveys_participant p ON p.id = fresh.participant_id
               JOIN surveys_protocolversion v ON v.id = fresh.protocol_id
               WHERE p.study_id <> v.study_id) THEN
        RAISE EXCEPTION '% on % is not allowed: the protocol is of another study',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER occasions_are_of_one_study AFTER INSERT ON surveys_occasion
    REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION surveys_refuse_foreign_occasions();
CREATE TRIGGER occasion_stays_in_one_study
    BEFORE UPDATE OF participant_id, protocol_id ON surveys_occasion
    FOR EACH ROW WHEN ((OLD.participant_id, OLD.protocol_id) <> (NEW.participant_id, NEW.protocol_id)
                       AND surveys_study_of_participant(NEW.participant_id)
                           <> surveys_study_of_protocol(NEW.protocol_id))
    EXECUTE FUNCTION surveys_refuse('the protocol is of another study');

CREATE FUNCTION surveys_refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM surveys_submission WHERE state = 'final') THEN
        RAISE EXCEPTION '% of % is not allowed: there are final submissions',
            TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER final_submissions_are_not_emptied BEFORE TRUNCATE ON surveys_submission
    FOR EACH STATEMENT EXECUTE FUNCTION surveys_refuse_emptying();
"""

UNDO = """
DROP TRIGGER protocol_stays_in_its_study ON surveys_protocolversion;
DROP TRIGGER participant_stays_in_its_study ON surveys_participant;
DROP TRIGGER participant_is_of_one_study ON surveys_participant;
DROP TRIGGER allocation_is_of_one_study ON surveys_allocation;
DROP TRIGGER person_is_of_one_study ON surveys_person;
DROP TRIGGER occasions_are_of_one_study ON surveys_occasion;
DROP TRIGGER occasion_stays_in_one_study ON surveys_occasion;
DROP TRIGGER final_submissions_are_not_emptied ON surveys_submission;
DROP FUNCTION surveys_refuse_foreign_occasions;
DROP FUNCTION surveys_refuse_emptying;
DROP FUNCTION surveys_study_of_participant;
DROP FUNCTION surveys_study_of_protocol;
"""


class Migration(migrations.Migration):
    """Triggers where a constraint would need a second table."""

    dependencies = [("surveys", "0003_moments_of_occasions")]

    operations = [migrations.RunSQL(PROMISES, UNDO)]
