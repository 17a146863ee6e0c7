import subscribers.models
from django.db import migrations, models


class Migration(migrations.Migration):
    """unique=True and db_index=True each gave PostgreSQL a second index, for LIKE, that no question of ours uses."""

    dependencies = [
        ('subscribers', '0008_shorter_fingerprints'),
    ]

    operations = [
        migrations.AlterField(
            model_name='consentevent',
            name='fingerprint',
            field=models.CharField(editable=False, max_length=32),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='address_key',
            field=models.CharField(editable=False, max_length=254),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='fingerprint',
            field=models.CharField(editable=False, max_length=32),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='key',
            field=models.CharField(default=subscribers.models.new_key, editable=False, max_length=22),
        ),
        migrations.AlterField(
            model_name='suppression',
            name='fingerprint',
            field=models.CharField(editable=False, max_length=32),
        ),
        migrations.AddIndex(
            model_name='consentevent',
            index=models.Index(fields=['fingerprint'], name='event_of_address'),
        ),
        migrations.AddConstraint(
            model_name='subscriber',
            constraint=models.UniqueConstraint(fields=('key',), name='subscriber_key_once'),
        ),
        migrations.AddConstraint(
            model_name='subscriber',
            constraint=models.UniqueConstraint(fields=('address_key',), name='subscriber_address_once'),
        ),
        migrations.AddConstraint(
            model_name='subscriber',
            constraint=models.UniqueConstraint(fields=('fingerprint',), name='subscriber_fingerprint_once'),
        ),
    ]
