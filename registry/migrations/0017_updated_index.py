# What was changed last is listed from an index, as clients of the Hugging Face protocol ask for it; built without keeping anybody from writing.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0016_numbers'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='embedding',
            index=models.Index(
                condition=models.Q(('visibility', 'public')), fields=['updated', 'id'], name='registry_embedding_updated'
            ),
        ),
    ]
