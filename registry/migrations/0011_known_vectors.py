# The vectors of embeddings are those of their newest versions, which are known. In batches, so that no transaction is long.

from django.db import migrations

BATCH = 2_000

VECTORS = """
UPDATE registry_embedding SET vectors = newest.vectors
FROM (
    SELECT DISTINCT ON (embedding_id) embedding_id, vectors FROM registry_version
    WHERE embedding_id BETWEEN %(first)s AND %(last)s ORDER BY embedding_id, number DESC
) newest
WHERE registry_embedding.id = newest.embedding_id AND registry_embedding.vectors = 0
"""


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM registry_embedding")
        lowest, highest = cursor.fetchone()
        for first in range(lowest, highest + 1, BATCH):
            cursor.execute(VECTORS, {"first": first, "last": first + BATCH - 1})


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0010_vectors'),
    ]

    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
