"""Staff with and without permissions, and small lists, for the desk's screens about subscribers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

SMALL = "メール,氏名,所属\ntaro@example.jp,見本 太郎,見本市役所\nhanako＠example.jp,見本 花子,見本市役所\nだれか,,\n"
PERMISSIONS = ("view_subscriber", "add_subscriber", "change_subscriber", "delete_subscriber")


def colleague(name: str = "hanako", permissions: Sequence[str] = PERMISSIONS, **fields: Any) -> User:
    """An account of the office that may do these things to subscribers."""
    account = User.objects.create_user(name, **({"is_staff": True} | fields))
    account.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return account


def logged_in(account: User) -> Client:
    """A browser of this colleague."""
    client = Client()
    client.force_login(account)
    return client


def a_file(text: str | bytes = SMALL, name: str = "名簿.csv") -> SimpleUploadedFile:
    """A list as a browser sends it."""
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def a_book(rows: Sequence[Sequence[object]], sheets: Sequence[str] = ("名簿",)) -> bytes:
    """An .xlsx file with these rows in its first sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name in sheets:
        sheet = book.create_sheet(name)
        for row in rows if name == sheets[0] else ():
            sheet.append(list(row))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def uploaded(client: Client, text: str | bytes = SMALL, name: str = "名簿.csv") -> str:
    """Upload a list; the address of its second screen."""
    answer = client.post(reverse("desk_list_upload"), {"file": a_file(text, name)})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def tried(client: Client, text: str | bytes = SMALL, name: str = "名簿.csv", **columns: str) -> str:
    """Upload a list and try it, with its columns as they were guessed or as told; the address of the third screen."""
    page = uploaded(client, text, name)
    chosen = columns or chosen_in(client.get(page).content.decode())
    answer = client.post(page, {"verb": "try", **chosen})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def chosen_in(page: str) -> dict[str, str]:
    """What the selects of the second screen say as they stand."""
    selects = re.findall(r'<select id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    chosen = {name: re.search(r'value="([^"]*)" selected', options) for name, options in selects}
    return {name: found[1] if found else "" for name, found in chosen.items()}


def everything_below(folder: Path) -> list[Path]:
    """Every file in there."""
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []
