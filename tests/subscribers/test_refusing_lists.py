"""A list that says who refused mail: none of them comes in, whichever row, column or remark says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from subscribers import signup, staging
from subscribers.columns import guess_columns
from subscribers.models import Subscriber, Suppression
from subscribers.planned import Planned, Verdict
from tests.subscribers.people import NOW, person, suppressed
from tests.subscribers.test_importer import LOOKUPS, plan, table_of, take_in

pytestmark = pytest.mark.django_db

STAYS = "この方は購読中のままです。止めるには、編集デスクの「さがす」でこの方を開き、「配信を止める」を押してください"


def verdicts(planned: list[Planned]) -> list[str]:
    return [str(one.verdict) for one in planned]


def test_unknown_states_are_refused(tmp_path: Path) -> None:
    rows = "q1@example.jp,Opt-Out\nq2@example.jp,受信拒否\nq3@example.jp,配信停止中\n"
    rows += "q4@example.jp,\nq5@example.jp,購読中\n"
    assert verdicts(plan(table_of(tmp_path, f"メール,購読状態\n{rows}"))) == ["refused"] * 3 + ["added"] * 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a@example.jp,解除済み\nb@example.jp,購読中\nＡ@example.jp,購読中\n", (0, 2)),
        ("a@example.jp,購読中\nb@example.jp,購読中\nＡ@example.jp,解除済み\n", (2, 0)),
    ],
)
def test_one_line_that_stops_counts_for_every_line_of_the_address(
    rows: str, words: tuple[int, int], tmp_path: Path
) -> None:
    stopping, other = words
    table = table_of(tmp_path, f"メール,状態\n{rows}")
    planned = plan(table)
    assert verdicts(planned) == [("added" if place == 1 else "refused") for place in range(3)]
    assert planned[stopping].words == ("ファイルの状態が「解除済み」です。解除した方は取り込みません。",)
    assert planned[other].words[0].startswith(f"{stopping + 2}行目の状態で拒否したアドレスなので")
    staged = staging.begin(table, LOOKUPS, NOW)
    staged.read(NOW)
    assert [one.refusal for one in staged.candidates()] == [one.candidate.refusal for one in planned]
    assert take_in(table) == {Verdict.ADDED: 1, Verdict.REFUSED: 2}


def test_what_stops_is_read_before_anything_is_written(tmp_path: Path) -> None:
    table = table_of(tmp_path, "メール,状態\na@example.jp,購読中\na@example.jp,停止\n")
    staged = staging.begin(table, LOOKUPS, NOW)
    staged.read(NOW)
    candidates = staged.candidates()
    table.path.unlink()  # the transaction that takes the list in needs it no more
    assert all(one.is_stopped for one in candidates)


def test_of_several_addresses_in_a_cell_each_is_stopped(tmp_path: Path) -> None:
    rows = "b@example.jp,購読中\na@example.jp;b@example.jp;なし@,停止\n,停止\n"
    assert verdicts(plan(table_of(tmp_path, f"メール,状態\n{rows}"))) == ["refused"] * 5


def test_who_was_not_confirmed_in_one_line_may_be_so_in_another(tmp_path: Path) -> None:
    rows = "a@example.jp,未確認\na@example.jp,購読中\n"
    assert verdicts(plan(table_of(tmp_path, f"メール,状態\n{rows}"))) == ["refused", "added"]


def test_a_remark_that_says_no_refuses_and_is_quoted(tmp_path: Path) -> None:
    rows = (
        "rm1@example.jp（退職）\nrm2@example.jp（配信不要）\nrm3@example.jp 解除希望\n山田 <rm4@example.jp>（死亡）\n"
    )
    planned = plan(table_of(tmp_path, f"メール\n{rows}"))
    assert verdicts(planned) == ["refused"] * 4
    assert planned[0].words == (
        "アドレスのそばに「（退職）」と書いてあるので、取り込みません。送ってよい方なら、アドレスだけを書いてください。",
    )
    assert "「解除希望」" in planned[2].words[0]


def test_a_remark_that_says_something_else_is_a_warning_and_a_label_is_a_note(tmp_path: Path) -> None:
    rows = "a@example.jp（4月に異動）,\nb@example.jp御中,\nc@example.jp（総務課）,\nd@example.jp（山田）,山田 太郎\n"
    rows += "e@example.jp（山田）,鈴木\n"
    planned = plan(table_of(tmp_path, f"メール,氏名\n{rows}"))
    assert verdicts(planned) == ["warned", "added", "added", "added", "warned"]
    assert planned[0].words == ("後ろのかっこ書き「（4月に異動）」を除きました",)
    assert planned[3].words == ("後ろのかっこ書き「（山田）」を除きました",)


def test_a_remark_that_says_no_counts_for_the_lines_below_and_above_says_how_to_stop(tmp_path: Path) -> None:
    below = plan(table_of(tmp_path, "メール\na@example.jp（退職）\na@example.jp\na@example.jp（退職）\n"))
    assert verdicts(below) == ["refused"] * 3
    assert below[1].words[0].startswith("2行目で、送ってほしくない方として拒否したアドレスです。")
    assert "なります" not in below[2].words[0]
    above = plan(table_of(tmp_path, "メール\na@example.jp\na@example.jp（退職）\n"))
    assert verdicts(above) == ["added", "refused"]
    assert "このアドレスは2行目で購読中になります。止めるには、" in above[1].words[0]


def test_a_list_stops_nobody_and_says_so(tmp_path: Path) -> None:
    for name in ("reads", "left", "bounced", "waits"):
        person(f"{name}@example.jp", Subscriber.State.PENDING if name == "waits" else Subscriber.State.ACTIVE)
    signup.leave(Subscriber.objects.get(address="left@example.jp").key, None, NOW)
    suppressed("bounced@example.jp", Suppression.Reason.BOUNCED)
    rows = "".join(f"{name}@example.jp,解除済み\n" for name in ("reads", "left", "bounced", "waits", "nobody"))
    first, *others = plan(table_of(tmp_path, f"メール,状態\n{rows}"))
    words = f"ファイルの状態が「解除済み」です。解除した方は取り込みません。{STAYS}"
    assert first.words == (f"{words}（コマンドは newsletter subscribers suppress アドレス --reason left）。",)
    assert not any("購読中" in one.words[0] for one in others)


@pytest.mark.parametrize(
    ("heading", "no", "yes"),
    [
        ("配信停止", "停止", "×"), ("停止", "○", "-"), ("解除", "2024-05-01", "0"), ("退会", "済", "なし"),
        ("メール配信停止希望", "希望する", "希望しない"), ("配信停止日", "令和6年5月1日", ""),
        ("メルマガ配信可否", "否", "可"), ("配信可否", "×", "○"), ("配信希望", "希望しない", "希望する"),
        ("メルマガ希望", "×", "○"), ("受信可否", "不可", "可"), ("送付可否（必須）", "不可", "可"),
        ("メルマガの配信を希望しますか？", "いいえ", "はい"), ("メールマガジン", "×", "○"), ("購読停止", "1", "0"),
    ],
)  # fmt: skip
def test_headings_that_speak_of_the_subscription_are_read(heading: str, no: str, yes: str, tmp_path: Path) -> None:
    rows = f"a@example.jp,一,{no}\nb@example.jp,二,{yes}\nc@example.jp,三,\n"
    assert verdicts(plan(table_of(tmp_path, f"メール,氏名,{heading}\n{rows}"))) == ["refused", "added", "added"]


@pytest.mark.parametrize("heading", ["拒否の理由", "配信停止用URL", "郵送不要", "希望形式", "電話停止"])
def test_headings_that_only_look_like_it_are_not(heading: str) -> None:
    assert not {"state", "wanted", "stopped", "address"} & guess_columns([heading]).keys()


def test_a_second_column_that_says_no_is_a_warning(tmp_path: Path) -> None:
    rows = "a@example.jp,可,否\nb@example.jp,可,可\nc@example.jp,可\n"
    first, *others = plan(table_of(tmp_path, f"メール,受信可否,送付可否\n{rows}"))
    assert first.words == ("読まない列「送付可否」が「否」です。送ってよい方か確かめてください",)
    assert verdicts(others) == ["added", "added"]
