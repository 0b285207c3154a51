# When housekeeping did what, and how much of the disk pictures take. The size has a constant default: no row is rewritten.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('training', '0012_job_ended_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='Duty',
            fields=[
                ('name', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('begun', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveField(
            model_name='allowance',
            name='megabytes',
        ),
        migrations.AddField(
            model_name='jobpreview',
            name='size',
            field=models.IntegerField(db_default=0, default=0, help_text='Bytes of the picture.'),
        ),
    ]
