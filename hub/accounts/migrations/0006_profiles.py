# What people say of themselves, names of deleted accounts, tokens that end. New columns have database defaults: no row is rewritten.

import django.contrib.postgres.fields
import django.db.models.functions.datetime
import hub.accounts.models
import hub.accounts.names
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_preferences'),
    ]

    operations = [
        migrations.CreateModel(
            name='RetiredName',
            fields=[
                ('name', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('retired', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name='apitoken',
            name='expires',
            field=models.DateTimeField(blank=True, help_text='When it stops to work; empty for never.', null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='bio',
            field=models.TextField(blank=True, db_default='', default='', help_text='Markdown.', max_length=1000),
        ),
        migrations.AddField(
            model_name='user',
            name='bio_html',
            field=models.TextField(blank=True, db_default='', default='', editable=False),
        ),
        migrations.AddField(
            model_name='user',
            name='display_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=60),
        ),
        migrations.AddField(
            model_name='user',
            name='likes_hidden',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether nobody else sees what this account likes.'),
        ),
        migrations.AddField(
            model_name='user',
            name='mails_notices',
            field=models.BooleanField(db_default=True, default=True, help_text='Whether notices are mailed too.'),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'Read: see and download what you may see'), ('write', 'Write: upload and edit embeddings and collections'), ('train', 'Train: submit and cancel training jobs'), ('admin', 'Admin: list, make and revoke your tokens, download all your data')], max_length=16), size=None),
        ),
        migrations.AlterField(
            model_name='user',
            name='username',
            field=models.CharField(error_messages={'unique': 'This user name is taken; choose another.'}, help_text="3 to 64 lower-case letters, digits, hyphens or underscores. It is part of your pages' addresses.", max_length=64, unique=True, validators=[hub.accounts.names.validate_owner_name, hub.accounts.models.validate_not_retired], verbose_name='user name'),
        ),
    ]
