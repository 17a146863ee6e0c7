from django.db import migrations

TABLES = ("subscribers_subscriber", "subscribers_consentevent", "subscribers_suppression")


class Migration(migrations.Migration):
    """The first half of every fingerprint: addresses.fingerprint gives no more from here on."""

    dependencies = [
        ("subscribers", "0007_staged_rows"),
    ]

    operations = [
        migrations.RunSQL([f"UPDATE {table} SET fingerprint = substr(fingerprint, 1, 32)" for table in TABLES]),
    ]
