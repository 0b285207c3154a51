"""The PostgreSQL broker's tables, in a schema of their own, by the broker's own installer."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from dramatiq_postgres import schema

from training.broker import SCHEMA


def install(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        schema.init(cursor, SCHEMA)


def remove(apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(f'DROP SCHEMA IF EXISTS "{SCHEMA}" CASCADE')


class Migration(migrations.Migration):
    dependencies = [("training", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
