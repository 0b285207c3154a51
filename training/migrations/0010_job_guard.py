# The database itself refuses a job that goes where it may not, and says when a row changed.
# The checks hold for new rows from here on; 0011 looks at the old ones without locking writers out.

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

GUARD = """
CREATE FUNCTION training_job_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT (
        (OLD.state = 'queued' AND NEW.state IN ('running', 'cancelled'))
        OR (OLD.state = 'running' AND NEW.state IN ('queued', 'succeeded', 'failed', 'cancelled'))
    ) THEN
        RAISE EXCEPTION 'job % cannot go from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION 'the fence of job % cannot sink', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    NEW.changed := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER training_job_guard BEFORE UPDATE ON training_job FOR EACH ROW EXECUTE FUNCTION training_job_guard();
"""
NO_GUARD = "DROP TRIGGER training_job_guard ON training_job; DROP FUNCTION training_job_guard();"


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0009_job_indexes'),
    ]

    operations = [
        migrations.RunSQL(GUARD, NO_GUARD),
        AddConstraintNotValid(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'failed', 'cancelled'])), name='training_job_state'),
        ),
        AddConstraintNotValid(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until', None)), _connector='OR'), name='training_job_lease'),
        ),
        AddConstraintNotValid(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished__isnull', False), ('state__in', ('succeeded', 'failed', 'cancelled'))), models.Q(models.Q(('state__in', ('succeeded', 'failed', 'cancelled')), _negated=True), ('finished', None)), _connector='OR'), name='training_job_end'),
        ),
        AddConstraintNotValid(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'failed'), models.Q(('error_code', ''), _negated=True)), models.Q(models.Q(('state', 'failed'), _negated=True), ('error_code', '')), _connector='OR'), name='training_job_reason'),
        ),
    ]
