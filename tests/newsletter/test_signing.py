"""Keys in var/dkim sign campaigns and letters, once the settings name them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from newsletter import checks, delivery, sending, signing
from newsletter.engine import Cause
from newsletter.mail.dkim import Algorithm, DkimError, DkimKey
from newsletter.mail.dkim_record import record
from newsletter.models import Campaign, Letter
from tests.newsletter import books
from tests.smtp_server import receiving

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 6, 1, 7, tzinfo=UTC)  # a verifier refuses a signature of tomorrow


@pytest.fixture(autouse=True)
def keys(settings: Settings, tmp_path: Path) -> list[DkimKey]:
    """One of each algorithm, both in use."""
    settings.DKIM_FOLDER = tmp_path / "dkim"
    made = [signing.new_key(kind, "example.jp", f"{kind}1") for kind in (Algorithm.RSA, Algorithm.ED25519)]
    settings.DKIM_KEYS = [path.name for _, path in made]
    return [key for key, _ in made]


def verified(octets: bytes, keys: list[DkimKey]) -> list[bool]:
    zone = {f"{key.name}.".encode(): record(key).encode() for key in keys}
    number = octets.count(b"DKIM-Signature:")
    return [dkimpy.DKIM(octets).verify(idx=at, dnsfunc=lambda name, **_: zone.get(name)) for at in range(number)]


def running_campaign() -> Campaign:
    campaign = books.running()
    Campaign.objects.filter(pk=campaign.pk).update(started_at=LONG_AGO)
    return campaign


def waiting_letter() -> Letter:
    letter = Letter.objects.create(
        kind="receipt",
        address="staff@example.lg.jp",
        subject="受付",
        html="<p>受付</p>",
        text="受付",
        written_at=LONG_AGO,
    )
    delivery.queue_letter(letter, books.NOW)
    return letter


def test_every_copy_of_a_campaign_is_signed_with_every_key_in_use(keys: list[DkimKey]) -> None:
    books.readers(3)
    books.reader("text@example.jp", format_="text")
    campaign = running_campaign()
    with receiving() as server:
        sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port))
    assert [verified(mail.content, keys) for mail in server.received] == [[True, True]] * 4


def test_a_letter_is_signed_too(keys: list[DkimKey]) -> None:
    books.association()
    waiting_letter()
    with receiving() as server:
        sending.send_letters(books.NOW, relay=books.relay(server.port))
    assert verified(server.received[0].content, keys) == [True, True]


def test_a_key_that_no_setting_names_does_not_sign(settings: Settings) -> None:
    settings.DKIM_KEYS = []
    assert signing.signer() is None
    assert len(signing.paths_at_hand()) == 2


def test_a_key_that_is_gone_pauses_the_campaign_before_anything_is_claimed(settings: Settings) -> None:
    books.readers(2)
    campaign = running_campaign()
    settings.DKIM_KEYS = ["gone._domainkey.example.jp.pem"]
    with receiving() as server:
        run = sending.send_campaign(campaign, books.NOW, relay=books.relay(server.port))
    assert run.cause is Cause.MESSAGE
    assert "鍵のファイルを読めません" in run.words
    assert not server.received
    assert books.states(campaign) == {"queued": 2}


def test_letters_wait_for_a_key_that_is_gone(settings: Settings) -> None:
    books.association()
    letter = waiting_letter()
    settings.DKIM_KEYS = ["gone._domainkey.example.jp.pem"]
    with receiving() as server, pytest.raises(DkimError):
        sending.send_letters(books.NOW, relay=books.relay(server.port))
    assert letter.delivery.state == "queued"


@pytest.mark.parametrize("name", ["key.pem", "r1.example.jp.pem"])
def test_a_file_whose_name_does_not_say_what_it_is_for_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DkimError, match="ファイル名"):
        signing.read_key(tmp_path / name)


# ------------------------------------------------------------ what `newsletter check` says
def found() -> dict[str, str]:
    messages = run_checks(tags=[checks.TAG], include_deployment_checks=True)
    return {str(message.id).removeprefix("newsletter."): message.msg for message in messages}


def test_with_a_real_relay_somebody_must_sign(settings: Settings) -> None:
    settings.RELAY_URL = "smtp+starttls://user:pass@relay.example.lg.jp:587"
    assert "W040" not in found()
    settings.DKIM_KEYS = []
    assert "W040" in found()
    settings.RELAY_SIGNS = True
    assert "W040" not in found()


def test_keys_in_use_must_be_there_private_and_the_senders(settings: Settings) -> None:
    books.association()
    assert not {"E041", "E042", "E043"} & found().keys()
    (settings.DKIM_FOLDER / settings.DKIM_KEYS[0]).chmod(0o644)
    assert "E042" in found()
    _, other = signing.new_key(Algorithm.ED25519, "other.lg.jp", "e1")
    settings.DKIM_KEYS = [other.name, "gone._domainkey.example.jp.pem"]
    assert "other.lg.jp" in found()["E043"]
    assert "gone" in found()["E041"]
