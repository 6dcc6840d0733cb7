"""Answers of somebody who wants their data erased are emptied; a final submission else stays."""

from django.db import migrations, models

PROMISES = """
CREATE FUNCTION surveys_final_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
        AND NEW.answers = '{}' AND NEW.paradata = '{}'
        AND to_jsonb(NEW) - ARRAY['answers', 'paradata', 'flat', 'erased_at']
            = to_jsonb(OLD) - ARRAY['answers', 'paradata', 'flat', 'erased_at']
        AND EXISTS (SELECT FROM surveys_occasion o
                    JOIN surveys_participant p ON p.id = o.participant_id
                    WHERE o.id = OLD.occasion_id AND p.withdrawal_scope = 'erase_data')
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% of % is not allowed: %', TG_OP, TG_TABLE_NAME,
        CASE WHEN OLD.erased_at IS NULL THEN 'the submission is final'
             ELSE 'the submission is erased' END
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER final_submission_stays ON surveys_submission;
CREATE TRIGGER final_submission_stays BEFORE UPDATE OR DELETE ON surveys_submission
    FOR EACH ROW WHEN (OLD.state = 'final' OR OLD.erased_at IS NOT NULL)
    EXECUTE FUNCTION surveys_final_stays();
"""

UNDO = """
DROP TRIGGER final_submission_stays ON surveys_submission;
DROP FUNCTION surveys_final_stays;
CREATE TRIGGER final_submission_stays BEFORE UPDATE OR DELETE ON surveys_submission
    FOR EACH ROW WHEN (OLD.state = 'final')
    EXECUTE FUNCTION surveys_refuse('the submission is final');
"""


class Migration(migrations.Migration):
    """One narrow exception to what the database promises."""

    dependencies = [("surveys", "0006_notifications")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="submission",
            constraint=models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(answers={}, paradata={}),
                name="erased_is_empty",
            ),
        ),
        migrations.RunSQL(PROMISES, UNDO),
    ]
