"""The base page, the form parts and the pages for what went wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "web"


class ExampleForm(forms.Form):
    title = forms.CharField(label="見出し", help_text="60文字まで")
    note = forms.CharField(label="備考", required=False, widget=forms.Textarea)
    way = forms.ChoiceField(label="道筋", choices=[("a", "ゼロ"), ("b", "循環")], widget=forms.RadioSelect)
    photo = forms.FileField(label="写真")
    agree = forms.BooleanField(label="同意します")
    secret = forms.CharField(widget=forms.HiddenInput, required=False)


def field(name: str, form: forms.Form) -> str:
    return render_to_string("forms/field.html", {"field": form[name]})


def test_a_field_has_its_label_above_and_says_whether_it_must_be_filled_in() -> None:
    form = ExampleForm()
    assert '<label for="id_title">見出し</label> <span class="mark mark--required">必須</span>' in field("title", form)
    assert '<label for="id_note">備考</label> <span class="mark">任意</span>' in field("note", form)


def test_help_and_errors_are_tied_to_the_input() -> None:
    html = field("title", ExampleForm({}))
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'id="id_title_helptext"' in html
    assert 'id="id_title_error"' in html


def test_choices_stand_in_a_fieldset_with_a_legend() -> None:
    html = field("way", ExampleForm({}))
    assert html.strip().startswith("<fieldset")
    assert 'aria-describedby="id_way_error"' in html
    assert "<legend" in html


def test_a_file_input_has_a_label_and_a_description() -> None:
    html = field("photo", ExampleForm({}))
    assert '<label for="id_photo">写真</label>' in html
    assert 'aria-describedby="id_photo_error"' in html


def test_a_single_checkbox_has_its_label_behind_it() -> None:
    html = field("agree", ExampleForm())
    assert html.index("<input") < html.index("<label")


def test_a_hidden_field_shows_nothing() -> None:
    assert "<label" not in field("secret", ExampleForm())


def test_the_summary_of_errors_leads_to_each_field() -> None:
    html = render_to_string("forms/errors.html", {"form": ExampleForm({})})
    assert '<a href="#id_title">' in html
    assert '<a href="#id_way_0">' in html
    assert '<a href="#id_photo">' in html
    assert render_to_string("forms/errors.html", {"form": ExampleForm()}).strip() == ""


@pytest.mark.django_db
def test_a_page_works_before_a_profile_was_loaded(client: Client) -> None:
    page = client.get("/staff/login/").content.decode()
    assert '<html lang="ja">' in page
    assert '<a class="skip" href="#main">本文へ移動</a>' in page
    assert "<footer" not in page


@pytest.mark.django_db
def test_an_unknown_address_is_answered_in_japanese(client: Client) -> None:
    answer = client.get("/nothing-here/")
    assert answer.status_code == 404
    assert "ページが見つかりません" in answer.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token_is_answered_in_japanese() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/staff/login/", {"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert "もう一度お試しください" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "403_csrf.html"])
def test_the_pages_for_failures_can_be_rendered(name: str) -> None:
    assert "</html>" in render_to_string(name, request=RequestFactory().get("/"))


def test_the_page_for_our_own_failures_needs_no_database() -> None:
    assert "ただいま処理できません" in render_to_string("500.html")


def test_the_design_tokens_are_there_with_their_licence_and_version() -> None:
    vendor = Path(settings.BASE_DIR) / "newsletter" / "static" / "vendor" / "digital-go-jp-design-tokens"
    assert "MIT License" in (vendor / "LICENSE").read_text("utf-8")
    assert "1.1.9" in (vendor / "README.md").read_text("utf-8")
    used = (vendor.parents[1] / "site" / "pages.css").read_text("utf-8")
    defined = (vendor / "tokens.css").read_text("utf-8")
    for token in set(
        re.findall(r"var\((--(?:color|font-size|font-weight|line-height|border-radius)-[a-z0-9-]+)\)", used)
    ):
        assert f"{token}:" in defined, token
