"""As much of a browser as the demonstration needs: open a page, fill in its form, press a button."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from newsletter.demo.instance import DemoError


@dataclass
class _Form(HTMLParser):
    """The hidden and filled-in inputs of the page's form that is sent by POST."""

    action: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    _inside: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and attributes.get("method", "").lower() == "post" and not self.values:
            self._inside, self.action = True, attributes.get("action", "")
        elif tag == "input" and self._inside and attributes.get("name"):
            ticked = attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes
            if ticked:
                self.values.setdefault(attributes["name"], []).append(attributes.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Browser:
    """One visitor with cookies of its own."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=20, follow_redirects=True, trust_env=False)
        self._page: httpx.Response | None = None

    def open(self, url: str) -> str:
        """GET a page and return its text."""
        return self._arrived(self._client.get(url))

    def send(self, values: dict[str, str | list[str]], photo: bytes | None = None) -> str:
        """Fill `values` into the page's form, keep what is already in it, and send it by POST."""
        if self._page is None:
            raise DemoError("先にページを開いてください。")
        form = _Form()
        form.feed(self._page.text)
        filled = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
        files = {"photo": ("photo.jpg", photo, "image/jpeg")} if photo else None
        url = urljoin(str(self._page.url), form.action)
        return self._arrived(self._client.post(url, data=form.values | filled, files=files))

    def _arrived(self, page: httpx.Response) -> str:
        if page.is_error:
            raise DemoError(f"{page.url.path} が {page.status_code} を返しました。")
        self._page = page
        return page.text
