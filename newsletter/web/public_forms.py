"""What people fill in on the public pages: the sign-up, and a reader's own choices."""

from __future__ import annotations

from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from feeds import members
from feeds.errors import MemberError
from newsletter.profile import Profile
from newsletter.web.language import spoken
from subscribers.addresses import Address, read_address
from subscribers.errors import AddressError
from subscribers.models import Subscriber
from subscribers.reading import LONGEST, tidy
from subscribers.sentences import said
from subscribers.signup import Preferences

FORMATS = [
    (Subscriber.Format.HTML, _("HTML形式（写真や見出しの色がつきます）")),
    (Subscriber.Format.TEXT, _("テキスト形式（文字だけです。庁内の仕組みで本文が読みにくい方におすすめします）")),
]
# Each in its own words: who cannot read one of them must find the other.
LANGUAGES = [(code, format_html('<span lang="{}">{}</span>', code, name)) for code, name in settings.LANGUAGES]
NEW_WORDING = _(
    "この画面を開いたあとに、お申し込みの文面が新しくなりました。もう一度お読みになってから、お申し込みください。"
)


@cache
def places() -> tuple[str, ...]:
    """Every local government as people write it: 福岡県北九州市."""
    return tuple(_written(place) for place in members.municipalities())


def _written(place: members.Municipality) -> str:
    return place.name if place.name == place.prefecture else f"{place.prefecture}{place.name}"


class PreferencesForm(forms.Form):
    """What a reader may choose and tell about themselves."""

    format = forms.ChoiceField(
        label=_("メールの形式"), choices=FORMATS, widget=forms.RadioSelect, initial=Subscriber.Format.HTML
    )
    only_monthly = forms.BooleanField(
        label=_("毎月のe-ニュースだけ受け取る（号外は受け取らない）"),
        required=False,
        help_text=_("号外は、参加者の募集など、急ぎのお知らせがあるときにだけ、毎月の号のほかにお送りするメールです。"),
    )
    language = forms.ChoiceField(
        label=_("ページとお知らせの言語"),
        choices=LANGUAGES,
        widget=forms.RadioSelect,
        help_text=_(
            "購読のページと、お手続きのお知らせのメールの言語です。e-ニュースの本文は、どちらを選んでも日本語です。"
        ),
    )
    sections = forms.MultipleChoiceField(
        label=_("お読みになりたい欄"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "毎月の号では、どなたにもすべての欄をお届けします。ご希望は、そのほかのお知らせを、どなたにお届けするか"
            "決めるときに使います。1つも選ばないときは、すべての欄をご希望として登録します。"
        ),
    )
    pathways = forms.MultipleChoiceField(
        label=_("関心のある分野（発展の道筋）"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "毎月の号の内容は変わりません。そのほかのお知らせを、どなたにお届けするか決めるときに使います。"
            "1つも選ばないときは、すべての分野をご希望として登録します。"
        ),
    )
    name = forms.CharField(
        label=_("お名前"), required=False, max_length=LONGEST["name"], widget=forms.TextInput({"autocomplete": "name"})
    )
    organisation = forms.CharField(
        label=_("所属団体"),
        required=False,
        max_length=LONGEST["organisation"],
        widget=forms.TextInput({"autocomplete": "organization"}),
        help_text=_("例: 見本市役所、見本大学"),
    )
    department = forms.CharField(
        label=_("部署"),
        required=False,
        max_length=LONGEST["department"],
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("例: 環境局 脱炭素推進課"),
    )
    municipality = forms.CharField(
        label=_("自治体"),
        required=False,
        max_length=40,
        widget=forms.TextInput({"autocomplete": "off", "list": "places"}),
        help_text=_("お勤め先やお住まいの自治体です。都道府県から書いてください。例: 福岡県北九州市"),
    )

    def __init__(self, *args: Any, association: Profile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "sections" in self.fields:
            titles = [(section.key, section.title) for section in association.sections]
            self.fields["sections"].choices = titles  # type: ignore[attr-defined]
        english = spoken() == "en"
        labels = [(pathway.key, pathway.label_en if english else pathway.label_ja) for pathway in association.pathways]
        self.fields["pathways"].choices = labels  # type: ignore[attr-defined]
        if not labels:
            del self.fields["pathways"]

    def clean_name(self) -> str:
        return tidy(self.cleaned_data["name"])

    def clean_organisation(self) -> str:
        return tidy(self.cleaned_data["organisation"])

    def clean_department(self) -> str:
        return tidy(self.cleaned_data["department"])

    def clean_municipality(self) -> str:
        """The code of the place; a name that fits several asks for the prefecture."""
        text = tidy(self.cleaned_data["municipality"])
        if not text:
            return ""
        try:
            return members.find_municipality(text).code
        except MemberError as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def preferences(self) -> Preferences:
        """The choices of a valid form; who signs up is spoken to in the language of the page."""
        told = {name: value for name, value in self.cleaned_data.items() if name in Preferences.__dataclass_fields__}
        wishes = {name: tuple(told.get(name, ())) for name in ("sections", "pathways")}
        return Preferences(**({"language": spoken()} | told | wishes))


class SignupForm(PreferencesForm):
    """The sign-up: an address, and as little as possible beside it."""

    field_order = ("email", "name", "organisation", "department", "municipality", "format", "only_monthly", "pathways")
    sections = None  # type: ignore[assignment] # chosen later, on the page of one's own
    language = None  # type: ignore[assignment] # that of the page
    email = forms.CharField(
        label=_("メールアドレス"),
        max_length=1000,
        error_messages={"required": _("メールアドレスを入力してください。")},
        help_text=_("例: taro@example.jp"),
        widget=forms.EmailInput(
            {"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    # The text the person saw; the ledger must not name another one.
    wording = forms.CharField(max_length=40, widget=forms.HiddenInput)
    # The address that was asked about: sent a second time, it is meant.
    asked_about = forms.CharField(max_length=254, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, association: Profile, **kwargs: Any) -> None:
        super().__init__(*args, association=association, **kwargs)
        self.version = association.wording.version
        self.fields["wording"].initial = self.version
        self.questions: tuple[str, ...] = ()

    def clean_email(self) -> Address:
        try:
            return read_address(self.cleaned_data["email"])
        except AddressError as error:
            raise forms.ValidationError(said(error.args[0], gettext)) from error

    def clean_wording(self) -> str:
        if self.cleaned_data["wording"] != self.version:
            raise forms.ValidationError(NEW_WORDING)
        return self.version

    def clean(self) -> dict[str, Any]:
        """Ask once, kindly, about an address that looks mistyped or may not arrive."""
        address = self.cleaned_data.get("email")
        if address and address.warnings and self.cleaned_data.get("asked_about") != address.key:
            self.questions = tuple(f"{said(note.text, gettext)}{gettext('。')}" for note in address.warnings)
        return self.cleaned_data

    def asked_again(self) -> SignupForm:
        """The same answers, with the address corrected as it was read and marked as asked about."""
        address: Address = self.cleaned_data["email"]
        self.data = {**self.data.dict(), "email": address.address, "asked_about": address.key}  # type: ignore[attr-defined]
        return self


def initial_of(preferences: Preferences) -> dict[str, Any]:
    """What the form begins with: the stored choices, the place in words."""
    written = next((_written(p) for p in members.municipalities() if p.code == preferences.municipality), "")
    return {
        "format": preferences.format,
        "only_monthly": preferences.only_monthly,
        "language": preferences.language,
        "sections": list(preferences.sections),
        "pathways": list(preferences.pathways),
        "name": preferences.name,
        "organisation": preferences.organisation,
        "department": preferences.department,
        "municipality": written or preferences.municipality,
    }
