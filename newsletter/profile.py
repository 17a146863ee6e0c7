"""The association's own facts: read from a TOML file, loaded into the database, at hand for everyone."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from feeds.members import municipalities
from newsletter.association.document import read_document
from newsletter.association.facts import Profile
from newsletter.association.loading import ProfileChange, store
from newsletter.errors import ProfileError
from newsletter.models import Association
from subscribers.retention import Terms

__all__ = ["Profile", "ProfileChange", "current", "current_or_none", "load", "read", "retention_terms"]

LARGEST_FILE = 1_000_000  # bytes; a profile is some tens of kilobytes
NONE_LOADED = "団体のプロファイルがまだ読み込まれていません。newsletter profile load ファイル名 を実行してください。"


def read(path: Path) -> Profile:
    """The profile in a TOML file; ProfileError says which key is wrong and why."""
    return _check(path, read_toml(path))


def load(path: Path, now: datetime) -> list[ProfileChange]:
    """Read the file and bring association, members and feeds to what it says; the same file again changes nothing."""
    document = read_toml(path)
    return store(_check(path, document), document, now)


def _check(path: Path, document: dict[str, Any]) -> Profile:
    names = {place.code: place.name for place in municipalities()}
    try:
        return read_document(document, digest_of(document), names)
    except ProfileError as error:
        raise ProfileError(f"{path} を読み込めません。次の点を直してください。\n{error}") from error


def current() -> Profile:
    """The profile that was loaded last; ProfileError if none was."""
    profile = current_or_none()
    if profile is None:
        raise ProfileError(NONE_LOADED)
    return profile


def current_or_none() -> Profile | None:
    """The profile that was loaded last, or None."""
    digest = Association.objects.values_list("digest", flat=True).order_by("pk").first()
    return _stored(digest) if digest else None


def retention_terms() -> Terms:
    """How long proofs of consent are kept; without a profile, as the standard is."""
    loaded = current_or_none()
    return Terms(loaded.privacy.evidence_months, loaded.privacy.source_address) if loaded else Terms()


@lru_cache(maxsize=4)
def _stored(digest: str) -> Profile:
    facts = Association.objects.values_list("facts", flat=True).get(digest=digest)
    try:
        return read_document(facts, digest)
    except ProfileError as error:
        raise ProfileError(
            "読み込み済みのプロファイルは、いまの版のソフトウェアでは使えません。ファイルを直して、"
            f"newsletter profile load を実行してください。\n{error}"
        ) from error


def read_toml(path: Path) -> dict[str, Any]:
    """The document in the file, not yet checked."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise ProfileError(f"{path}: プロファイルとしては大きすぎます（1MBまで）。")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise ProfileError(f"{path}: ファイルを読めません。名前と場所を確かめてください。") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path}: 文字コードがUTF-8ではありません。UTF-8で保存してください。") from error
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: {_syntax_words(str(error))}") from error


def _syntax_words(message: str) -> str:
    place = re.search(r"line (\d+), column (\d+)", message)
    where = f"{place[1]}行目の{place[2]}文字目" if place else "ファイルの終わり"
    if "overwrite" in message or "twice" in message:
        return f"同じ項目が2回書かれています（{where}の手前）。"
    return f"TOMLとして読めません（{where}）。引用符や括弧の閉じ忘れがないか確かめてください。"


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256 of the document's values; comments and the order of keys do not count."""
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
