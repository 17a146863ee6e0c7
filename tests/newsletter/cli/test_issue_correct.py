"""`newsletter issue correct` and `corrections`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from django.test import Client

from newsletter.cli import main
from newsletter.models import Edition
from tests.newsletter.archive_parts import number_of, sent_issue
from tests.newsletter.issue_parts import load_profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition() -> Edition:
    load_profile()
    return sent_issue()


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["issue", *arguments])
    return result.exit_code, result.output


def test_a_correction_is_recorded_and_answers_with_the_page(edition: Edition, client: Client) -> None:
    number = str(number_of(edition, "環境の日"))
    words = ("--old", "水素バス", "--new", "電気バス", "--by", "例示 花子", "--note", "車両の種類")
    code, output = run("correct", "2026-11", number, *words)
    assert code == 0
    assert "訂正しました。" in output
    assert "誤「水素バス」 正「電気バス」 説明: 車両の種類 （例示 花子）" in output
    path = f"/archive/2026-11/{number}/"
    assert path in output
    assert "電気バス" in client.get(path).content.decode()


def test_what_is_not_there_is_refused_with_exit_code_1(edition: Edition) -> None:
    code, output = run("correct", "2026-11", "1", "--old", "どこにもない", "--new", "ある", "--by", "例示 花子")
    assert code == 1
    assert "「どこにもない」はありません" in output


def test_the_record_can_be_read(edition: Edition) -> None:
    assert "訂正はありません。" in run("corrections", "2026-11")[1]
    number = str(number_of(edition, "環境の日"))
    code, output = run("correct", "第137号", number, "--old", "例示会館", "--new", "", "--by", "例示 花子", "--json")
    assert code == 0
    assert json.loads(output)["url"].endswith(f"/archive/2026-11/{number}/")
    assert "会場 誤「例示会館」 正「（削除）」" in run("corrections")[1]
    facts = json.loads(run("corrections", "--json")[1])
    assert (facts[0]["field"], facts[0]["old"], facts[0]["new"], facts[0]["by"]) == (
        "fact-2",
        "例示会館",
        "",
        "例示 花子",
    )
