# Indexes over rows that are there already, built without keeping anybody from writing.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('training', '0008_jobs_that_survive'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'running'])), fields=['owner', 'id'], name='training_job_unfinished'),
        ),
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(fields=['owner', 'started'], name='training_job_of_day'),
        ),
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(condition=models.Q(('continues__isnull', False)), fields=['continues'], name='training_job_continued'),
        ),
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(condition=models.Q(('state', 'succeeded')), fields=['base', '-finished'], name='training_job_speed'),
        ),
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(condition=models.Q(('finished__isnull', False), ('images_deleted', None)), fields=['finished'], name='training_job_images'),
        ),
    ]
