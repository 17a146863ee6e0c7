"""`newsletter roster …`: the April refresh from the shell, from opening to taking it back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone
from openpyxl import load_workbook

from newsletter.cli import main
from newsletter.models import Letter, RosterAnswer, RosterRound, RosterSheet
from newsletter.roster.questions import Typed
from subscribers.models import Subscriber
from tests.newsletter.roster.parts import CITY, answered, city, open_sheet

pytestmark = pytest.mark.django_db
NEW = Typed(name="佐藤 三郎", address=f"s-sato@{CITY}", consented=True)


@pytest.fixture
def sheet() -> RosterSheet:
    return open_sheet()


def run(*arguments: object, text: str = "") -> Result:
    return CliRunner().invoke(main, ["roster", *map(str, arguments)], input=text)


def report(*arguments: object, status: int = 0) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_a_round_is_opened_sent_reminded_and_closed() -> None:
    city()
    RosterRound.objects.all().delete()
    deadline = timezone.localdate() + timedelta(days=20)
    assert report("open", 2027, "--deadline", deadline, "--by", "例示 職員")["members"] == 1
    assert report("open", 2027, "--deadline", deadline)["new"] is False
    foreseen = report("send", "--dry-run")
    assert (foreseen["letters"], foreseen["members"], Letter.objects.count()) == (1, ["kitakyushu"], 0)
    assert "1人にメールを送ります" in run("send").stderr
    assert report("send")["letters"] == 0
    RosterSheet.objects.update(sent_at=timezone.now() - timedelta(days=2))
    assert report("remind", "北九州市")["letters"] == 1
    assert [letter.kind for letter in Letter.objects.order_by("pk")] == ["roster", "roster_reminder"]
    assert run("remind", "北九州市").exit_code == 1
    [row] = report("board")["members"]
    assert (row["standing"], row["people"], row["letters"]) == ("sent", 4, 2)
    assert "送付済 1" in run("board").output
    assert report("close", "--by", "例示 職員")["unapplied"] == []
    assert RosterRound.objects.get().closed_by == "例示 職員"


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("open", "2027", "--deadline", "きのう"), 2, "読めません"),
        (("open", "2027", "--deadline", "2020-01-01"), 1, "過ぎた日"),
        (("open", "27", "--deadline", "2027-03-26"), 2, "27"),
        (("board",), 1, "まだ始めていません"),
        (("send",), 1, "まだ始めていません"),
        (("apply", "ない市"), 1, "ない市"),
    ],
)
def test_wrong_use_is_told_in_words(arguments: tuple[str, ...], status: int, words: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, words in result.output) == (status, True), result.output


def test_a_link_and_a_form_are_handed_out_by_the_office(sheet: RosterSheet, tmp_path: Path) -> None:
    result = run("link", "北九州市")
    assert result.stdout.count("\n") == 1
    assert "/r/" in result.stdout
    assert "@" not in result.stdout
    path = tmp_path / "様式.xlsx"
    assert run("form", "北九州市", "-o", path).exit_code == 0
    assert "すでにあります" in run("form", "北九州市", "-o", path).output
    assert report("form", "北九州市", "-o", path, "--force")["reference"] == "2027-kitakyushu"


def test_an_excel_form_is_taken_in_all_or_nothing(sheet: RosterSheet, tmp_path: Path) -> None:
    path = tmp_path / "様式.xlsx"
    run("form", "北九州市", "-o", path)
    refused = run("import", path, "北九州市")
    assert refused.exit_code == 1
    assert "回答者のお名前" in refused.stderr
    assert "何も受け付けていません" in refused.stderr
    book = load_workbook(path)
    book.active["C6"] = "例示 花子"
    book.active["F10"] = "異動・退職のため外す"
    book.save(path)
    assert report("import", path, "北九州市", "--dry-run")["summary"] == "変わりなし 3件、外す 1件"
    assert not RosterAnswer.objects.exists()
    assert report("import", path, "北九州市")["new"] is True
    assert report("import", path, "北九州市")["new"] is False
    assert RosterAnswer.objects.get().door == "excel"


def test_an_answer_is_shown_applied_and_taken_back(sheet: RosterSheet) -> None:
    assert "回答はまだありません" in run("apply", "北九州市").output
    answered(sheet, {"t-yamada": Typed("leave")}, [NEW])
    shown = report("show", "北九州市")
    assert shown["plan"]["counts"] == {"added": 1, "updated": 0, "departed": 1, "refused": 0}
    assert shown["plan"]["rows"][-1]["verdict"] == "登録"
    assert "異動・退職のため外す" in run("show", "北九州市").output
    assert report("apply", "北九州市", "--dry-run")["applied"] is False
    assert not Subscriber.objects.filter(address=f"s-sato@{CITY}").exists()
    done = report("apply", "北九州市", "--by", "例示 職員")
    assert done["import"]
    assert Subscriber.objects.get(address=f"t-yamada@{CITY}").state == "left"
    assert "もう反映してあります" in run("apply", "北九州市").output
    assert report("board")["totals"] == {"applied": 1}
    assert report("undo", "北九州市")["import"] == done["import"]
    assert Subscriber.objects.get(address=f"t-yamada@{CITY}").state == "active"
    assert "取り消せる反映はありません" in run("undo", "北九州市").output


def test_closing_asks_while_an_answer_waits(sheet: RosterSheet) -> None:
    answered(sheet, {"t-yamada": Typed("leave")})
    assert "締めませんでした" in run("close", text="n\n").output
    assert run("close", text="y\n").exit_code == 0
    assert RosterAnswer.objects.get().entries == []
    assert "（内容は残していません）" in run("show", "北九州市").output
