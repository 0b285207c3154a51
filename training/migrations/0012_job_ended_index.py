# What staff are told of jobs that ended is read from an index alone; it is built without keeping anybody from writing.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('training', '0011_job_checks_valid'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='job',
            index=models.Index(condition=models.Q(('finished__isnull', False)), fields=['finished'], include=('state', 'error_code', 'device_seconds'), name='training_job_ended'),
        ),
    ]
