# The counts of filters are read from an index alone, built without keeping anybody from writing.

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0011_known_vectors'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='embedding',
            index=models.Index(
                condition=models.Q(('moderation', ''), ('visibility', 'public')),
                fields=['base', 'kind', 'license', 'vectors', 'rating'],
                name='registry_embedding_facets',
            ),
        ),
    ]
