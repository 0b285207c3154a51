# Webhooks and their log. New tables alone.

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('published', 'An embedding of yours is public'), ('version_added', 'An embedding of yours has a new version'), ('job_finished', 'A job of yours ended, well or not'), ('taken_down', 'An embedding of yours was taken down')], max_length=20), size=None)),
                ('secret', models.BinaryField(help_text='Sealed.')),
                ('former_secret', models.BinaryField(help_text='Sealed.', null=True)),
                ('former_until', models.DateTimeField(help_text='Until when the former secret signs too.', null=True)),
                ('active', models.BooleanField(db_default=True, default=True)),
                ('failing_since', models.DateTimeField(help_text='Of the first failure after the last success.', null=True)),
                ('stopped', models.DateTimeField(help_text='When the hub gave up on it.', null=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('event', models.CharField(max_length=20)),
                ('key', models.CharField(help_text='What it is about; a webhook hears of each thing once.', max_length=80)),
                ('data', models.JSONField()),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('delivered', 'delivered'), ('failed', 'failed')], db_default='waiting', default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('next_try', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ('tried', models.DateTimeField(null=True)),
                ('status', models.PositiveSmallIntegerField(help_text='Of the last answer.', null=True)),
                ('milliseconds', models.PositiveIntegerField(null=True)),
                ('excerpt', models.CharField(blank=True, db_default='', default='', max_length=1000)),
                ('problem', models.CharField(blank=True, db_default='', default='', help_text='Why there was no answer.', max_length=300)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.webhook')),
            ],
            options={
                'ordering': ['-created', '-id'],
                'indexes': [models.Index(condition=models.Q(('next_try__isnull', False)), fields=['next_try'], name='webhooks_delivery_due'), models.Index(fields=['webhook', '-created', '-id'], name='webhooks_delivery_log'), models.Index(fields=['created'], name='webhooks_delivery_created')],
                'constraints': [models.UniqueConstraint(fields=('webhook', 'key'), name='webhooks_delivery_once')],
            },
        ),
    ]
