"""`newsletter issue request-approval`: ask colleagues, by letter, for a yes to an edition."""

from __future__ import annotations

import click

from newsletter.cli.base import by_option, django_command, json_option, print_json
from newsletter.cli.terminal import say


@click.command("request-approval")
@click.argument("name", metavar="[号]", default="")
@click.option(
    "--to", "people", required=True, multiple=True, metavar="人",
    help="承認してもらう人。利用者の名前か、メールアドレス（氏名 <アドレス> も可）。何度でも指定できます。",
)  # fmt: skip
@by_option
@json_option
@django_command
def request_approval(name: str, people: tuple[str, ...], person: str, as_json: bool) -> None:
    """版を作り（あればそれを）、承認の依頼をメールで送ります。"""
    from django.db import transaction
    from django.utils import timezone

    from newsletter import editions, issues, letters, staff
    from newsletter.cli import issue_report as report

    chosen = issues.find_issue(name)
    colleagues = [staff.find(text) for text in people]
    with transaction.atomic():
        edition = editions.make_edition(chosen, person, timezone.now())
        for colleague in colleagues:
            letters.send_approval_request(edition, colleague, person, timezone.now())
    if as_json:
        asked = [{"name": colleague.name, "address": colleague.address} for colleague in colleagues]
        print_json({**report.issue_facts(chosen), "edition": report.edition_facts(edition), "asked": asked})
        return
    for colleague in colleagues:
        say(f"{colleague.name} さん（{colleague.address}）への承認の依頼を、送信待ちに入れました。")
    say(f"版 {edition.digest[:12]}。newsletter work が動いていないときは newsletter letters send で送れます。")
