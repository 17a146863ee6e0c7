"""`newsletter submissions contributor …`: a member's staff who write."""

from __future__ import annotations

import click

from newsletter.cli.base import django_command, fail, json_option, print_json
from newsletter.cli.listing import print_rows
from newsletter.cli.terminal import say


@click.group()
def contributor() -> None:
    """会員の担当者（依頼と控えの送り先）を登録します。"""


@contributor.command()
@click.argument("member_name", metavar="会員")
@click.option("--email", required=True, metavar="アドレス", help="メールアドレス。")
@click.option("--name", default="", metavar="氏名", help="氏名。")
@click.option("--section", default="", metavar="所属", help="部署名。")
@click.option("--phone", default="", metavar="電話", help="電話番号。")
@json_option
@django_command
def add(member_name: str, email: str, name: str, section: str, phone: str, as_json: bool) -> None:
    """担当者を登録します。同じアドレスの人がいれば、書いた項目を直します。"""
    from feeds import members
    from feeds.models import Contributor

    member = members.find(member_name)
    address = _address(email)
    given = {"name": name.strip(), "section": section.strip(), "phone": _phone(phone)}
    for key, limit in (("name", 100), ("section", 200)):
        if len(given[key]) > limit:
            raise click.BadParameter(f"{limit}文字以内で書いてください。", param_hint=f"--{key}")
    written = {key: value for key, value in given.items() if value}
    person, is_new = Contributor.objects.update_or_create(
        member=member,
        email__iexact=address,
        defaults=written | {"active": True},
        create_defaults=given | {"email": address},
    )
    if as_json:
        print_json({"member": member.name, "email": person.email, "added": is_new})
    else:
        say(f"{member.name}の担当者を{'登録しました' if is_new else '直しました'}：{person.email}")


@contributor.command("list")
@click.argument("member_name", metavar="[会員]", required=False)
@json_option
@django_command
def list_(member_name: str | None, as_json: bool) -> None:
    """担当者を一覧にします。"""
    from feeds import members
    from feeds.models import Contributor

    people = Contributor.objects.select_related("member").order_by("member__kind", "member__code", "pk")
    if member_name:
        people = people.filter(member=members.find(member_name))
    if as_json:
        print_json(
            [
                {
                    "member": person.member.name,
                    "name": person.name,
                    "section": person.section,
                    "email": person.email,
                    "phone": person.phone,
                    "active": person.active,
                }
                for person in people
            ]
        )
        return
    print_rows(
        ("会員", "氏名", "所属", "メールアドレス", "電話", "状態"),
        ((row.member, row.name, row.section, row.email, row.phone, "有効" if row.active else "停止") for row in people),
    )


@contributor.command()
@click.argument("member_name", metavar="会員")
@click.argument("email", metavar="アドレス")
@json_option
@django_command
def remove(member_name: str, email: str, as_json: bool) -> None:
    """担当者を消去します（異動のときなど）。"""
    from feeds import members
    from feeds.models import Contributor

    member = members.find(member_name)
    removed, _ = Contributor.objects.filter(member=member, email__iexact=email.strip()).delete()
    if not removed:
        fail(f"{member.name}に、そのアドレスの担当者はいません。")
    if as_json:
        print_json({"member": member.name, "removed": removed})
    else:
        say(f"{member.name}の担当者を消去しました。")


def _address(text: str) -> str:
    from feeds.values import ValueProblem, read_mail_address

    try:
        address = read_mail_address(text)
    except ValueProblem as problem:
        raise click.BadParameter(str(problem), param_hint="--email") from problem
    if not address:
        raise click.BadParameter("メールアドレスを書いてください。", param_hint="--email")
    return address


def _phone(text: str) -> str:
    from feeds.values import ValueProblem, read_phone

    try:
        return read_phone(text)
    except ValueProblem as problem:
        raise click.BadParameter(str(problem), param_hint="--phone") from problem
