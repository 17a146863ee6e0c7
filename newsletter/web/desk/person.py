"""One address: the entry, whether mail goes there, the whole consent ledger, what was sent; and what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feeds import members
from feeds.errors import MemberError
from newsletter import dossier, erasures, profile
from newsletter.web.desk.access import ERASE_READERS, SEE_READERS, STOP_READERS, for_staff, name_of
from subscribers import audience, by_hand, consent, moves, suppression, wordings
from subscribers.addresses import fingerprint, read_address
from subscribers.errors import AddressError
from subscribers.models import ConsentEvent, Subscriber, Suppression
from subscribers.wordings import Named

SHOWN = 50  # mails, the newest ones; the dossier has all of them
# What a step of the ledger means, for somebody who reads it for the first time.
STEPS = {
    ConsentEvent.Kind.REQUESTED: "購読の申込がありました。",
    ConsentEvent.Kind.CONFIRMED: "受け取ることに同意した記録です。",
    ConsentEvent.Kind.IMPORTED: "事務局が、名簿から取り込みました。",
    ConsentEvent.Kind.UNDONE: "事務局が、名簿の取込を取り消しました。",
    ConsentEvent.Kind.PREFERENCES: "受け取り方や登録の内容を変えました。",
    ConsentEvent.Kind.LEFT: "購読をやめました。",
    ConsentEvent.Kind.SUPPRESSED: "このアドレスへの配信を止めました。",
    ConsentEvent.Kind.LIFTED: "配信の停止を解きました。",
    ConsentEvent.Kind.ERASED: "ご本人の求めにより、個人情報を消去しました。",
}
BY_LETTER = "このアドレスに届いた確認のメールから、受け取ることに同意しました。"
BY_BUTTON = (
    "配信停止のあとのページのボタンで、購読が元に戻りました。配信メールのリンクを持つ方なら、ご本人でなくても押せます。"
)
BY_WRONG_PERSON = (
    "配信停止のあとのページの「この方の配信を元に戻す」で、購読が元に戻りました。"
    "押したのは、ご本人のメールから誤って停止したという、ほかの方です。"
)
BY_OFFICE = "ご本人の申出により、事務局が購読を終えました。"
BY_MEMBER = "会員の申出（異動・退職など）により、購読を終えました。"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the ledger as the page shows it."""

    at: datetime
    kind: str
    sentence: str
    facts: list[tuple[str, str]]
    wording: Named | None  # the text that was agreed to


class StopForm(forms.Form):
    """Why an address is stopped."""

    reason = forms.ChoiceField(
        label="理由", choices=[(reason.value, reason.label) for reason in by_hand.REASONS], initial="by_hand"
    )
    note = forms.CharField(label="備考", required=False, max_length=300, help_text="記録に残ります。300文字まで。")


class LiftForm(forms.Form):
    """Why a suppression may end."""

    why = forms.CharField(
        label="解除してよい理由",
        max_length=300,
        help_text="記録に残ります。例: 2026年11月24日に、ご本人から電話で希望がありました。",
        error_messages={"required": "停止を解除する理由を書いてください。"},
    )
    erased = forms.BooleanField(
        label="消去した方であることを承知しています",
        help_text=suppression.OF_ERASED,
        error_messages={"required": "消去した方の停止を解除するときは、承知のしるしを付けてください。"},
    )

    def __init__(self, *args: Any, is_erased: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_erased:
            del self.fields["erased"]

    def clean_why(self) -> str:
        why: str = self.cleaned_data["why"]
        if not suppression.is_reason(why):
            raise forms.ValidationError(suppression.TOO_SHORT)
        return why


class AddressForm(forms.Form):
    """For whom a dossier is written when there is no entry that has the address."""

    address = forms.CharField(label="請求された方のメールアドレス", max_length=254)


@for_staff(SEE_READERS)
@require_safe
def person(request: HttpRequest, mark: str) -> HttpResponse:
    """Everything about the address with this fingerprint."""
    return _page(request, mark)


@for_staff(STOP_READERS)
@require_POST
def stop(request: HttpRequest, mark: str) -> HttpResponse:
    """Suppress by hand, with the reason."""
    form = StopForm(request.POST)
    if not form.is_valid():
        return _page(request, mark, stop_form=form)
    reason = Suppression.Reason(form.cleaned_data["reason"])
    if by_hand.stop(mark, reason, timezone.now(), name_of(request), form.cleaned_data["note"]):
        messages.success(request, "配信を止めました。")
    else:
        messages.info(request, "すでに止まっています（同じか、より重い理由です）。")
    return redirect("desk_person", mark)


@for_staff(STOP_READERS)
@require_POST
def lift(request: HttpRequest, mark: str) -> HttpResponse:
    """End the suppression, with the reason."""
    form = LiftForm(request.POST, is_erased=suppression.is_erased(mark))
    if not form.is_valid():
        return _page(request, mark, lift_form=form)
    why, knows_erased = form.cleaned_data["why"], form.cleaned_data.get("erased", False)
    if suppression.lift(mark, timezone.now(), operator=name_of(request), why=why, knows_erased=knows_erased):
        messages.success(request, f"停止を解除しました。{suppression.still_left(mark)}")
    else:
        messages.info(request, "この宛先は停止されていません。")
    return redirect("desk_person", mark)


@for_staff(SEE_READERS)
@require_POST
def write_dossier(request: HttpRequest, mark: str) -> HttpResponse:
    """Everything held on this person as a text file, for a request under 個人情報保護法33条."""
    reader = Subscriber.objects.filter(fingerprint=mark).first()
    address, form = (reader.address, None) if reader else ("", AddressForm(request.POST))
    if form is not None:
        address = form.cleaned_data["address"].strip() if form.is_valid() else ""
        if not _is_of(address, mark):
            form.add_error("address", "このページの宛先と同じアドレスを入力してください。")
            return _page(request, mark, address_form=form)
    held = dossier.collect(address, mark)
    if held.is_empty:
        messages.info(request, "この宛先について持っているものはありません。")
        return redirect("desk_person", mark)
    text = dossier.compose(held, _publisher(), timezone.now()).replace("\n", "\r\n")
    answer = HttpResponse(text.encode("utf-8-sig"), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="kaiji-{timezone.localdate():%Y%m%d}.txt"'
    return answer


@for_staff(ERASE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, mark: str) -> HttpResponse:
    """Ask first, saying what goes and what stays; a POST erases, and the account of it is the answer."""
    held, now = erasures.held(mark), timezone.now()
    if held.is_empty:
        messages.info(request, "この宛先について消せるものはありません（もう消去したか、はじめからないか）。")
        return redirect("desk_person", mark)
    with_contacts = request.POST.get("with_contacts") == "yes"
    is_named = held.reader is not None or bool(held.named.answers)
    if request.method == "POST" and not is_named and not with_contacts:
        messages.error(
            request, "購読者の登録はありません。会員の担当者としての記録を消すときは、その印を付けてください。"
        )
    elif request.method == "POST":
        account = erasures.erase(mark, name_of(request), now, with_contacts=with_contacts)
        return render(request, "desk/person_erased.html", {"mark": mark, "account": account})
    page = {"mark": mark, "person": held.reader, "has_contacts": held.has_contacts}
    return render(request, "desk/person_erase.html", page | {"account": erasures.look(mark, now)})


# ------------------------------------------------------------ the page
def _page(
    request: HttpRequest,
    mark: str,
    *,
    stop_form: StopForm | None = None,
    lift_form: LiftForm | None = None,
    address_form: AddressForm | None = None,
) -> HttpResponse:
    held = dossier.collect("", mark)
    failed = [form for form in (stop_form, lift_form, address_form) if form]
    page = {
        "mark": mark,
        "held": held,
        "can_erase": held.person or held.is_contact or held.told,
        "person": held.person,
        "facts": _facts(held.person) if held.person else [],
        "standing": suppression.standing(mark),
        "reaches": _reaches(held.person),
        "steps": _steps(held.events),
        "deliveries": list(reversed(held.deliveries))[:SHOWN],
        "more_deliveries": len(held.deliveries[SHOWN:]),
        "letters": list(reversed(held.letters))[:SHOWN],
        "stop_form": stop_form or StopForm(),
        "lift_form": lift_form or LiftForm(is_erased=suppression.is_erased(mark)),
        "address_form": address_form or AddressForm(),
        "form": failed[0] if failed else None,
    }
    return render(request, "desk/person.html", page, status=422 if failed else 200)


def _facts(one: Subscriber) -> list[tuple[str, str]]:
    """The entry without the address, which is the heading, and with the place by its name."""
    named = [
        ("自治体", _place(value)) if label == "団体コード" else (label, value) for label, value in dossier.facts(one)
    ]
    return named[1:]


def _reaches(one: Subscriber | None) -> tuple[bool, str]:
    """Whether a campaign that began now would write there, and if not, why."""
    if one is None:
        return False, str(audience.Why.GONE.label)
    answer = audience.check([one.pk])[one.pk]
    return (False, str(answer.reason.label)) if isinstance(answer, audience.Exclusion) else (True, "")


def _steps(events: tuple[ConsentEvent, ...]) -> list[Step]:
    texts = {named.version: named for named in wordings.named_by(events)}
    return [
        Step(
            event.at,
            str(event.get_kind_display()),
            _sentence(event),
            consent.facts(event),
            texts.get(event.wording),
        )
        for event in events
    ]


def _sentence(event: ConsentEvent) -> str:
    """What the step was, by the way it came about; old lines may have lost that (consent.make_anonymous)."""
    kind, detail = ConsentEvent.Kind(event.kind), event.detail
    if kind == ConsentEvent.Kind.CONFIRMED and detail.get("how") == "come_back":
        return BY_WRONG_PERSON if detail.get("why") == suppression.Way.WRONG_PERSON else BY_BUTTON
    if kind == ConsentEvent.Kind.CONFIRMED and event.wording:  # only a letter's page is about a text
        return BY_LETTER
    if kind == ConsentEvent.Kind.LEFT and moves.is_departure(event):
        return BY_MEMBER
    if kind == ConsentEvent.Kind.LEFT and detail.get("how") == "office":
        return BY_OFFICE
    return STEPS[kind]


def _place(code: str) -> str:
    try:
        place = members.find_municipality(code) if code else None
    except MemberError:
        return code
    return f"{place.prefecture}{place.name if place.name != place.prefecture else ''}（{code}）" if place else ""


def _is_of(address: str, mark: str) -> bool:
    try:
        return fingerprint(read_address(address).key, settings.FINGERPRINT_KEY) == mark
    except AddressError:
        return False


def _publisher() -> str:
    loaded = profile.current_or_none()
    return (loaded.publisher.legal_name or loaded.publisher.name) if loaded else ""
