# Drafts of jobs, and what is declared of the images. The new columns have constant defaults or are null: no row is rewritten.

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0014_job_events'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='depicts_person',
            field=models.CharField(blank=True, choices=[('no', 'Nobody: no person can be recognised in them'), ('myself', 'Myself'), ('others', 'Others, who have consented to exactly this'), ('fictional', 'A fictional character')], db_default='', default='', help_text='Whom the images show; empty where nobody said.', max_length=16),
        ),
        migrations.AddField(
            model_name='job',
            name='rights_declared',
            field=models.DateTimeField(blank=True, help_text='When its owner declared that the images may be used.', null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='rights_wording',
            field=models.CharField(blank=True, db_default='', default='', help_text='Version of the words they declared it in.', max_length=16),
        ),
        migrations.CreateModel(
            name='TrainingDraft',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(blank=True, max_length=64)),
                ('token', models.CharField(blank=True, max_length=80)),
                ('kind', models.CharField(choices=[('object', 'Object'), ('style', 'Style')], default='object', max_length=16)),
                ('initialiser', models.CharField(blank=True, max_length=200)),
                ('vectors', models.IntegerField(blank=True, null=True)),
                ('preset', models.CharField(choices=[('quick', 'Quick'), ('balanced', 'Balanced'), ('thorough', 'Thorough')], default='balanced', max_length=16)),
                ('steps', models.IntegerField(blank=True, null=True)),
                ('seed', models.IntegerField(default=0)),
                ('depicts_person', models.CharField(blank=True, choices=[('no', 'Nobody: no person can be recognised in them'), ('myself', 'Myself'), ('others', 'Others, who have consented to exactly this'), ('fictional', 'A fictional character')], max_length=16)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('touched', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When it was changed last; it expires some days later.')),
                ('base', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='training.basemodel')),
                ('job', models.OneToOneField(blank=True, help_text='What it became.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='draft', to='training.job')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='training_drafts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-touched'],
            },
        ),
        migrations.CreateModel(
            name='DraftImage',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.IntegerField()),
                ('blob', models.CharField(help_text='SHA-256 and storage key of the PNG: upright, metadata stripped.', max_length=64)),
                ('width', models.IntegerField()),
                ('height', models.IntegerField()),
                ('size', models.IntegerField(help_text='Bytes of the PNG.')),
                ('filename', models.CharField(max_length=255)),
                ('caption', models.CharField(blank=True, max_length=500)),
                ('crop_x', models.IntegerField(blank=True, help_text='Pixels from the left edge of the square to cut out.', null=True)),
                ('crop_y', models.IntegerField(blank=True, null=True)),
                ('crop_size', models.IntegerField(blank=True, null=True)),
                ('measures', models.JSONField(help_text='What the checks look at, of what is left after cutting.')),
                ('thumbnail', models.BinaryField(help_text='WebP of the square that the trainer will see.')),
                ('draft', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='training.trainingdraft')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.AddIndex(
            model_name='trainingdraft',
            index=models.Index(fields=['touched'], name='training_draft_touched'),
        ),
    ]
