# How many vectors an embedding has, beside what else lists are filtered by. A constant default: no row is rewritten. 0011 fills it.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0009_renditions'),
    ]

    operations = [
        migrations.AddField(
            model_name='embedding',
            name='vectors',
            field=models.SmallIntegerField(db_default=0, default=0, editable=False, help_text='Vectors of the newest version, by which lists are filtered.'),
        ),
    ]
