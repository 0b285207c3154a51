# The sizes of versions are those of their canonical files, which are known. In batches, so that no transaction is long.
# Pictures that are there already count nothing: only the storage knows how large they are.

from django.db import migrations

BATCH = 10_000

SIZES = """
UPDATE registry_version SET size = file.size
FROM registry_file file
WHERE file.version_id = registry_version.id AND file.target = 'canonical' AND file.dtype = 'float32'
    AND registry_version.id BETWEEN %(first)s AND %(last)s AND registry_version.size = 0
"""


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM registry_version")
        lowest, highest = cursor.fetchone()
        for first in range(lowest, highest + 1, BATCH):
            cursor.execute(SIZES, {"first": first, "last": first + BATCH - 1})


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0006_sizes'),
    ]

    operations = [
        migrations.RunPython(forwards, migrations.RunPython.noop),
    ]
