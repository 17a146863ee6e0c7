"""An installation of its own for a benchmark: a folder, a database, readers, one campaign that has begun."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsletter.mail.content import RenderedMail
    from newsletter.models import Campaign

NOW = datetime(2026, 11, 30, 1, 7, tzinfo=UTC)
BLOCK = 10_000


@contextlib.contextmanager
def installation(database_url: str = "", **settings: str) -> Iterator[Path]:
    """Set the environment up, migrate, and yield the folder; Django is ready from then on."""
    var = Path(tempfile.mkdtemp(prefix="newsletter-bench-"))
    inherited = [name for name in os.environ if name.startswith("NEWSLETTER_") or name == "DATABASE_URL"]
    for name in inherited:
        del os.environ[name]
    os.environ |= {"NEWSLETTER_ENV_FILE": os.devnull, "NEWSLETTER_VAR": str(var), **settings}
    os.environ["DATABASE_URL"] = database_url or f"sqlite:///{var / 'newsletter.sqlite3'}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "newsletter.settings"
    try:
        _migrate()
        yield var
    finally:
        _hang_up()
        shutil.rmtree(var, ignore_errors=True)


def _migrate() -> None:
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _hang_up() -> None:
    from django.db import connections

    connections.close_all()


def add_readers(number: int, first: int = 1) -> None:
    """Active readers reader1@city1.example.jp …, written in blocks."""
    from django.db import connection, transaction

    columns = (
        "key", "address", "address_key", "fingerprint", "name", "organisation", "department", "municipality", "format",
        "sections", "pathways", "language", "state", "created_at",
    )  # fmt: skip
    names = ", ".join(columns)
    holders = ", ".join(["%s"] * len(columns))
    moment = NOW if connection.vendor == "postgresql" else NOW.strftime("%Y-%m-%d %H:%M:%S")
    for start in range(first, first + number, BLOCK):
        rows = [
            (
                f"{at:022d}", address := f"reader{at}@city{at % 500}.example.jp", address, f"{at:032x}", "", "", "",
                "", "html", "[]", "[]", "ja", "active", moment,
            )
            for at in range(start, min(start + BLOCK, first + number))
        ]  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO subscribers_subscriber ({names}) VALUES ({holders})", rows)


def add_edition(rendered: RenderedMail, month: int = 11) -> int:
    """An approved edition of a new issue; returns its number."""
    from newsletter import editions, profile
    from newsletter.models import Approval, Edition, Issue

    if profile.current_or_none() is None:
        _load_profile()
    day = date(2000 + month // 12, month % 12 + 1, 1)
    issue = Issue.objects.create(month=day, release_on=day, subject=rendered.subject, state=Issue.State.APPROVED)
    digest = editions.digest_of(issue.month, rendered.subject, "", rendered.html, rendered.text)
    edition = Edition.objects.create(
        issue=issue, subject=rendered.subject, html=rendered.html, text=rendered.text, digest=digest
    )
    for number in range(profile.current().approvals_needed):
        Approval.objects.create(edition=edition, person=f"person {number}", digest=digest)
    return int(edition.pk)


def _load_profile() -> None:
    """The one that is shipped, without waves: a benchmark sends everything at once."""
    from django.conf import settings

    from newsletter import profile

    shipped = (Path(profile.__file__).parent / "profiles" / "iclei-japan.toml").read_text("utf-8")
    lines = [line for line in shipped.splitlines() if not line.startswith("waves_from")]
    if "[sending]" in lines:
        lines.insert(lines.index("[sending]") + 1, "waves_from = 0")
    else:
        lines += ["[sending]", "waves_from = 0"]
    file = Path(settings.VAR) / "profile.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    profile.load(file, NOW)


def begin_campaign(edition: int) -> Campaign:
    """A campaign of the edition to all readers, ready to be sent."""
    from django.utils import timezone

    from newsletter import campaigns
    from newsletter.models import Edition

    campaign = campaigns.plan(Edition.objects.get(pk=edition), "bench", timezone.now())
    campaigns.start(campaign, timezone.now())
    return campaign
