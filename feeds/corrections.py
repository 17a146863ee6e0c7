"""Small corrections of what a member sent: a typing error in the place or the fee, a wrong address, a photo's text."""

from __future__ import annotations

from feeds.errors import SubmissionError
from feeds.models import Entry, Submission
from feeds.text import canonical_url

CORRECTABLE = {"venue": 200, "fee": 100, "photo_alt": 200, "photo_credit": 100}  # characters, as Submission has them


def correct(submission: Submission, field: str, text: str) -> None:
    """Put the corrected words into one field that is printed as it was sent."""
    if field not in CORRECTABLE:
        raise SubmissionError(f"{field} は、ここからは直せません。")
    longest = CORRECTABLE[field]
    if len(text) > longest:
        raise SubmissionError(f"{longest}文字以内で書いてください（いまは{len(text)}文字です）。")
    setattr(submission, field, text)
    submission.save(update_fields=[field])


def correct_url(entry: Entry, url: str) -> None:
    """Give an entry, and the submission it was written from, the right address."""
    if len(url) > 1000:
        raise SubmissionError("アドレスが長すぎます（1000文字まで）。")
    entry.url, entry.canonical_url = url, canonical_url(url) if url else ""
    entry.save(update_fields=["url", "canonical_url"])
    if entry.submission:
        entry.submission.url = url
        entry.submission.save(update_fields=["url"])
