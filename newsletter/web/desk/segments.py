"""Part of the readers by named conditions: the sentence, the count, and the line that a campaign is planned with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from feeds import members
from newsletter import segments, wishes
from newsletter.errors import SegmentError
from newsletter.segments import Segment
from newsletter.web.desk.access import SEE_READERS, for_staff
from newsletter.web.public_forms import places
from subscribers import audience

ANY = [("", "問いません")]


class SegmentForm(forms.Form):
    """The conditions; what is left open is no condition."""

    kind = forms.ChoiceField(label="自治体の会員区分", required=False)
    prefecture = forms.MultipleChoiceField(
        label="都道府県", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="いくつか選ぶと、そのどれかに当たる方です。",
    )  # fmt: skip
    municipality = forms.CharField(
        label="市区町村", required=False, max_length=1000,
        widget=forms.TextInput({"list": "places", "autocomplete": "off"}),
        help_text="いくつか書くときは「、」で区切ります。例: 福岡県北九州市、長野県池田町",
    )  # fmt: skip
    section = forms.MultipleChoiceField(
        label="希望する欄", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="「すべて」を希望している方は、どれを選んでも含まれます。",
    )  # fmt: skip
    pathway = forms.MultipleChoiceField(
        label="希望する道筋", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="「すべて」を希望している方は、どれを選んでも含まれます。",
    )  # fmt: skip
    format = forms.ChoiceField(label="メールの形式", required=False, choices=ANY + list(segments.FORMATS.items()))
    since = forms.DateField(
        label="登録した日（これ以後）", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    until = forms.DateField(
        label="登録した日（これ以前）", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    segment: Segment | None = None  # of a valid form

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(key, words if key == "none" else f"{words}の自治体") for key, words in segments.KINDS.items()]
        self._choose("kind", ANY + kinds)
        prefectures = dict.fromkeys(place.prefecture for place in members.municipalities())
        self._choose("prefecture", [(name, name) for name in prefectures])
        self._choose("section", list(wishes.section_titles().items()))
        self._choose("pathway", list(wishes.pathway_labels().items()))

    def clean(self) -> dict[str, Any]:
        chosen = dict(super().clean() or {})
        if self.errors:
            return chosen
        try:
            self.segment = segments.read(_line(chosen))
        except SegmentError as error:
            self.add_error("municipality" if chosen.get("municipality") else None, str(error))
        return chosen

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]
        if not choices:
            del self.fields[name]


@for_staff(SEE_READERS)
@require_safe
def segment(request: HttpRequest) -> HttpResponse:
    """The form and, once it is filled in, what it comes to. No address is in it, so it may stand in a link."""
    form = SegmentForm(request.GET) if request.GET else SegmentForm()
    page: dict[str, object] = {"form": form, "places": places()}
    if form.is_bound and form.is_valid() and form.segment is not None:
        wanted = segments.condition(form.segment)
        page |= {
            "sentence": segments.sentence(form.segment),
            "line": segments.written(form.segment),
            "recipients": audience.recipients().filter(wanted).count(),
            "subscribers": segments.within(form.segment).count(),
            "counted": True,
        }
    return render(request, "desk/segments.html", page, status=422 if form.errors else 200)


def _line(chosen: dict[str, Any]) -> str:
    """What the person chose as the one line that segments.read understands."""
    words = []
    for name, value in chosen.items():
        several = value if isinstance(value, list) else [str(value)] if value else []
        text = ",".join("".join(str(one).split()) for one in several)
        words += [f"{name}={text}"] if text else []
    return " ".join(words)
