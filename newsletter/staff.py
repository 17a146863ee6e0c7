"""Colleagues and where mail reaches them: by their name at the desk, or by an address that is written out."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr

from django.contrib.auth.models import User
from django.db.models import Q

from newsletter.errors import StaffError
from subscribers.addresses import read_address
from subscribers.errors import AddressError


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the office, with a name as letters address them (without 様)."""

    name: str
    address: str


def find(text: str) -> Colleague:
    """「山田 花子 <hanako@example.lg.jp>」, an address, or the name of an account; StaffError says what is lacking."""
    if "@" in text:
        name, address = parseaddr(text)
        try:
            return Colleague(name.strip() or "ご担当者", read_address(address or text).address)
        except AddressError as error:
            raise StaffError(f"「{text}」: {error}") from error
    account = account_of(text)
    if account is None:
        raise StaffError(f"「{text}」という利用者はいません。メールアドレスで指定することもできます。")
    if not account.email:
        raise StaffError(f"「{text}」さんの利用者情報に、メールアドレスがありません。管理画面で登録してください。")
    return _colleague(account)


def find_or_none(name: str) -> Colleague | None:
    """The colleague of that name, if there is an account with an address."""
    account = account_of(name) if name.strip() else None
    return _colleague(account) if account and account.email else None


def account_of(name: str) -> User | None:
    """The active account whose login or full name this is: 山田 花子 is family name and given name."""
    wanted = "".join(name.split()).casefold()
    family = User.objects.filter(is_active=True).filter(Q(username__iexact=name.strip()) | ~Q(last_name=""))
    for account in family.order_by("pk"):
        if wanted in (account.username.casefold(), f"{account.last_name}{account.first_name}".casefold()):
            return account
    return None


def _colleague(account: User) -> Colleague:
    return Colleague(f"{account.last_name} {account.first_name}".strip() or account.username, account.email)
