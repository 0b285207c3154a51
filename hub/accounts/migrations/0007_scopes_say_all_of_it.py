# Labels alone: the database is asked for nothing.

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_profiles'),
    ]

    operations = [
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'Read: see and download what you may see'), ('write', 'Write: upload and edit embeddings and collections, change your profile and preferences'), ('train', 'Train: submit and cancel training jobs'), ('admin', 'Admin: list, make and revoke your tokens, manage your webhooks, download all your data')], max_length=16), size=None),
        ),
    ]
