# How much of the disk versions and pictures take. Both have a constant default: no row is rewritten. 0007 fills what is known.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0005_families'),
    ]

    operations = [
        migrations.AddField(
            model_name='preview',
            name='size',
            field=models.IntegerField(db_default=0, default=0, help_text='Bytes of the picture; 0 where it is older than this column.'),
        ),
        migrations.AddField(
            model_name='version',
            name='size',
            field=models.IntegerField(db_default=0, default=0, help_text='Bytes of the canonical file.'),
        ),
    ]
