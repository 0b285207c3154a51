# Names that are kept for their owner until an embedding comes: a new table, nothing of others changes.

import django.db.models.deletion
import hub.accounts.names
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0014_collections'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=64, validators=[hub.accounts.names.validate_embedding_name])),
                ('visibility', models.CharField(choices=[('public', 'Public: listed and found by everyone'), ('unlisted', 'Unlisted: everyone who has the address'), ('private', 'Private: only you')], help_text='What the embedding will have.', max_length=16)),
                ('card', models.TextField(blank=True, help_text='README.md, where it came before the embedding.')),
                ('created', models.DateTimeField(auto_now_add=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reservations', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='registry_reservation_path')],
            },
        ),
    ]
