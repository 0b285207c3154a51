# Columns with database defaults and an empty table: nothing is rewritten, whatever is there already.

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Hash',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('sha256', 'SHA-256'), ('autov3', 'AutoV3'), ('blake3', 'BLAKE3'), ('crc32', 'CRC32'), ('checksum', "A1111's checksum of the numbers"), ('digest', 'digest of the numbers'), ('digest-f16', 'digest of the numbers rounded to float16'), ('digest-bf16', 'digest of the numbers rounded to bfloat16')], max_length=16)),
                ('value', models.CharField(help_text='Hexadecimal digits in lower case.', max_length=64)),
                ('uploaded', models.BooleanField(default=False, help_text='Of the file that was uploaded.')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hashes', to='registry.version')),
            ],
            options={
                'verbose_name_plural': 'hashes',
                'indexes': [models.Index(fields=['value'], name='registry_hash_value', opclasses=['varchar_pattern_ops'])],
                'constraints': [models.UniqueConstraint(fields=('version', 'kind', 'value'), name='registry_hash_once')],
            },
        ),
        migrations.AddField(
            model_name='embedding',
            name='skeletons',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, db_default=[], default=list, editable=False, help_text='What its name, title and token look like.', size=None),
        ),
        migrations.AddField(
            model_name='file',
            name='blake3',
            field=models.CharField(blank=True, db_default='', default='', max_length=64),
        ),
        migrations.AddField(
            model_name='file',
            name='dtype',
            field=models.CharField(db_default='float32', default='float32', help_text='A value of registry.formats.write.Dtype.', max_length=16),
        ),
        migrations.AddField(
            model_name='version',
            name='indexed',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='Which targets and hashes its files and hashes were made for.', max_length=16),
        ),
        # A longer limit is noted without rewriting; hashes are looked up in their own table now.
        migrations.AlterField(
            model_name='file',
            name='autov3',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AlterField(
            model_name='file',
            name='sha256',
            field=models.CharField(max_length=64),
        ),
    ]
