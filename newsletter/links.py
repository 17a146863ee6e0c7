"""Make and read signed links. A token carries a key and a signature, never an address; every purpose has its salt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from urllib.parse import quote

from django.conf import settings
from django.core.signing import BadSignature, Signer, b64_encode
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.dateformat import format as date_format
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feeds.models import Submission
from newsletter.errors import LinkError
from newsletter.models import Issue

CONFIRM_FOR = timedelta(days=14)

# The public addresses, as in urls.py (tests hold the two together): reverse() would cost more than the signature.
PATHS = {
    "unsubscribe": "u/{}/",
    "preferences": "p/{}/",
    "confirm": "c/{}/",
    "submit": "s/{}/",
    "photo": "photos/{}",
    "issue": "archive/{}/",
    "item": "archive/{}/{}/",
    "archive": "archive/",
    "subscribe": "subscribe/",
    "desk": "staff/",
    "roster": "r/{}/",
}
# Django takes a separator outside the base64 alphabet; mail programs keep a dot inside a link.
SEPARATOR = "."
# 22 base64 characters are 132 bits. RFC 2104 section 5 allows half of the hash, and a short link survives line breaks.
SIGNATURE_LENGTH = 22
LONGEST_TOKEN = 200

WRONG = gettext_lazy("このリンクは正しくありません。メールに書かれたリンクが途中で切れていないか、確認してください。")


class Purpose(StrEnum):
    """What a token is good for; a token of one purpose is wrong for every other."""

    UNSUBSCRIBE = "newsletter.links.unsubscribe"
    PREFERENCES = "newsletter.links.preferences"
    CONFIRM = "newsletter.links.confirm"
    SUBMISSION = "newsletter.links.submission"
    ROSTER = "newsletter.links.roster"


@dataclass(frozen=True, slots=True)
class ReaderLink:
    """Who follows the link, and which delivery brought it."""

    subscriber_key: str
    delivery_id: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmLink:
    """Whose confirmation letter it is, when it was made, and for which request (a line of the consent ledger)."""

    subscriber_key: str
    sent_at: datetime  # to the second
    request: int | None = None  # letters of earlier versions do not say


class _ShortSigner(Signer):
    def signature(self, value: str | bytes, key: str | bytes | None = None) -> str:
        return super().signature(value, key)[:SIGNATURE_LENGTH]

    def sign_many(self, values: Iterable[str]) -> Iterator[str]:
        """As `sign`, with the key taken in once for all of them."""
        keyed = salted_hmac(str(self.salt) + "signer", "", self.key, algorithm=self.algorithm)
        for value in values:
            mac = keyed.copy()
            mac.update(value.encode())
            yield f"{value}{self.sep}{b64_encode(mac.digest()).decode()[:SIGNATURE_LENGTH]}"


@cache
def _signer(purpose: Purpose, secret_key: str) -> _ShortSigner:
    return _ShortSigner(key=secret_key, salt=purpose.value, sep=SEPARATOR)


def _sign(purpose: Purpose, *parts: str) -> str:
    return _signer(purpose, settings.SECRET_KEY).sign(SEPARATOR.join(parts))


def _unsign(purpose: Purpose, token: str) -> list[str]:
    if len(token) > LONGEST_TOKEN:
        raise LinkError(WRONG)
    try:
        value = _signer(purpose, settings.SECRET_KEY).unsign(token)
    except BadSignature as error:
        raise LinkError(WRONG) from error
    return value.split(SEPARATOR)


def _address(name: str, *arguments: str) -> str:
    return f"{settings.BASE_URL}/{PATHS[name].format(*arguments)}"


# ------------------------------------------------------------ readers: never expire
def unsubscribe_url(subscriber_key: str, delivery_id: int | None = None) -> str:
    """The link that opens the page (GET) or unsubscribes at once (RFC 8058 POST)."""
    return _address("unsubscribe", _reader_token(Purpose.UNSUBSCRIBE, subscriber_key, delivery_id))


def preferences_url(subscriber_key: str, delivery_id: int | None = None) -> str:
    """The link to the reader's own choices."""
    return _address("preferences", _reader_token(Purpose.PREFERENCES, subscriber_key, delivery_id))


def reader_urls(readers: Iterable[tuple[str, int]]) -> Iterator[tuple[str, str]]:
    """The unsubscribe and the preferences link of each (subscriber key, delivery id), for a block of deliveries."""
    unsubscribe = _signer(Purpose.UNSUBSCRIBE, settings.SECRET_KEY).sign_many
    preferences = _signer(Purpose.PREFERENCES, settings.SECRET_KEY).sign_many
    first, second = f"{settings.BASE_URL}/{PATHS['unsubscribe']}", f"{settings.BASE_URL}/{PATHS['preferences']}"
    values = [f"{subscriber_key}{SEPARATOR}{int_to_base36(delivery_id)}" for subscriber_key, delivery_id in readers]
    for one, two in zip(unsubscribe(values), preferences(values), strict=True):
        yield first.format(one), second.format(two)


def read_unsubscribe(token: str) -> ReaderLink:
    """Whom the unsubscribe link belongs to; LinkError if it is not ours."""
    return _read_reader(Purpose.UNSUBSCRIBE, token)


def read_preferences(token: str) -> ReaderLink:
    """Whom the preferences link belongs to; LinkError if it is not ours."""
    return _read_reader(Purpose.PREFERENCES, token)


def _reader_token(purpose: Purpose, subscriber_key: str, delivery_id: int | None) -> str:
    if delivery_id is None:
        return _sign(purpose, subscriber_key)
    return _sign(purpose, subscriber_key, int_to_base36(delivery_id))


def _read_reader(purpose: Purpose, token: str) -> ReaderLink:
    subscriber_key, *delivery = _unsign(purpose, token)
    return ReaderLink(subscriber_key, base36_to_int(delivery[0]) if delivery else None)


# ------------------------------------------------------------ links with an end
def confirm_url(
    subscriber_key: str, now: datetime | None = None, language: str = "", request: int | None = None
) -> str:
    """The link of the confirmation letter about `request`; good for 14 days.

    `language`: if not the one the subscriber has stored.
    """
    expires_at = (now or timezone.now()) + CONFIRM_FOR
    named = () if request is None else (int_to_base36(request),)
    page = _address("confirm", _expiring_token(Purpose.CONFIRM, subscriber_key, expires_at, *named))
    return page + (f"?lang={language}" if language else "")


def submission_url(member_key: str, expires_at: datetime) -> str:
    """The member's own link to the submission form; good until `expires_at`."""
    return _address("submit", _expiring_token(Purpose.SUBMISSION, member_key, expires_at))


def roster_url(sheet_key: str, expires_at: datetime) -> str:
    """A member's own link to 宛先の確認; good until `expires_at`."""
    return _address("roster", _expiring_token(Purpose.ROSTER, sheet_key, expires_at))


def read_confirm(token: str, now: datetime | None = None) -> ConfirmLink:
    """Whose link it is and for which request; LinkError if it is not ours or its 14 days are over."""
    again = _("お手数ですが、もう一度お申し込みください。")
    key, expires_at, request = _read_expiring(Purpose.CONFIRM, token, now or timezone.now(), again)
    return ConfirmLink(key, expires_at - CONFIRM_FOR, request)


def read_submission(token: str, now: datetime | None = None) -> str:
    """The member's key; LinkError if the link is not ours or its day is over."""
    again = "新しいリンクが必要なときは、事務局へご連絡ください。"
    return _read_expiring(Purpose.SUBMISSION, token, now or timezone.now(), again)[0]


def read_roster(token: str, now: datetime | None = None) -> str:
    """The sheet's key; LinkError if the link is not ours or its day is over."""
    again = "まだ回答がお済みでないときは、事務局へご連絡ください。"
    return _read_expiring(Purpose.ROSTER, token, now or timezone.now(), again)[0]


def _expiring_token(purpose: Purpose, key: str, expires_at: datetime, *more: str) -> str:
    return _sign(purpose, key, int_to_base36(int(expires_at.timestamp())), *more)


def _read_expiring(purpose: Purpose, token: str, now: datetime, again: str) -> tuple[str, datetime, int | None]:
    """The key, the end, and the number behind them if there is one."""
    key, expires, *more = _unsign(purpose, token)
    expires_at = datetime.fromtimestamp(base36_to_int(expires), UTC)
    if now > expires_at:
        end = date_format(timezone.localtime(expires_at), _("Y年n月j日 H:i"))
        raise LinkError(_("このリンクの有効期限（%(end)s）は過ぎています。%(again)s") % {"end": end, "again": again})
    return key, expires_at, base36_to_int(more[0]) if more else None


# ------------------------------------------------------------ public pages
def desk_url() -> str:
    """Where staff work."""
    return _address("desk")


def photo_url(submission: Submission) -> str:
    """Where the photo of a submission is served."""
    return _address("photo", quote(str(submission.photo.name).rpartition("/")[2]))


def issue_url(issue: Issue) -> str:
    """The issue on the web; the address never changes."""
    return _address("issue", issue.slug)


def item_url(issue: Issue, number: int) -> str:
    """One item of the issue on the web; the address never changes."""
    return _address("item", issue.slug, str(number))


def archive_url() -> str:
    """The back numbers."""
    return _address("archive")


def subscribe_url(language: str = settings.LANGUAGE_CODE) -> str:
    """The page where people sign up, in the language (ja, en) of who is sent there."""
    return _address("subscribe") + (f"?lang={language}" if language != settings.LANGUAGE_CODE else "")
