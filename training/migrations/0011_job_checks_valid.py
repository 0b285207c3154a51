# Looks through the rows that were there before the checks; reads and writes go on meanwhile.

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0010_job_guard'),
    ]

    operations = [
        ValidateConstraint(model_name='job', name='training_job_state'),
        ValidateConstraint(model_name='job', name='training_job_lease'),
        ValidateConstraint(model_name='job', name='training_job_end'),
        ValidateConstraint(model_name='job', name='training_job_reason'),
    ]
