# When notices are mailed, and what an account may store. The time is the same for all rows that are there: none is rewritten.

import django.db.models.functions.datetime
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('accounts', '0003_notices'),
    ]

    operations = [
        RemoveIndexConcurrently(
            model_name='notice',
            name='accounts_notice_to_mail',
        ),
        migrations.AddField(
            model_name='notice',
            name='mail_after',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, help_text='When to mail it, or to try again; empty for never.', null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='megabytes',
            field=models.PositiveIntegerField(blank=True, help_text='Of stored files. Empty for what the hub allows everybody.', null=True, verbose_name='megabytes allowed'),
        ),
        AddIndexConcurrently(
            model_name='notice',
            index=models.Index(condition=models.Q(('mail_after__isnull', False)), fields=['mail_after'], name='accounts_notice_due'),
        ),
    ]
