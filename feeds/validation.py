"""The one validator behind every door: typed texts become a SubmissionDraft, or a list of what is wrong per field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from feeds import values
from feeds.fields import BY_NAME, FIELDS, Field, FieldError, Kind, error
from feeds.japanese_dates import DateError, read_date
from feeds.photos import RecodedPhoto

SHORT = 200  # characters; no date, choice or list of goals is longer
NO_PHOTO = "写真がありません。写真を選ぶか、この欄を空欄にしてください。"


@dataclass(frozen=True, slots=True)
class SubmissionDraft:
    """A submission whose every field is right, before it is received."""

    title: str
    body: str
    contact_name: str
    contact_email: str
    lead: str = ""
    url: str = ""
    event_starts_on: date | None = None
    event_ends_on: date | None = None
    event_time: str = ""
    venue: str = ""
    fee: str = ""
    deadline: date | None = None
    pathway: str = ""
    sdgs: tuple[int, ...] = ()
    photo_alt: str = ""
    photo_credit: str = ""
    photo_for_mail: bool = False
    photo_for_web: bool = False
    not_before: date | None = None
    contact_section: str = ""
    contact_phone: str = ""


def validate(
    fields: Mapping[str, str], *, photo: RecodedPhoto | None = None, pathways: Mapping[str, str] | Sequence[str] = ()
) -> SubmissionDraft | list[FieldError]:
    """Check typed texts by field name; `pathways` are key -> label, or keys alone; `photo` comes with the texts."""
    choices = dict(pathways) if isinstance(pathways, Mapping) else {key: key for key in pathways}
    kept: dict[str, Any] = {}
    problems: list[FieldError] = []
    for field in FIELDS:
        if field.kind is Kind.FILE:
            continue
        try:
            kept[field.name] = _read(field, fields.get(field.name, ""), choices)
        except (values.ValueProblem, DateError) as problem:
            problems.append(error(field.name, str(problem)))
    problems += _date_order(kept) + _photo_rights(kept, photo)
    if problems:
        order = list(BY_NAME)
        return sorted(problems, key=lambda problem: order.index(problem.field))
    return SubmissionDraft(**kept)


# Fields whose text has a form of its own; the others are read by their kind.
_READERS: dict[str, Callable[[str], Any]] = {
    "url": values.read_web_address,
    "photo_credit": values.read_credit,
    "contact_phone": values.read_phone,
    "contact_email": values.read_mail_address,
}
_READERS_BY_KIND: dict[Kind, Callable[[str], Any]] = {
    Kind.LINE: values.read_line,
    Kind.TEXT: values.read_text,
    Kind.NUMBERS: values.read_sdgs,
    Kind.YES_NO: values.read_yes_no,
}


def _read(field: Field, text: str, choices: Mapping[str, str]) -> Any:
    # Before any pattern looks at it: what is many times too long need not be read to the end.
    if len(text) > 5 * (field.limit or SHORT):
        raise values.ValueProblem(f"長すぎます（{len(text)}文字あります）。短くしてください。")
    if field.kind is Kind.CHOICE:
        return values.read_choice(text, choices)
    if field.kind is Kind.DATE:
        return read_date(text) if text.strip() else None
    value = _READERS.get(field.name, _READERS_BY_KIND[field.kind])(text)
    if field.required and not value:
        raise values.ValueProblem("入力してください。")
    if field.limit and len(value) > field.limit:
        raise values.ValueProblem(f"{field.limit}文字以内にしてください（いまは{len(value)}文字です）。")
    return value


def _date_order(kept: Mapping[str, Any]) -> list[FieldError]:
    """Only dates that could be read are compared: a wrong one has its own remark already."""
    starts, ends, deadline = kept.get("event_starts_on"), kept.get("event_ends_on"), kept.get("deadline")
    problems = []
    if ends and not starts and "event_starts_on" in kept:
        problems.append(error("event_starts_on", "開催最終日を書いたときは、開催日も書いてください。"))
    if starts and ends and ends < starts:
        problems.append(error("event_ends_on", "開催日より前になっています。どちらかを直してください。"))
    last = ends or starts
    if deadline and last and deadline > last:
        problems.append(error("deadline", "催しが終わったあとの日になっています。どちらかを直してください。"))
    return problems


def _photo_rights(kept: Mapping[str, Any], photo: RecodedPhoto | None) -> list[FieldError]:
    """著作権法 and 肖像権: a photo needs a description, a credit and at least the permission for the mail."""
    if photo is None:
        described = [name for name in ("photo_alt", "photo_credit") if kept.get(name)]
        return [error(name, NO_PHOTO) for name in described[:1]]
    needed = {
        "photo_alt": "写真を載せるには、写真の説明が必要です。",
        "photo_credit": "写真を載せるには、クレジット（©の後に書く名前）が必要です。",
        "photo_for_mail": "写真を載せるには、メールへの掲載の許可が必要です。許可がないときは写真を外してください。",
    }
    return [error(name, words) for name, words in needed.items() if name in kept and not kept[name]]
