"""How an association sends, and how long it keeps proofs: the [sending] and [privacy] tables. All may be left out."""

from __future__ import annotations

import re

from newsletter.association.facts import Manners, Privacy
from newsletter.association.table import Table
from newsletter.mail.pacing import QuietHours

QUIET = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]-([01]?[0-9]|2[0-3]):[0-5][0-9]")
IN_DOUBT = ("ask", "resend", "leave")
PACE = ("auto", "on", "off")
SOURCE = ("cut", "keep", "remove")


def read_manners(table: Table) -> Manners:
    """The [sending] table; remarks go where the table's remarks go."""
    quiet = table.matching("quiet_hours", QUIET, "21:00-08:00 の形で書いてください。", required=False)
    manners = Manners(
        in_doubt=table.choice("in_doubt", IN_DOUBT, "ask"),
        release_by_another=table.boolean("release_by_another", False),
        late_hours=table.integer("late_hours", 1, 24 * 7, 6),
        quiet_hours=QuietHours.read(quiet) if quiet else None,
        seeds=table.texts("seeds"),
        waves_from=table.integer("waves_from", 0, 100_000_000, 500),
        pace=table.choice("pace", PACE, "auto"),
    )
    table.close()
    return manners


def read_privacy(table: Table) -> Privacy:
    """The [privacy] table; the law's shortest term is its lowest value."""
    privacy = Privacy(
        evidence_months=table.integer("evidence_months", 1, 120, 13),
        source_address=table.choice("source_address", SOURCE, "cut"),
    )
    table.close()
    return privacy
