"""Which machine may send from this database: half of an identity in var/identity, half inside the database.

A restored backup must not send what was sent after it was made (docs/decisions/0014-a-restored-backup-cannot-send.md).
Both halves also carry a mark that grows with every sending; a database that is behind its machine's file is an old one.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from newsletter.errors import InstallationError
from newsletter.models import Delivery, Installation

WHAT_TO_DO = (
    "すでに送ったメールをもう一度送るおそれがあるので、すべての配信を止めています。"
    "確かめたうえで newsletter adopt --by 名前 を実行してください。"
)


@dataclass(frozen=True, slots=True)
class Half:
    """What var/identity says: who this machine is, and the mark of the last sending it knows of."""

    identity: str
    mark: int = 0


def file() -> Path:
    """Where this machine's half stands."""
    return Path(settings.VAR) / "identity"


def require() -> None:
    """InstallationError unless this machine may send from this database; the first one registers itself."""
    if words := problem():
        raise InstallationError(words)
    if not Installation.objects.exists():
        half = _read() or Half(secrets.token_hex(16))
        _write(half)
        Installation.objects.get_or_create(identity=half.identity, defaults={"mark": half.mark})


def problem() -> str:
    """Why this machine may not send from this database, in words; empty when it may. Changes nothing."""
    half, marks = _read(), dict(Installation.objects.values_list("identity", "mark"))
    if not marks:
        # A database without any identity is new, or older than the file beside it.
        sent_before = half is not None and half.mark > 0 and Delivery.objects.exists()
        return f"このデータベースは、この機械が送信を始める前のものです。{WHAT_TO_DO}" if sent_before else ""
    if half is None or half.identity not in marks:
        return f"このデータベースは、ほかの機械のものです（バックアップから戻したものかもしれません）。{WHAT_TO_DO}"
    if half.mark > max(marks.values()):
        return f"このデータベースは、この機械が最後に送信したときより古いものです。{WHAT_TO_DO}"
    return ""


def stamp() -> None:
    """Something is about to be sent: note it in both halves. Not inside a transaction that may be undone."""
    require()
    half = _read()
    if half is None:
        raise InstallationError
    with transaction.atomic():
        mark = _newest_mark() + 1
        Installation.objects.filter(identity=half.identity).update(mark=mark)
    _write(Half(half.identity, mark))


def see() -> None:
    """Take over the mark of what other machines sent, so that an old copy of the database is noticed here as well."""
    half = _read()
    if half is not None and not problem() and (mark := _newest_mark()) > half.mark:
        _write(Half(half.identity, mark))


def is_behind() -> bool:
    """Whether the database is older than what this machine sent."""
    half = _read()
    return half is not None and half.mark > _newest_mark()


def renew(by: str, now: datetime) -> None:
    """A new identity for this machine, in both halves, because the named person says so."""
    half = _read()
    identity = secrets.token_hex(16)
    with transaction.atomic():
        if half is not None:
            Installation.objects.filter(identity=half.identity).delete()
        mark = _newest_mark()
        Installation.objects.create(identity=identity, mark=mark, adopted_by=by[:150], adopted_at=now)
        _write(Half(identity, mark))


def _newest_mark() -> int:
    return int(Installation.objects.aggregate(newest=Max("mark"))["newest"] or 0)


def _read() -> Half | None:
    try:
        written = json.loads(file().read_text("ascii"))
        return Half(str(written["identity"]), int(written["mark"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return Half("")  # damaged: nobody's


def _write(half: Half) -> None:
    """Whole or not at all, and on the disk before anything is sent."""
    target = file()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".identity-{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            json.dump({"identity": half.identity, "mark": half.mark}, handle)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
