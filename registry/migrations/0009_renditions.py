# Previews in other sizes and formats, made as they are asked for. The new column has no default, so no row is rewritten;
# pictures that are there already get their colour with their first rendition.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0008_moderation'),
    ]

    operations = [
        migrations.AddField(
            model_name='preview',
            name='tone',
            field=models.SmallIntegerField(blank=True, editable=False, help_text='Number of the colour that keeps its place while it loads.', null=True),
        ),
        migrations.CreateModel(
            name='Rendition',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('width', models.SmallIntegerField(help_text='Pixels.')),
                ('kind', models.CharField(choices=[('avif', 'AVIF'), ('webp', 'WebP')], max_length=8)),
                ('blob', models.CharField(help_text='SHA-256 and storage key of the picture.', max_length=64)),
                ('size', models.IntegerField(help_text='Bytes of the picture.')),
                ('preview', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='renditions', to='registry.preview')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('preview', 'width', 'kind'), name='registry_rendition_once')],
            },
        ),
    ]
