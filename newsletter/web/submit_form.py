"""The submission form: the questions of feeds.fields as Django widgets, judged by feeds.validation."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from feeds import photos
from feeds.fields import FIELDS, GROUPS, Field, Kind
from feeds.japanese_dates import japanese
from feeds.models import Submission
from feeds.photos import RecodedPhoto
from feeds.validation import SubmissionDraft, validate
from newsletter.association.facts import Profile
from newsletter.web.submit_photo import FormPhoto

INPUT_TYPES = {"contact_phone": "tel", "contact_email": "email", "url": "url"}
COUNTED = {"title", "lead", "body", "photo_alt"}  # where people come near the limit
AUTOCOMPLETE = {"contact_name": "name", "contact_phone": "tel", "contact_email": "email"}


class Asked(forms.Field):
    """Keeps what was typed as it is: feeds.validation is the one judge."""

    def clean(self, value: Any) -> Any:
        return value


class AskedMany(Asked):
    """Several choices; hidden on the check page they stay several."""

    hidden_widget = forms.MultipleHiddenInput


@dataclass(frozen=True, slots=True)
class FormGroup:
    """A part of the form under its own heading."""

    key: str
    title: str
    hint: str
    fields: tuple[BoundField, ...]


class SubmissionForm(forms.Form):
    """Texts that were typed, and the photo that came with them; `draft` is set when everything is right."""

    use_required_attribute = False  # the answer comes from us, in words, and nothing typed is lost

    def __init__(self, *args: Any, association: Profile, photo: FormPhoto | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.association = association
        self.enclosed = photo or FormPhoto()
        self.draft: SubmissionDraft | None = None
        for field in FIELDS:
            self.fields[field.name] = _asked(field, association)
        if self.enclosed.recoded:
            self.fields["remove_photo"] = Asked(required=False, label="この写真を使わない", widget=forms.CheckboxInput)

    def clean(self) -> dict[str, Any]:
        """Give every remark of the validator to its field."""
        texts = {
            field.name: _text(self.cleaned_data.get(field.name)) for field in FIELDS if field.kind is not Kind.FILE
        }
        if self.enclosed.problem:
            self.add_error("photo", self.enclosed.problem)
        pathways = {pathway.key: pathway.label_ja for pathway in self.association.pathways}
        outcome = validate(texts, photo=self.enclosed.recoded, pathways=pathways)
        if isinstance(outcome, SubmissionDraft):
            self.draft = None if self.enclosed.problem else outcome
            return self.cleaned_data
        for fault in outcome:
            # A photo that cannot be used has its own remark; its description is not superfluous.
            if not (self.enclosed.problem and fault.field.startswith("photo")):
                self.add_error(fault.field, fault.message)
        return self.cleaned_data

    def groups(self) -> Iterator[FormGroup]:
        """The parts of the form in their order."""
        for group in GROUPS:
            yield FormGroup(group.key, group.title, group.hint, tuple(self[field.name] for field in group.fields))

    def kept(self) -> Iterator[BoundField]:
        """Everything typed, for the check page to carry along; the photo is carried by its key."""
        for field in FIELDS:
            if field.kind is not Kind.FILE:
                yield self[field.name]

    def answers(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """What will be received, group by group, in words: label and value."""
        for group in GROUPS:
            rows = [(field.label, self._answer(field)) for field in group.fields if field.kind is not Kind.FILE]
            filled = [(label, answer) for label, answer in rows if answer]
            if group.key == "photo" and not self.enclosed.recoded:
                continue
            if filled:
                yield group.title, filled

    def _answer(self, field: Field) -> str:
        return in_words(field, getattr(self.draft, field.name), self.association)


def in_words(field: Field, value: Any, association: Profile) -> str:
    """A checked value as a person reads it."""
    if field.kind is Kind.YES_NO:
        return "はい" if value else "いいえ"
    if not value:
        return ""
    if field.kind is Kind.DATE:
        return japanese(value)
    if field.kind is Kind.NUMBERS:
        return "\n".join(f"{number} {association.sdgs.get(number, '')}" for number in value)
    pathway = association.pathway(value) if field.kind is Kind.CHOICE else None
    return pathway.label_ja if pathway else str(value)


def typed_before(submission: Submission) -> dict[str, Any]:
    """What a returned submission says, for its form to begin with."""
    texts: dict[str, Any] = {}
    for field in FIELDS:
        value = getattr(submission, field.name)
        if field.kind is Kind.DATE:
            texts[field.name] = f"{value:%Y/%m/%d}" if value else ""
        elif field.kind is Kind.NUMBERS:
            texts[field.name] = [str(number) for number in value]
        elif field.kind is not Kind.FILE:
            texts[field.name] = value
    return texts


def preview(photo: RecodedPhoto) -> str:
    """A small picture as a data: address, so that a photo that nobody accepted yet needs no address of its own."""
    return f"data:image/jpeg;base64,{base64.b64encode(photos.thumbnail(photo)).decode('ascii')}"


def _asked(field: Field, association: Profile) -> Asked:
    hint = f"{field.hint}（{field.limit:,}文字まで）" if field.name in COUNTED else field.hint
    form_field = AskedMany if field.kind is Kind.NUMBERS else Asked
    return form_field(required=field.required, label=field.label, help_text=hint, widget=_widget(field, association))


def _widget(field: Field, association: Profile) -> forms.Widget:
    attributes = {"autocomplete": AUTOCOMPLETE.get(field.name, "off")}
    if field.kind is Kind.TEXT:
        return forms.Textarea({**attributes, "rows": 12})
    if field.kind is Kind.CHOICE:
        labels: Mapping[str, str] = {pathway.key: pathway.label_ja for pathway in association.pathways}
        return forms.Select(attributes, choices=[("", "選んでください"), *labels.items()])
    if field.kind is Kind.NUMBERS:
        goals = [(str(number), f"{number} {label}") for number, label in sorted(association.sdgs.items())]
        return forms.CheckboxSelectMultiple(choices=goals)
    if field.kind is Kind.YES_NO:
        return forms.CheckboxInput()
    if field.kind is Kind.FILE:
        return forms.FileInput({"accept": "image/jpeg,image/png,image/webp"})
    # Dates are text: a date field of the browser throws away what it does not understand, 令和8年 among it.
    if field.name in INPUT_TYPES:
        attributes["inputmode"] = INPUT_TYPES[field.name]
    return forms.TextInput(attributes)


def _text(value: Any) -> str:
    """The typed value as the validator reads it."""
    if isinstance(value, bool):
        return "はい" if value else ""
    if isinstance(value, list):
        return "、".join(map(str, value))
    return "" if value is None else str(value)
