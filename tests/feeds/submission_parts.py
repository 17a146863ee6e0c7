"""What the tests of submissions share: a member, a draft, a photo."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from feeds.models import Member
from feeds.photos import RecodedPhoto, recode
from feeds.validation import SubmissionDraft

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DRAFT = SubmissionDraft(
    title="環境フェアを開催します",
    lead="一文の説明です。",
    body="1段落目 <b>です</b>。\n\n2段落目です。",
    contact_name="見本 花子",
    contact_email="hanako@example.lg.jp",
)
PHOTO_DRAFT = replace(DRAFT, photo_alt="湖で水を調べる小学生", photo_credit="©見本市", photo_for_mail=True)


def a_member(key: str = "sapporo", **values: Any) -> Member:
    member, _ = Member.objects.get_or_create(key=key, defaults={"name": "札幌市", "code": "011002"} | values)
    return member


def an_image(colour: str = "navy", form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(out, form)
    return out.getvalue()


def a_photo(colour: str = "navy") -> RecodedPhoto:
    return recode(an_image(colour))
