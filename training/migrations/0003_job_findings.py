from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Keep what was found wrong with a job's images. The default is the database's own, so no row is rewritten."""

    dependencies = [("training", "0002_queue")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="findings",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="What was found wrong with the images, worst first.",
            ),
        ),
    ]
