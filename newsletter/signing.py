"""Which keys sign our mail: files `<selector>._domainkey.<domain>.pem` in var/dkim, of those the ones in the settings.

A key signs only once it is named in NEWSLETTER_DKIM_KEYS: between its making and its arrival in the DNS everywhere,
a signature of it would fail at the receivers.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from django.conf import settings

from newsletter.mail import dkim
from newsletter.mail.dkim import Algorithm, DkimError, DkimKey, Signer

BETWEEN = "._domainkey."


def signer() -> Signer | None:
    """Who signs what we send, or None when that is left to the relay; DkimError if a key cannot be used."""
    keys = tuple(read_key(path) for path in paths_in_use())
    return Signer(keys) if keys else None


def paths_in_use() -> list[Path]:
    """The files that NEWSLETTER_DKIM_KEYS names; a bare name means one in var/dkim."""
    return [Path(settings.DKIM_FOLDER) / name for name in settings.DKIM_KEYS]


def paths_at_hand() -> list[Path]:
    """Every key file: those in use first, then what else lies in var/dkim."""
    return list(dict.fromkeys([*paths_in_use(), *sorted(Path(settings.DKIM_FOLDER).glob("*.pem"))]))


def read_key(path: Path) -> DkimKey:
    """The key in a file; its name says selector and domain."""
    selector, between, domain = path.name.removesuffix(".pem").partition(BETWEEN)
    if not between:
        raise DkimError(f"{path}: ファイル名を「セレクタ{BETWEEN}ドメイン.pem」の形にしてください。")
    try:
        return dkim.read_key(path.read_bytes(), domain, selector)
    except OSError as error:
        raise DkimError(f"{path}: DKIMの鍵のファイルを読めません。名前と権限を確かめてください。") from error
    except DkimError as error:
        raise DkimError(f"{path}: {error}") from error


def new_key(algorithm: Algorithm, domain: str, selector: str) -> tuple[DkimKey, Path]:
    """A key and its file, for its owner only; DkimError if the file is there: what it signed must stay verifiable."""
    key = dkim.make_key(algorithm, domain, selector)
    folder = Path(settings.DKIM_FOLDER)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{key.name}.pem"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise DkimError(
            f"{path} はすでにあります。上書きはしません。--selector で別の名前を指定してください。"
        ) from error
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(dkim.write_key(key))
    return key, path


def usual_selector(algorithm: Algorithm, today: date) -> str:
    """`rsa-202611`: says what it is and when it was made, so that next year's stands beside it."""
    return f"{algorithm}-{today:%Y%m}"


def is_aligned(key: DkimKey, sender_domain: str) -> bool:
    """Whether the signature speaks for the sender (DMARC, RFC 7489 3.1.1, relaxed): one domain is in the other."""
    ours, theirs = sender_domain.lower(), key.domain
    return ours == theirs or ours.endswith(f".{theirs}") or theirs.endswith(f".{ours}")
