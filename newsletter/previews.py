"""An issue as it would reach somebody now: every view of one reader's copy, for the shell and for the desk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from pathlib import Path

from django.conf import settings

from feeds.models import Submission
from newsletter import editions, issues
from newsletter.errors import EditionError
from newsletter.links import photo_url, preferences_url, unsubscribe_url
from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, IssueContent, RenderedMail
from newsletter.mail.message import Recipient
from newsletter.mail.views import GatewayReport, Kind, View, overview_page, views
from newsletter.models import Issue
from newsletter.outgoing import NOBODY, EditionMail, rendered_edition
from subscribers import addresses, audience
from subscribers.models import Subscriber

SOMEBODY = "reader@example.jp"  # whom the copy is to when nobody is named


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whose copy is looked at."""

    address: str = SOMEBODY
    text_only: bool = False
    hindrance: str = ""  # why this person would get no mail now


@dataclass(frozen=True, slots=True)
class Preview:
    """One reader's copy of an issue."""

    issue: Issue
    addressee: Addressee
    rendered: RenderedMail  # the links in it look like the reader's, but are nobody's
    message: bytes  # as it would go over the wire
    gateway: GatewayReport
    views: tuple[View, ...]
    lacking: tuple[str, ...]  # what keeps an open issue from becoming an edition


def of_issue(issue: Issue, now: datetime, reader_address: str = "") -> Preview:
    """The issue as the named subscriber would get it now, or as anybody would.

    Its links are as long as real ones and nobody's: a click in a preview must not unsubscribe the reader.
    """
    addressee = find_addressee(reader_address, extra=issue.extra > 0) if reader_address else Addressee()
    content, rendered, lacking = _rendered(issue)
    mail = EditionMail(rendered, now)
    sender_domain = mail.association.sender.address.rpartition("@")[2]
    recipient = Recipient(
        addressee.address,
        f"<preview.{issue.slug}@{sender_domain}>",
        unsubscribe_url(NOBODY),
        preferences_url(NOBODY),
    )
    message = mail.compiled(text_only=addressee.text_only).join(recipient)
    filled = _filled(rendered, recipient, text_only=addressee.text_only)
    gateway = GatewayReport.of(content, message)
    shown = views(filled, message, gateway, _pictures(issue))
    return Preview(issue, addressee, filled, message, gateway, shown, tuple(lacking))


def find_addressee(address: str, *, extra: bool = False) -> Addressee:
    """The subscriber with this address, and why they would not get it (a 号外, if `extra`); EditionError if none."""
    read = addresses.read_address(address)
    subscriber = Subscriber.objects.filter(address_key=read.key).first()
    if subscriber is None:
        raise EditionError(f"{read.address} という購読者はいません。newsletter subscribers find で探せます。")
    answer = audience.check([subscriber.pk], extra=extra)[subscriber.pk]
    hindrance = answer.reason.label if isinstance(answer, audience.Exclusion) else ""
    return Addressee(subscriber.address, subscriber.format == Subscriber.Format.TEXT, str(hindrance))


def _rendered(issue: Issue) -> tuple[IssueContent, RenderedMail, list[str]]:
    """The frozen edition of an issue that is approved or sent; an open one as it stands."""
    frozen = None if issue.state == Issue.State.OPEN else issue.editions.order_by("-made_at", "-pk").first()
    if frozen is not None:
        return issues.as_content(issue), rendered_edition(frozen), []
    content, rendered = editions.render(issue)
    return content, rendered, editions.lacking(issue, content, rendered)


def _filled(rendered: RenderedMail, recipient: Recipient, *, text_only: bool) -> RenderedMail:
    page, text = ("" if text_only else rendered.html), rendered.text
    urls = ((UNSUBSCRIBE_SLOT, recipient.unsubscribe_url), (PREFERENCES_SLOT, recipient.preferences_url))
    for slot, url in urls:
        page, text = page.replace(slot, escape(url)), text.replace(slot, url)
    return replace(rendered, html=page, text=text)


def _pictures(issue: Issue) -> dict[str, str]:
    """The photos of the issue as files of this machine, so that they are seen without a web server."""
    shown = Submission.objects.filter(entry__placements__issue=issue, photo_for_mail=True).exclude(photo="")
    return {photo_url(one): file.as_uri() for one in shown if (file := Path(one.photo.path)).is_file()}


# ------------------------------------------------------------ files
def write(preview: Preview, folder: Path) -> dict[str, Path]:
    """Every view as a file, with one page that shows them all; the names begin with the issue's."""
    folder.mkdir(parents=True, exist_ok=True)
    slug = preview.issue.slug
    for old in folder.glob(f"{slug}-*.*"):  # nothing of an earlier preview stays beside this one
        old.unlink()
    files = {key: folder / f"{slug}{ending}" for key, ending in _names(preview)}
    files["source"].write_bytes(preview.message)
    files["text"].write_text(preview.rendered.text, encoding="utf-8")
    files["gateway_text"].write_text(preview.gateway.text.text, encoding="utf-8")
    if preview.rendered.html:
        files["html"].write_text(preview.rendered.html, encoding="utf-8")
    shown = [(view, folder / f"{slug}-{view.kind}.html") for view in preview.views]
    for view, file in shown:
        file.write_text(view.page, encoding="utf-8")
        files[f"{view.kind}_page"] = file
    note = f"{preview.addressee.address} に届く形です。リンクは見本で、押しても何も変わりません。"
    overview = overview_page(preview.rendered.subject, [(view, file.name) for view, file in shown], note)
    files["overview"].write_text(overview, encoding="utf-8")
    return files


def _names(preview: Preview) -> Iterator[tuple[str, str]]:
    if preview.rendered.html:
        yield "html", ".html"
    yield from (("text", ".txt"), ("source", ".eml"), ("gateway_text", "-gateway.txt"), ("overview", "-overview.html"))


def photograph(preview: Preview, folder: Path) -> dict[str, Path]:
    """Every view but the source as a PNG; ScreenshotError without Chromium."""
    from newsletter import screenshots

    slug, pictures = preview.issue.slug, {}
    screenshots.browser_program()
    for view in preview.views:
        if view.kind is not Kind.SOURCE:
            pictures[str(view.kind)] = folder / f"{slug}-{view.kind}.png"
            screenshots.take(view.page, pictures[str(view.kind)], view.width, scale=2 if view.width < 500 else 1)
    return pictures


def usual_folder() -> Path:
    """Where previews lie: var/preview."""
    return Path(settings.VAR) / "preview"
