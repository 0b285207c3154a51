# Answers to requests that may be sent again, and what is left of rates. New tables alone.

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rate',
            fields=[
                ('key', models.CharField(help_text='A token, an account or an address.', max_length=80, primary_key=True, serialize=False)),
                ('spent_until', models.DateTimeField(help_text='When all that was spent has come back.')),
            ],
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(help_text='SHA-256 of the key.', max_length=64)),
                ('fingerprint', models.CharField(help_text='SHA-256 of what was asked for.', max_length=64)),
                ('status', models.PositiveSmallIntegerField()),
                ('location', models.CharField(blank=True, max_length=300)),
                ('body', models.BinaryField(help_text='JSON, sealed with the key itself: it may hold a secret that is shown once.')),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['created'], name='requests_answer_created')],
                'constraints': [models.UniqueConstraint(fields=('owner', 'digest'), name='requests_answer_once')],
            },
        ),
        # Counters are not worth a flush to disk for each request, and may be lost in a crash.
        migrations.RunSQL('ALTER TABLE requests_rate SET UNLOGGED', 'ALTER TABLE requests_rate SET LOGGED'),
    ]
