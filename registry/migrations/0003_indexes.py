# Indexes over rows that are there already, built without keeping anybody from writing.

import django.contrib.postgres.indexes
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

# A build that was cut off leaves an index that is not valid; the next run starts it anew.
FILE_ONCE = [
    "DROP INDEX CONCURRENTLY IF EXISTS registry_file_once",
    "CREATE UNIQUE INDEX CONCURRENTLY registry_file_once ON registry_file (version_id, target, dtype, filename)",
    "ALTER TABLE registry_file DROP CONSTRAINT registry_file_of_version, "
    "ADD CONSTRAINT registry_file_once UNIQUE USING INDEX registry_file_once",
]
FILE_OF_VERSION = [
    "DELETE FROM registry_file WHERE dtype <> 'float32'",
    "ALTER TABLE registry_file DROP CONSTRAINT registry_file_once, "
    "ADD CONSTRAINT registry_file_of_version UNIQUE (version_id, target, filename)",
]


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('registry', '0002_hashes'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FILE_ONCE, FILE_OF_VERSION)],
            state_operations=[
                migrations.RemoveConstraint(model_name='file', name='registry_file_of_version'),
                migrations.AddConstraint(
                    model_name='file',
                    constraint=models.UniqueConstraint(fields=('version', 'target', 'dtype', 'filename'), name='registry_file_once'),
                ),
            ],
        ),
        AddIndexConcurrently(
            model_name='embedding',
            index=django.contrib.postgres.indexes.GinIndex(fields=['skeletons'], name='registry_embedding_skeletons'),
        ),
    ]
