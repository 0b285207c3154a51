# A diary of each job, written by the database itself so that nothing can happen without it, and the loss on fixed draws while
# it trains. The column has a constant default: no row is rewritten. Jobs from before have no diary.

import django.db.models.deletion
from django.db import migrations, models

DIARY = """
CREATE FUNCTION training_job_diary() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE what text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        what := 'submitted';
    ELSIF NEW.fence > OLD.fence THEN
        what := CASE OLD.state WHEN 'running' THEN 'taken_over' ELSE 'begun' END;
    ELSIF NEW.state IS DISTINCT FROM OLD.state THEN
        what := CASE NEW.state WHEN 'queued' THEN 'returned' ELSE NEW.state END;
    ELSIF NEW.cancel_requested AND NOT OLD.cancel_requested THEN
        what := 'cancel_asked';
    ELSE
        RETURN NULL;
    END IF;
    INSERT INTO training_jobevent (job_id, at, what, step, attempt) VALUES (NEW.id, clock_timestamp(), what, NEW.step, NEW.attempts);
    RETURN NULL;
END $$;
CREATE TRIGGER training_job_diary AFTER INSERT OR UPDATE OF state, fence, cancel_requested ON training_job
    FOR EACH ROW EXECUTE FUNCTION training_job_diary();
"""
NO_DIARY = "DROP TRIGGER training_job_diary ON training_job; DROP FUNCTION training_job_diary();"


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0013_duties_and_sizes'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='fixed_loss_curve',
            field=models.JSONField(blank=True, db_default=[], default=list, help_text='[[step, loss], …] on the same draws each time.'),
        ),
        migrations.CreateModel(
            name='JobEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('what', models.CharField(choices=[('submitted', 'Submitted'), ('begun', 'Begun'), ('taken_over', 'Taken Over'), ('returned', 'Returned'), ('cancel_asked', 'Cancel Asked'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], max_length=16)),
                ('step', models.IntegerField(help_text='Where the job was.')),
                ('attempt', models.IntegerField()),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='training.job')),
            ],
            options={'ordering': ['id']},
        ),
        migrations.RunSQL(DIARY, NO_DIARY),
    ]
