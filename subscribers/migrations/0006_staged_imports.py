import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('subscribers', '0005_only_monthly'),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportStage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True, verbose_name="照合符号")),
                ("rows_read", models.PositiveIntegerField(default=0, verbose_name="読み終えた行")),
                ("blank", models.PositiveIntegerField(default=0, verbose_name="空行")),
                ("blocks", models.PositiveIntegerField(default=0, verbose_name="区切り")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="日時")),
            ],
            options={
                "verbose_name": "読み込み中の名簿",
                "verbose_name_plural": "読み込み中の名簿",
            },
        ),
        migrations.CreateModel(
            name="StagedBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="順番")),
                ("candidates", models.BinaryField(verbose_name="読み終えた行")),
                (
                    "stage",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="subscribers.importstage",
                        verbose_name="読み込み中の名簿",
                    ),
                ),
            ],
            options={
                "verbose_name": "読み込み中の名簿の区切り",
                "verbose_name_plural": "読み込み中の名簿の区切り",
                "constraints": [models.UniqueConstraint(fields=("stage", "number"), name="staged_block_once")],
            },
        ),
    ]
