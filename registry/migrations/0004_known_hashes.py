# What the rows know already goes into the index of hashes, and targets get the names of the tools that read them. In
# batches, so that no transaction is long. "manage.py index_hashes" does the rest, which needs the files themselves.

from django.db import migrations

BATCH = 10_000

HASHES = """
INSERT INTO registry_hash (version_id, kind, value, uploaded)
SELECT DISTINCT version_id, kind, value, false FROM (
    SELECT version_id, 'sha256' AS kind, sha256 AS value FROM registry_file WHERE id BETWEEN %(first)s AND %(last)s
    UNION ALL SELECT version_id, 'autov3', autov3 FROM registry_file WHERE id BETWEEN %(first)s AND %(last)s AND autov3 <> ''
    UNION ALL SELECT version_id, 'crc32', crc32 FROM registry_file WHERE id BETWEEN %(first)s AND %(last)s
    UNION ALL SELECT version_id, 'digest', version.digest
        FROM registry_file file JOIN registry_version version ON version.id = version_id
        WHERE file.id BETWEEN %(first)s AND %(last)s
) known
ON CONFLICT DO NOTHING
"""

# Only rows of versions that the new code has not indexed: to the new code, "a1111" means another file.
TARGETS = """
UPDATE registry_file SET target = CASE target WHEN 'safetensors' THEN 'canonical' ELSE 'a1111-pt' END
FROM registry_version version
WHERE version.id = version_id AND version.indexed = '' AND registry_file.id BETWEEN %(first)s AND %(last)s
    AND target IN ('safetensors', 'a1111')
"""

BACK = """
UPDATE registry_file SET target = CASE target WHEN 'canonical' THEN 'safetensors' ELSE 'a1111' END
WHERE id BETWEEN %(first)s AND %(last)s AND target IN ('canonical', 'a1111-pt')
"""


def in_batches(schema_editor, *statements):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), -1) FROM registry_file")
        lowest, highest = cursor.fetchone()
        for first in range(lowest, highest + 1, BATCH):
            for statement in statements:
                cursor.execute(statement, {"first": first, "last": first + BATCH - 1})


def forwards(apps, schema_editor):
    in_batches(schema_editor, HASHES, TARGETS)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        # Files that the old code does not write; the rest are as it wrote them.
        cursor.execute("DELETE FROM registry_file WHERE target NOT IN ('canonical', 'a1111-pt', 'diffusers', 'diffusers-bin')")
        cursor.execute("DELETE FROM registry_file WHERE dtype <> 'float32'")
    in_batches(schema_editor, BACK)


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0003_indexes'),
    ]

    operations = [
        migrations.RunPython(forwards, backwards),
    ]
