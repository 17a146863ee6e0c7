from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0002_imports_and_pauses'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriber',
            name='pathways',
            field=models.JSONField(blank=True, default=list, verbose_name='希望する道筋'),
        ),
    ]
