# Tables for what is computed from the numbers. They are empty: "index_hashes" fills the directions, workers the readings.

import django.db.models.deletion
import django.db.models.functions.datetime
import pgvector.django
import pgvector.django.halfvec
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0015_reservations'),
    ]

    operations = [
        pgvector.django.VectorExtension(),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='reading', serialize=False, to='registry.version')),
                ('title', models.CharField(help_text='Of the base model.', max_length=120)),
                ('source', models.CharField(help_text='What it was made by: others make it anew.', max_length=96)),
                ('encoders', models.JSONField(help_text='[{name, words, median_norm, vectors: [{norm, percentile, nearest}]}].')),
                ('problem', models.CharField(blank=True, choices=[('unfit', 'None of its vectors goes into a text encoder of the base model.'), ('unreadable', 'Its file could not be read.')], db_default='', default='', max_length=16)),
                ('made', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Vocabulary',
            fields=[
                ('base', models.CharField(choices=[('sd1', 'Stable Diffusion 1.x'), ('sd2', 'Stable Diffusion 2.x'), ('sdxl', 'SDXL'), ('pocket', 'Pocket'), ('sd3', 'Stable Diffusion 3'), ('flux', 'Flux.1'), ('hidream', 'HiDream'), ('hunyuan-video', 'HunyuanVideo'), ('pixart', 'PixArt'), ('chroma', 'Chroma'), ('deepfloyd-if', 'DeepFloyd IF'), ('sana', 'Sana'), ('lumina2', 'Lumina 2'), ('cascade', 'Stable Cascade'), ('anima', 'Anima')], max_length=16, primary_key=True, serialize=False, verbose_name='base family')),
                ('title', models.CharField(help_text='Of the base model that the words are from.', max_length=120)),
                ('source', models.CharField(help_text='What readings with these words are made by.', max_length=96)),
                ('words', models.IntegerField()),
            ],
            options={
                'verbose_name_plural': 'vocabularies',
            },
        ),
        migrations.CreateModel(
            name='Direction',
            fields=[
                ('embedding', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='direction', serialize=False, to='registry.embedding')),
                ('base', models.CharField(choices=[('sd1', 'Stable Diffusion 1.x'), ('sd2', 'Stable Diffusion 2.x'), ('sdxl', 'SDXL'), ('pocket', 'Pocket'), ('sd3', 'Stable Diffusion 3'), ('flux', 'Flux.1'), ('hidream', 'HiDream'), ('hunyuan-video', 'HunyuanVideo'), ('pixart', 'PixArt'), ('chroma', 'Chroma'), ('deepfloyd-if', 'DeepFloyd IF'), ('sana', 'Sana'), ('lumina2', 'Lumina 2'), ('cascade', 'Stable Cascade'), ('anima', 'Anima')], max_length=16, verbose_name='base family')),
                ('width', models.IntegerField(help_text='Numbers of the direction, of all text encoders together.')),
                ('vector', pgvector.django.halfvec.HalfVectorField(help_text='Of length 1.')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.version')),
            ],
            options={
                'indexes': [models.Index(fields=['base', 'width'], name='registry_direction_family')],
            },
        ),
        # Within the row as long as it fits: every look-up reads all vectors of a family.
        migrations.RunSQL('ALTER TABLE registry_direction ALTER COLUMN vector SET STORAGE main', migrations.RunSQL.noop),
    ]
