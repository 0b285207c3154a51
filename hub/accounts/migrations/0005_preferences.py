# How a person wants the site. The default is constant: no row is rewritten.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_mails_and_megabytes'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='preferences',
            field=models.JSONField(blank=True, db_default={}, default=dict, editable=False, help_text='What hub.preferences lets people choose, taken along to each browser they sign in with.'),
        ),
    ]
