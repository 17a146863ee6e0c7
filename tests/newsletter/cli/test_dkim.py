"""`newsletter dkim …` as a person at the shell meets it, with a DNS server of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings

from newsletter import signing
from newsletter.cli import main
from newsletter.mail.dkim_record import record
from tests.name_server import FAILURE, name_server
from tests.newsletter.issue_parts import load_profile

pytestmark = pytest.mark.django_db
NAME = "r1._domainkey.example.jp"


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    load_profile()
    settings.DKIM_FOLDER = tmp_path / "dkim"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["dkim", *arguments])


def report(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_a_new_key_is_for_its_owner_only_and_comes_with_its_record(tmp_path: Path) -> None:
    output = run("new", "--selector", "r1").output
    file = tmp_path / "dkim" / f"{NAME}.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert record(signing.read_key(file)) in output
    assert f"{NAME}. IN TXT (" in output
    assert f"NEWSLETTER_DKIM_KEYS={file.name}" in output


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    run("new", "--selector", "r1")
    before = (tmp_path / "dkim" / f"{NAME}.pem").read_bytes()
    again = run("new", "--selector", "r1")
    assert again.exit_code == 1
    assert "上書きはしません" in again.stderr
    assert (tmp_path / "dkim" / f"{NAME}.pem").read_bytes() == before


def test_both_algorithms_have_selectors_of_their_own() -> None:
    made = [report("new", "--algorithm", algorithm) for algorithm in ("rsa", "ed25519")]
    assert [one["selector"].partition("-")[0] for one in made] == ["rsa", "ed25519"]
    assert made[1]["record"].startswith("v=DKIM1; k=ed25519; p=")
    assert len(made[1]["record"].partition("p=")[2]) == 44


def test_check_compares_every_key_with_the_dns(settings: Settings) -> None:
    zone = {}
    for selector, algorithm in (("r1", "rsa"), ("e1", "ed25519"), ("e2", "ed25519")):
        made = report("new", "--selector", selector, "--algorithm", algorithm)
        zone[made["name"]] = [f'"{made["record"][:200]}" "{made["record"][200:]}"']
    zone["e2._domainkey.example.jp"] = zone["e1._domainkey.example.jp"]
    settings.DKIM_KEYS = [f"{NAME}.pem", "e1._domainkey.example.jp.pem"]
    with name_server(zone) as address:
        result, facts = run("check", "--nameserver", address), report("check", "--nameserver", address)
    assert result.exit_code == 0, result.output
    assert f"一致 使用中 {NAME} rsa" in result.output
    assert "不可 未使用 e2._domainkey.example.jp ed25519" in result.output
    assert facts["ok"]
    assert [row["state"] for row in facts["keys"]] == ["matches", "matches", "different"]


@pytest.mark.parametrize(
    ("zone", "words"), [({}, "TXTレコードがありません"), ({NAME: FAILURE}, "DNSサーバが誤りを返しました")]
)
def test_a_key_in_use_that_receivers_cannot_find_fails_the_check(
    settings: Settings, zone: dict[str, list[str] | str], words: str
) -> None:
    run("new", "--selector", "r1")
    settings.DKIM_KEYS = [f"{NAME}.pem"]
    with name_server(zone) as address:
        result = run("check", "--nameserver", address)
    assert result.exit_code == 1
    assert words in result.output


def test_a_key_of_another_domain_does_not_speak_for_the_sender(settings: Settings) -> None:
    made = report("new", "--selector", "r1", "--domain", "other.jp")
    settings.DKIM_KEYS = [Path(made["file"]).name]
    with name_server({made["name"]: [f'"{made["record"][:200]}" "{made["record"][200:]}"']}) as address:
        result = run("check", "--nameserver", address)
    assert result.exit_code == 1
    assert "差出人のドメイン example.jp と合いません" in result.output


def test_without_a_key_the_next_step_is_said(settings: Settings) -> None:
    result = run("check")
    assert result.exit_code == 1
    assert "newsletter dkim new" in result.stderr
    settings.RELAY_SIGNS = True
    assert run("check").exit_code == 0


@pytest.mark.parametrize("server", ["dns.example.jp", "1.2.3.4:99999"])
def test_a_name_server_that_is_none_is_refused(server: str, settings: Settings) -> None:
    settings.RELAY_SIGNS = True
    assert "正しくありません" in run("check", "--nameserver", server).stderr
