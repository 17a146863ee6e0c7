"""System checks: each finds one misconfiguration, has an id, and hints at the mend. `newsletter check` runs them.

They are registered as deployment checks: Django's own commands must not stop because no profile was loaded yet.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

from newsletter import environment, failures

TAG = "newsletter"
GOODBYES_WAIT = timedelta(minutes=10)  # longer than a large list takes to come in
LITTLE_SPACE = 500 * 1024 * 1024  # bytes
# RFC 2606 and JPRS reserve these; mail from them cannot be answered and lands in spam.
RESERVED_DOMAINS = (
    "example",
    "example.com",
    "example.net",
    "example.org",
    "example.jp",
    "test",
    "invalid",
    "localhost",
)

Check = Callable[[], Iterable[CheckMessage]]


def _checked(check: Check) -> Check:
    def run(**_: Any) -> list[CheckMessage]:
        return list(check())

    run.__name__ = check.__name__
    register(run, TAG, deploy=True)
    return check


# ------------------------------------------------------------ this machine
@_checked
def folders() -> Iterator[CheckMessage]:
    """var/ can be written, and its keys are for their owner only."""
    var = Path(settings.VAR)
    if not os.access(var, os.W_OK | os.X_OK):
        yield Error(
            f"{var} に書き込めません。",
            hint="フォルダの所有者と権限を直すか、NEWSLETTER_VAR に別のフォルダを指定してください。",
            id="newsletter.E001",
        )
        return
    for name in ("secret.key", "fingerprint.key", "identity"):
        file = var / name
        if file.exists() and file.stat().st_mode & 0o077:
            yield Error(
                f"{file} をほかの利用者も読める状態です。",
                hint=f"chmod 600 {file} を実行してください。",
                id="newsletter.E002",
            )
    if shutil.disk_usage(var).free < LITTLE_SPACE:
        yield Caution(
            f"{var} の空き容量が500MBを切っています。", hint="不要なファイルを消してください。", id="newsletter.W003"
        )


@_checked
def waiting_goodbyes() -> Iterator[CheckMessage]:
    """Goodbyes beside the database are entered within minutes, and nothing else lies there."""
    from newsletter import goodbyes

    try:
        goodbyes.keys()
    except OSError as error:
        yield Error(
            f"配信停止の申出を控えるフォルダを読めません。（{failures.os_error_words(error)}）",
            hint="フォルダの所有者と権限を直してください。読めるようになるまで、配信は始まりません。",
            id="newsletter.E052",
        )
        return
    now = datetime.now(UTC)
    late = [one for one in goodbyes.waiting() if now - one.at > GOODBYES_WAIT]
    if late:
        minutes = int((now - late[0].at).total_seconds() // 60)
        yield Caution(
            f"配信停止の申出{len(late)}件が、記録されないまま待っています（最も古いものは{minutes:,}分前）。",
            hint="newsletter work が動いているか確かめ、newsletter subscribers goodbyes を実行してください。"
            "待っているあいだも、この機械からその方々へは送りません。",
            id="newsletter.W050",
        )
    if strange := goodbyes.strangers():
        yield Caution(
            f"{settings.GOODBYES} に、読み取れないファイルが{len(strange)}個あります（{strange[0][:60]}）。",
            hint="配信停止の申出を控えるフォルダです。心当たりのないファイルは、ほかへ移してください。",
            id="newsletter.W051",
        )


@_checked
def debug_pages() -> Iterator[CheckMessage]:
    """Debug pages show settings and data to whoever makes an error."""
    if settings.DEBUG:
        yield Error(
            "NEWSLETTER_DEBUG が true です。誤りの画面に設定やデータが表示されます。",
            hint="開発のとき以外は、NEWSLETTER_DEBUG を消してください。",
            id="newsletter.E004",
        )


@_checked
def misspelt_settings() -> Iterator[CheckMessage]:
    """A misspelt name leaves the default in force, and mail in the catcher."""
    for name in environment.unknown():
        yield Caution(
            f"{name} という設定はありません。",
            hint="名前のつづりを docs/running.md の一覧と比べてください。",
            id="newsletter.W023",
        )


@_checked
def time_zone() -> Iterator[CheckMessage]:
    """Release hours and deadlines are meant in Japanese time."""
    if settings.TIME_ZONE != "Asia/Tokyo":
        yield Caution(
            f"時間帯が {settings.TIME_ZONE} です。配信の時刻や締切が日本時間になりません。",
            hint="NEWSLETTER_TIME_ZONE を消すか、Asia/Tokyo にしてください。",
            id="newsletter.W005",
        )


# ------------------------------------------------------------ the pages
@_checked
def public_address() -> Iterator[CheckMessage]:
    """Readers' links and the staff's passwords travel over TLS."""
    base = urlsplit(settings.BASE_URL)
    if base.scheme != "https" and not is_loopback(base.hostname):
        yield Error(
            f"NEWSLETTER_BASE_URL が https ではありません（{settings.BASE_URL}）。",
            hint="https:// で始まるアドレスを指定し、前段のサーバに証明書を設定してください。",
            id="newsletter.E006",
        )
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "NEWSLETTER_ALLOWED_HOSTS に * が含まれています。",
            hint="実際に使うホスト名だけを並べてください。",
            id="newsletter.E007",
        )
    if base.scheme == "https" and not settings.TRUSTED_PROXY:
        yield Caution(
            "前段のサーバが登録されていません。すべての利用者が同じ相手に見え、回数の制限が全員に掛かります。",
            hint="NEWSLETTER_TRUSTED_PROXY に、前段のサーバのIPアドレスを指定してください。",
            id="newsletter.W008",
        )


@_checked
def static_files() -> Iterator[CheckMessage]:
    """Style sheets were collected."""
    if not (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield Caution(
            "画面の部品（CSSなど）がまだ用意されていません。",
            hint="newsletter migrate を実行してください。",
            id="newsletter.W009",
        )


# ------------------------------------------------------------ the relay
@_checked
def relay() -> Iterator[CheckMessage]:
    """The relay is written rightly, encrypted off this machine, and its authority can be read."""
    from newsletter.errors import RelayError
    from newsletter.mail.relay import read_relays

    try:
        read_relays(settings.RELAY_URL, ca_file=settings.RELAY_CA_FILE, connections=settings.RELAY_CONNECTIONS)
    except RelayError as error:
        yield Error(str(error), hint="NEWSLETTER_RELAY_URL を直してください。", id="newsletter.E010")
    if settings.RELAY_CA_FILE and not os.access(settings.RELAY_CA_FILE, os.R_OK):
        yield Error(
            f"認証局のファイル {settings.RELAY_CA_FILE} を読めません。",
            hint="NEWSLETTER_RELAY_CA_FILE のファイル名と権限を直してください。",
            id="newsletter.E011",
        )
    if relay_is_catcher():
        yield Caution(
            "メールは、この機械の中の受信箱に送られます。外へは届きません。",
            hint="実際に配信するときは、NEWSLETTER_RELAY_URL に中継サーバを指定してください。",
            id="newsletter.W012",
        )
        if not (Path(settings.CATCHER_MAILDIR) / "new").is_dir():
            yield Caution(
                "この機械の中の受信箱が、まだ一度も動いていません。",
                hint="newsletter catch を実行してください。",
                id="newsletter.W013",
            )


@_checked
def real_relay_needs_real_addresses() -> Iterator[CheckMessage]:
    """With a real relay, readers can follow the links, and the office hears of errors."""
    if relay_is_catcher():
        return
    host = urlsplit(settings.BASE_URL).hostname
    if is_loopback(host) or is_reserved(str(host)):
        yield Error(
            f"メールの中のリンクが {settings.BASE_URL} を指します。読者は開けません。",
            hint="NEWSLETTER_BASE_URL に、公開しているアドレスを指定してください。",
            id="newsletter.E014",
        )
    if not settings.ERROR_MAIL:
        yield Caution(
            "画面の誤りを知らせる宛先がありません。",
            hint="NEWSLETTER_ERROR_MAIL に、管理者のメールアドレスを指定してください。",
            id="newsletter.W015",
        )


@_checked
def signatures() -> Iterator[CheckMessage]:
    """What leaves through a real relay is signed by us or by the relay, with keys that can be used."""
    from newsletter import signing
    from newsletter.errors import NewsletterError

    if not (settings.DKIM_KEYS or settings.RELAY_SIGNS or relay_is_catcher()):
        yield Caution(
            "メールにDKIMの署名が付きません。Gmailなどに届かないことがあります。",
            hint="newsletter dkim new で鍵を作るか、中継サーバが付けるなら NEWSLETTER_RELAY_SIGNS=true とします。",
            id="newsletter.W040",
        )
    for path in signing.paths_in_use():
        try:
            signing.read_key(path)
        except NewsletterError as error:
            yield Error(
                str(error), hint="NEWSLETTER_DKIM_KEYS と鍵のファイルを確かめてください。", id="newsletter.E041"
            )
            continue
        if path.stat().st_mode & 0o077:
            yield Error(
                f"{path} をほかの利用者も読める状態です。",
                hint=f"chmod 600 {path} を実行してください。",
                id="newsletter.E042",
            )


def relay_is_catcher() -> bool:
    """Whether mail still goes to the catcher on this machine."""
    return bool(settings.RELAY_URL == settings.CATCHER_RELAY_URL)


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def is_reserved(domain: str) -> bool:
    """Whether the domain is one for examples only."""
    return any(domain == reserved or domain.endswith(f".{reserved}") for reserved in RESERVED_DOMAINS)


# ------------------------------------------------------------ the database
@_checked
def database() -> Iterator[CheckMessage]:
    """It can be reached and has all its tables; only then can its contents be looked at."""
    from django.db import DatabaseError

    try:
        missing = pending_migrations()
    except DatabaseError as error:
        yield Error(
            f"データベースに接続できません。（{str(error).strip().splitlines()[0]}）",
            hint="DATABASE_URL を確認してください。",
            id="newsletter.E016",
        )
        return
    if missing:
        yield Error(
            f"データベースの準備ができていません（残り{len(missing)}件）。",
            hint="newsletter migrate を実行してください。",
            id="newsletter.E017",
        )
        return
    yield from _identity()
    yield from _profile()
    yield from _accounts()
    yield from _clock()


def pending_migrations() -> list[str]:
    """Migrations that were not applied yet, as `app.name`, in their order."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _identity() -> Iterator[CheckMessage]:
    from newsletter import identity

    if words := identity.problem():
        yield Error(words, hint="docs/running.md の Backup の章を見てください。", id="newsletter.E030")


def _profile() -> Iterator[CheckMessage]:
    from newsletter import profile
    from newsletter.errors import ProfileError

    hint = "newsletter profile load ファイル名 を実行してください。"
    try:
        association = profile.current_or_none()
    except ProfileError as error:
        yield Error(str(error), hint=hint, id="newsletter.E018")
        return
    if association is None:
        yield Error("団体のプロファイルがまだ読み込まれていません。", hint=hint, id="newsletter.E018")
        return
    domain = association.sender.address.rpartition("@")[2]
    if is_reserved(domain) and not relay_is_catcher():
        yield Error(
            f"差出人 {association.sender.address} は見本のアドレスです。",
            hint="プロファイルの差出人を実際のアドレスに直し、newsletter profile load で読み込んでください。",
            id="newsletter.E019",
        )
    yield from _aligned_keys(domain)


def _aligned_keys(sender_domain: str) -> Iterator[CheckMessage]:
    from newsletter import signing
    from newsletter.mail.dkim import DkimError

    for path in signing.paths_in_use():
        try:
            key = signing.read_key(path)
        except DkimError:
            continue  # newsletter.E041 says so
        if not signing.is_aligned(key, sender_domain):
            yield Error(
                f"DKIMの鍵のドメイン {key.domain} が、差出人のドメイン {sender_domain} と合いません。",
                hint="差出人のドメインで newsletter dkim new を実行し、NEWSLETTER_DKIM_KEYS を書き換えてください。",
                id="newsletter.E043",
            )


def _accounts() -> Iterator[CheckMessage]:
    from django.contrib.auth import get_user_model

    if not get_user_model()._default_manager.filter(is_superuser=True, is_active=True).exists():
        yield Caution(
            "管理者のアカウントがありません。",
            hint="newsletter manage createsuperuser を実行してください。",
            id="newsletter.W020",
        )


def _clock() -> Iterator[CheckMessage]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    newest = max(
        (applied.applied for applied in MigrationRecorder(connection).applied_migrations().values()), default=None
    )
    if isinstance(newest, datetime) and newest.timestamp() > time.time() + timedelta(hours=1).total_seconds():
        yield Error(
            "この機械の時計が、データベースの記録より1時間以上遅れています。",
            hint="時刻の同期（NTP）を確認してください。",
            id="newsletter.E021",
        )
