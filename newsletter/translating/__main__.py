"""`make words`: brings the catalogue to what the pages say now, and compiles it."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings


def main() -> int:
    """Write both files; exit code 1 when a sentence has no translation yet, or one that has lost a placeholder."""
    django.setup()
    from newsletter.translating import catalogue, sentences

    folder: Path = settings.BASE_DIR / "newsletter" / "locale" / "en" / "LC_MESSAGES"
    text, binary = folder / "django.po", folder / "django.mo"
    try:
        before = catalogue.read(text.read_text("utf-8")) if text.exists() else []
    except catalogue.CatalogueError as error:
        sys.stderr.write(f"{text}: {error}\n")
        return 1
    now = catalogue.merged(before, sentences.collect())
    text.write_text(catalogue.write(now), "utf-8")
    binary.write_bytes(catalogue.compiled(now))
    gone = {entry.source for entry in before} - {entry.source for entry in now}
    missing = [entry.source for entry in now if not entry.is_translated]
    wrong = [entry for entry in now if entry.is_translated and entry.lost]
    lines = [f"{text} と {binary.name} を書きました（{len(now)}文、なくなった文 {len(gone)}）。"]
    lines += [f"英訳がありません: {source}" for source in missing]
    lines += [f"英訳の {'、'.join(entry.lost)} を確かめてください: {entry.source}" for entry in wrong]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if missing or wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
