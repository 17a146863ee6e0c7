from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("subscribers", "0006_staged_imports"),
    ]

    operations = [
        migrations.RenameField(model_name="stagedblock", old_name="candidates", new_name="rows"),
    ]
