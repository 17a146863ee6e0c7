from django.db import migrations


def keep_what_is_shown(apps, schema_editor):
    """As profile.load does: the Japanese text under its version, the English one, if there is one, under VERSION-en."""
    Association = apps.get_model("newsletter", "Association")
    Wording = apps.get_model("subscribers", "Wording")
    for loaded in Association.objects.all():
        wording = loaded.facts.get("wording", {})
        version = str(wording.get("version", "")).strip()
        english = loaded.facts.get("english", {}).get("wording", "")
        texts = {version: str(wording.get("text", "")).strip(), f"{version}-en": str(english).strip()}
        for name, text in texts.items():
            if version and text:
                Wording.objects.get_or_create(version=name, defaults={"text": text, "since": loaded.loaded_at})


class Migration(migrations.Migration):
    """The ledger of an installation names the text that its profile shows; that text is kept from now on."""

    dependencies = [
        ('newsletter', '0013_fewer_indexes'),
        ('subscribers', '0010_wordings'),
    ]

    operations = [migrations.RunPython(keep_what_is_shown, migrations.RunPython.noop)]
