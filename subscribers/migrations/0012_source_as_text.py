from typing import Any

from django.db import migrations, models


def without_the_mask(apps: Any, schema_editor: Any) -> None:
    """PostgreSQL writes an inet as text with its mask, 192.0.2.7/32, which would read as if it had been cut."""
    if schema_editor.connection.vendor == "postgresql":
        table = apps.get_model("subscribers", "ConsentEvent")._meta.db_table
        schema_editor.execute(f'ALTER TABLE "{table}" ALTER COLUMN source TYPE varchar(45) USING host(source)')


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0011_departures")]

    operations = [
        migrations.RunPython(without_the_mask, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="consentevent",
            name="source",
            field=models.CharField(blank=True, max_length=45, null=True, verbose_name="送信元"),
        ),
    ]
