# Columns and tables of fair queues, allowances and workers. Each column has a constant default: no row is rewritten.

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_admin_scope'),
        ('registry', '0005_families'),
        ('training', '0007_job_snapshots'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Allowance',
            fields=[
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='allowance', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('unfinished_jobs', models.PositiveIntegerField(blank=True, help_text='Jobs that wait or train.', null=True)),
                ('running_jobs', models.PositiveIntegerField(blank=True, help_text='Jobs that train at one time.', null=True)),
                ('minutes_a_day', models.PositiveIntegerField(blank=True, help_text='Worker minutes in 24 hours.', null=True)),
                ('megabytes', models.PositiveIntegerField(blank=True, help_text='Stored files, training images included.', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Worker',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('device', models.CharField(blank=True, help_text='What it trains on.', max_length=80)),
                ('slots', models.IntegerField(help_text='Pictures in a pass.')),
                ('started', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When it was heard of last.')),
                ('draining', models.BooleanField(db_default=False, default=False, help_text='It ends what it trains and takes no more jobs.')),
            ],
            options={
                'ordering': ['-seen'],
            },
        ),
        migrations.AddField(
            model_name='job',
            name='changed',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='When anything of the row changed last; a trigger writes it.'),
        ),
        migrations.AddField(
            model_name='job',
            name='continues',
            field=models.ForeignKey(blank=True, db_index=False, help_text='The finished job that this one trains further.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='continued_by', to='training.job'),
        ),
        migrations.AddField(
            model_name='job',
            name='device_seconds',
            field=models.FloatField(db_default=0.0, default=0.0, help_text="The job's share of its workers' time, over all attempts."),
        ),
        migrations.AddField(
            model_name='job',
            name='further',
            field=models.IntegerField(db_default=0, default=0, help_text='How many of its steps are added to what another job has learned.'),
        ),
        migrations.AddField(
            model_name='job',
            name='images_deleted',
            field=models.DateTimeField(blank=True, help_text='When its training images were deleted.', null=True),
        ),
        migrations.AddField(
            model_name='jobimage',
            name='size',
            field=models.IntegerField(db_default=0, default=0, help_text='Bytes of the PNG.'),
        ),
    ]
