"""The page of 宛先の確認 as a form: a question per person, rows for new people, judged by roster.questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.html import format_html

from newsletter.roster.questions import ASKED, MOST_NEW, Choice, Entry, Person, Typed, described, judge
from newsletter.roster.workbook import Filled
from newsletter.web.submit_form import Asked
from subscribers.addresses import masked

NEW_ROWS = 2
TEXTS = ("name", "department", "address")
LABELS = {"name": "お名前", "department": "部署", "address": "メールアドレス", "consented": "ご本人の了解を得ています"}


@dataclass(frozen=True, slots=True)
class PersonFields:
    """One person of the page: the question, and where a change is written."""

    person: Person
    choice: BoundField
    change: tuple[BoundField, ...]
    is_open: bool  # whether the change is shown unfolded


@dataclass(frozen=True, slots=True)
class NewFields:
    """A row for somebody new."""

    number: int
    fields: tuple[BoundField, ...]


class RosterForm(forms.Form):
    """Texts that were typed; `entries` is set when everything is right.

    `earlier` are the lines of the answer that is being corrected: the addresses in it are not shown again, they are
    taken over where nothing else is written.
    """

    use_required_attribute = False  # the answer comes from us, in words, and nothing typed is lost

    def __init__(
        self, *args: Any, people: Sequence[Person], earlier: Sequence[Entry] = (), rows: int = NEW_ROWS, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        self.earlier = {entry.number: entry for entry in earlier if entry.number}
        self.earlier_new = [entry for entry in earlier if entry.choice is Choice.ADD and entry.address]
        self.rows = min(max(rows, 0), MOST_NEW)
        self.entries: tuple[Entry, ...] = ()
        for person in people:
            self._ask(person)
        for place, entry in enumerate(self.earlier_new, start=1):
            told = "、".join(part for part in (entry.name, entry.department, masked(entry.address)) if part)
            self.fields[f"keep-{place}"] = _box(f"{told} を、今回も加える", initial=True)
        for place in range(1, self.rows + 1):
            self._ask_new(place)
        self.fields["by_name"] = _line("お名前", required=True, autocomplete="name")
        self.fields["by_department"] = _line("部署", autocomplete="organization-title")

    def _ask(self, person: Person) -> None:
        number, before = person.number, self.earlier.get(person.number)
        changed = before if before and before.choice is Choice.CHANGE else None
        choices = [(str(choice), person.label_of(choice)) for choice in ASKED]
        self.fields[f"choice-{number}"] = Asked(
            label=f"{number}番　{person.title}", required=False, widget=forms.RadioSelect(choices=choices),
            initial=str(before.choice) if before else str(Choice.STAY), help_text=_about(person),
        )  # fmt: skip
        hint = "変わるときだけ書いてください。"
        if changed and changed.address:
            hint = f"書かなければ、前の回答のアドレス（{masked(changed.address)}）を使います。"
        self.fields[f"name-{number}"] = _line("お名前", initial=changed.name if changed else person.name)
        department = changed.department if changed else person.department
        self.fields[f"department-{number}"] = _line("部署", initial=department)
        self.fields[f"address-{number}"] = _line("新しいメールアドレス", help_text=hint, inputmode="email")
        self.fields[f"consented-{number}"] = _box("（アドレスが変わるとき）" + LABELS["consented"])

    def _ask_new(self, place: int) -> None:
        self.fields[f"name-new-{place}"] = _line("お名前")
        self.fields[f"department-new-{place}"] = _line("部署")
        self.fields[f"address-new-{place}"] = _line("メールアドレス", inputmode="email")
        self.fields[f"consented-new-{place}"] = _box(LABELS["consented"])
        self.fields[f"writes-new-{place}"] = _box("投稿のご担当にもなる（原稿の依頼と控えもお送りします）")

    # -------------------------------------------------------- judging
    def clean(self) -> dict[str, Any]:
        """Give every remark of the judge to its field."""
        typed = {person.number: self._typed_about(person) for person in self.people}
        new = {f"new-{place}": self._typed(f"new-{place}") for place in range(1, self.rows + 1)}
        new |= {f"keep-{place}": self._kept_new(entry, place) for place, entry in enumerate(self.earlier_new, start=1)}
        judged = judge(self.people, typed, new)
        for problem in judged.problems:
            self.add_error(self._field_of(problem.row, problem.field), problem.message)
        if not self._text("by_name"):
            self.add_error("by_name", "ご回答くださる方のお名前を書いてください。")
        for name, most in (("by_name", 100), ("by_department", 200)):
            if len(self._text(name)) > most:
                self.add_error(name, f"長すぎます。{most}文字までです。")
        self.entries = judged.entries if not self.errors else ()
        return self.cleaned_data

    def _typed_about(self, person: Person) -> Typed:
        typed, before = self._typed(str(person.number)), self.earlier.get(person.number)
        # A choice that is not sent along is the one that a new page begins with.
        typed = replace(typed, choice=typed.choice or str(Choice.STAY))
        if typed.choice == Choice.CHANGE and not typed.address.strip() and before and before.address:
            return replace(typed, address=before.address, consented=True)
        return typed

    def _kept_new(self, entry: Entry, place: int) -> Typed:
        if not self.cleaned_data.get(f"keep-{place}"):
            return Typed()
        return Typed("", entry.name, entry.department, entry.address, consented=True, writes=entry.writes)

    def _typed(self, row: str) -> Typed:
        given = self.cleaned_data
        return Typed(
            choice=str(given.get(f"choice-{row}") or ""),
            **{name: str(given.get(f"{name}-{row}") or "") for name in TEXTS},
            consented=bool(given.get(f"consented-{row}")),
            writes=bool(given.get(f"writes-{row}")),
        )

    def _field_of(self, row: str, field: str) -> str | None:
        name = row if row.startswith("keep-") else f"{field}-{row}"
        return name if name in self.fields else None

    def _text(self, name: str) -> str:
        return str(self.cleaned_data.get(name) or "").strip()

    # -------------------------------------------------------- for the pages
    def asked(self) -> Iterator[PersonFields]:
        """Every person with their fields."""
        for person in self.people:
            number = person.number
            change = tuple(self[f"{name}-{number}"] for name in (*TEXTS, "consented"))
            choice = self[f"choice-{number}"]
            is_open = choice.value() == Choice.CHANGE or any(field.errors for field in change)
            yield PersonFields(person, choice, change, is_open)

    def remarks(self) -> Iterator[tuple[str, str]]:
        """What is wrong, each with whom it is about, and the id of its field."""
        titles = {str(person.number): f"{person.number}番 {person.title}" for person in self.people}
        titles |= {f"new-{place}": f"新しい方{place}人目" for place in range(1, self.rows + 1)}
        for name, errors in self.errors.items():
            if name not in self.fields:
                yield from (("", str(error)) for error in errors)
                continue
            field = self[name]
            # Of radio buttons the first is led to.
            anchor = f"{field.auto_id}_0" if name.startswith("choice-") else field.id_for_label
            who = titles.get(name.partition("-")[2], "")
            label = who if name.startswith("choice-") else "・".join(part for part in (who, str(field.label)) if part)
            yield from ((anchor, f"{label}：{error}") for error in errors)

    def kept_new(self) -> list[BoundField]:
        """New people of the answer that is being corrected."""
        return [self[f"keep-{place}"] for place in range(1, len(self.earlier_new) + 1)]

    def new(self) -> Iterator[NewFields]:
        """The rows for new people."""
        for place in range(1, self.rows + 1):
            yield NewFields(place, tuple(self[f"{name}-new-{place}"] for name in (*TEXTS, "consented", "writes")))

    def carried(self) -> Iterator[tuple[str, str]]:
        """What the check page carries along: everything that was typed and is not as the page begins."""
        for name in self.fields:
            value = self[name].value()
            if isinstance(value, bool):
                value = "on" if value else ""
            if value and not (name.startswith("choice-") and value == Choice.STAY):
                yield name, str(value)

    def answers(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """What will be received, in words: what changes, and what does not."""
        persons = {person.number: person for person in self.people}
        again = {entry.address for entry in (*self.earlier.values(), *self.earlier_new) if entry.address}
        changing: list[tuple[str, str]] = []
        staying: list[tuple[str, str]] = []
        for entry in self.entries:
            shown = replace(entry, address=masked(entry.address)) if entry.address in again else entry
            (staying if entry.choice is Choice.STAY else changing).append(described(shown, persons.get(entry.number)))
        return changing, staying


def from_file(filled: Filled, people: Sequence[Person]) -> tuple[dict[str, Any], int]:
    """An Excel form that came back, as the page would have sent it, and how many rows for new people that takes."""
    sent: dict[str, Any] = {"by_name": filled.by_name, "by_department": filled.by_department}
    rows: Mapping[str, Typed] = {str(person.number): filled.typed.get(person.number, Typed()) for person in people}
    for row, typed in (*rows.items(), *filled.new.items()):
        sent |= {f"{name}-{row}": getattr(typed, name) for name in ("choice", *TEXTS)}
        sent |= {f"{name}-{row}": "on" for name in ("consented", "writes") if getattr(typed, name)}
    return sent, len(filled.new)


def _about(person: Person) -> str:
    department = person.department if person.department != person.title else ""
    kind = "窓口のアドレス" if person.is_shared else ""
    parts = [part for part in (department, person.shown_address, kind, person.roles) if part and part != person.title]
    return format_html("{}", "　".join(parts))


def _line(label: str, *, required: bool = False, **attributes: Any) -> Asked:
    options = {name: attributes.pop(name) for name in ("initial", "help_text") if name in attributes}
    attributes.setdefault("autocomplete", "off")
    return Asked(label=label, required=required, widget=forms.TextInput({"maxlength": 300, **attributes}), **options)


def _box(label: str, *, initial: bool = False) -> Asked:
    return Asked(label=label, required=False, initial=initial, widget=forms.CheckboxInput())
