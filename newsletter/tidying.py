"""The nightly tidying of what is kept of people, in every room: with a dry run, and the same for clock and command."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from newsletter import erasures, profile, wal
from newsletter.roster import keeping
from subscribers import retention


def look(now: datetime) -> dict[str, int]:
    """How much of each kind would go now; nothing is written."""
    return asdict(retention.look(now, profile.retention_terms())) | {"answers": keeping.count_old(now)}


def tidy(now: datetime) -> dict[str, int]:
    """Do it; how much of each kind went."""
    done = retention.tidy(now, profile.retention_terms(), erasures.empty_records)
    counts = asdict(done) | {"answers": keeping.forget_old(now)}
    wal.empty()
    return counts
