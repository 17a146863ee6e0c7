"""What readers say about themselves on the public pages: pathways, and a municipality from the national list."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from lxml import html

from newsletter import dossier, links, profile
from newsletter.web.public_forms import SignupForm
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.issue_parts import NOW, PROFILE, load_profile
from tests.subscribers.people import mark, person

pytestmark = pytest.mark.django_db

PAGES = ("/subscribe/", "preferences")


def page_of(client: Client, where: str) -> Any:
    reader = Subscriber.objects.first() or person()
    path = urlsplit(links.preferences_url(reader.key)).path if where == "preferences" else where
    return html.fromstring(client.get(path).content.decode())


def sign_up(client: Client, **answers: Any) -> None:
    version = profile.current().wording.version
    body = {"email": "taro@example.jp", "format": "html", "wording": version, **answers}
    assert client.post("/subscribe/", body).status_code == 302


def choose(client: Client, reader: Subscriber, **answers: Any) -> int:
    path = urlsplit(links.preferences_url(reader.key)).path
    return client.post(path, {"format": "html", "language": "ja", **answers}).status_code


@pytest.mark.parametrize("where", PAGES)
def test_both_pages_offer_the_five_pathways_and_every_municipality_without_a_script(where: str, client: Client) -> None:
    load_profile()
    page = page_of(client, where)
    offered = {box.get("value") for box in page.xpath("//input[@name='pathways']")}
    assert offered == {"zero", "nature", "equitable", "resilient", "circular"}
    (field,) = page.xpath("//input[@name='municipality']")
    options = page.xpath(f"//datalist[@id='{field.get('list')}']/option/@value")
    assert len(options) == len(set(options)) > 1_700
    assert {"福岡県北九州市", "東京都", "長野県池田町"} <= set(options)


def test_what_was_chosen_at_the_sign_up_is_there_after_the_confirmation(client: Client) -> None:
    load_profile()
    sign_up(client, pathways=["zero", "circular"], municipality="長野県池田町")
    reader = Subscriber.objects.get()
    client.post(urlsplit(links.confirm_url(reader.key)).path)
    reader.refresh_from_db()
    assert (reader.is_active, reader.pathways) == (True, ["zero", "circular"])
    page = page_of(client, "preferences")
    assert page.xpath("//input[@name='pathways'][@checked]/@value") == ["zero", "circular"]
    assert page.xpath("//input[@name='municipality']/@value") == ["長野県池田町"]


def test_a_stranger_who_types_the_address_of_somebody_who_left_changes_nothing(client: Client) -> None:
    load_profile()
    reader = person(state=Subscriber.State.LEFT, pathways=["zero"])
    sign_up(client, pathways=["nature"])
    reader.refresh_from_db()
    assert reader.pathways == ["zero"]
    client.post(urlsplit(links.confirm_url(reader.key)).path)
    reader.refresh_from_db()
    assert reader.pathways == ["nature"]


def test_a_change_is_a_line_in_the_ledger_and_stands_in_the_dossier(client: Client) -> None:
    load_profile()
    reader = person(pathways=["zero"])
    assert choose(client, reader, pathways=["resilient"]) == 302
    reader.refresh_from_db()
    assert reader.pathways == ["resilient"]
    assert ConsentEvent.objects.get().detail["changed"] == ["pathways"]
    text = dossier.compose(dossier.collect("taro@example.jp", mark("taro@example.jp")), "", NOW)
    assert "希望する道筋: レジリエントな発展" in text
    assert "変更: 希望する道筋" in text
    assert choose(client, reader) == 302
    reader.refresh_from_db()
    assert reader.pathways == []
    assert choose(client, reader, pathways=["unknown"]) == 422


@pytest.mark.parametrize(
    ("written", "code"), [("401005", "401005"), ("４０１００５", "401005"), ("北九州市", "401005"), ("", "")]
)
def test_a_municipality_is_kept_by_its_code_however_it_is_written(written: str, code: str, client: Client) -> None:
    load_profile()
    reader = person(municipality="011002")
    assert choose(client, reader, municipality=written) == 302
    reader.refresh_from_db()
    assert reader.municipality == code


def test_a_name_that_several_places_have_asks_for_the_prefecture(client: Client) -> None:
    load_profile()
    reader = person()
    assert choose(client, reader, municipality="池田町") == 422
    assert choose(client, reader, municipality="401006") == 422  # the check digit is wrong
    reader.refresh_from_db()
    assert reader.municipality == ""


def test_an_association_without_pathways_does_not_ask_for_them(tmp_path: Path) -> None:
    text = PROFILE.read_text(encoding="utf-8")
    start, end = text.index("[[pathways]]"), text.rindex("[[pathways]]")
    rest = text[end:].partition("\n[")[2]
    plain = tmp_path / "plain.toml"
    plain.write_text(f"{text[:start]}[{rest}", encoding="utf-8")
    assert "pathways" not in tomllib.loads(plain.read_text(encoding="utf-8"))
    form = SignupForm(association=profile.read(plain))
    assert "pathways" not in form.fields
