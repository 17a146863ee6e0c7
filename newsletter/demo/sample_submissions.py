"""The sample submissions, made ready for each of the three doors."""

from __future__ import annotations

import csv
import io
import tomllib
from datetime import date, timedelta
from pathlib import Path

from openpyxl import load_workbook

from feeds.fields import FIELDS, MEMBER_LABEL, Kind, heading

SAMPLES = Path(__file__).parent / "samples" / "submissions.toml"
Item = dict[str, str]  # field name -> what the member writes; `member` beside them

_DAYS = {"event_in_days": "event_starts_on", "deadline_in_days": "deadline"}
_OFFICE = {
    "contact_name": "見本 三郎",
    "contact_section": "環境政策課",
    "contact_phone": "00-0000-0003",
    "contact_email": "kankyo.mihon@example.lg.jp",
}


def of_door(door: str, today: date) -> list[Item]:
    """The items that come in by `web`, `excel` or `csv`, their days counted from `today`."""
    return [_written(raw, today) for raw in tomllib.loads(SAMPLES.read_text("utf-8"))[door]]


def _written(raw: dict[str, object], today: date) -> Item:
    item: Item = dict(_OFFICE)
    for name, value in raw.items():
        if name in _DAYS and isinstance(value, int):
            item[_DAYS[name]] = f"{today + timedelta(days=value):%Y/%m/%d}"
        elif isinstance(value, list):
            item[name] = "、".join(str(number) for number in value)
        else:
            item[name] = str(value).strip()
    return item


def filled_form(form: bytes, items: list[Item]) -> bytes:
    """The empty Excel form with the items written into its columns, as a person would."""
    book = load_workbook(io.BytesIO(form))
    sheet = book.worksheets[0]
    rows = {str(cell.value): cell.row for (cell,) in sheet.iter_rows(max_col=1) if cell.value}
    for column, item in enumerate(items, start=4):
        for field in FIELDS:
            label = f"{heading(field)} 1" if field.kind is Kind.NUMBERS else heading(field)
            if value := item.get(field.name):
                sheet.cell(rows[label], column).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(items: list[Item]) -> bytes:
    """The items as a CSV in CP932, one column for the member, as several members' news would come from one office."""
    fields = [field for field in FIELDS if any(item.get(field.name) for item in items)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([MEMBER_LABEL, *(heading(field) for field in fields)])
    writer.writerows([item["member"], *(item.get(field.name, "") for field in fields)] for item in items)
    return text.getvalue().encode("cp932")
