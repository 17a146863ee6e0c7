from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('subscribers', '0003_pathways'),
    ]

    operations = [
        migrations.AddField(
            model_name='subscriber',
            name='language',
            field=models.CharField(choices=[('ja', '日本語'), ('en', '英語')], default='ja', max_length=2, verbose_name='言語'),
        ),
    ]
