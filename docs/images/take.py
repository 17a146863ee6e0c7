"""Take the pictures of the README from the last demonstration: `make images` (after `make demo`; needs Chromium)."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from newsletter.demo.instance import DemoError, Instance

FOLDER = Path(__file__).parent
DEMO = FOLDER.parents[1] / "var" / "demo"

# name: (what is opened, width, height, colour scheme)
PICTURES = {
    "issue-phone": ("mail", 375, 1500, "light"),
    "issue-phone-dark": ("mail", 375, 1500, "dark"),
    "issue-desk": ("mail", 760, 1500, "light"),
    "subscribe": ("subscribe/", 1200, 1500, "light"),
    "archive": ("archive/", 1200, 700, "light"),
}
# The views of `newsletter issue preview`: (which, width, height, and what is in sight: the top, a photo, or the end).
VIEWS = {
    "issue-images-off": ("images-off", 640, 1100, "photo"),
    "issue-text": ("text", 560, 1500, "top"),
    "issue-gateway": ("gateway", 640, 1500, "top"),
    "issue-gateway-facts": ("gateway", 640, 1500, "end"),
}


def main() -> int:
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        print("Chromium is not installed.", file=sys.stderr)  # noqa: T201
        return 1
    try:
        instance = Instance.of_last_run(DEMO, lambda _: None)
    except DemoError:
        print("Run `make demo` first.", file=sys.stderr)  # noqa: T201
        return 1
    with instance.background("serve"), _browser(program) as browser:
        for name, (page, width, height, scheme) in PICTURES.items():
            url = (DEMO / "issue.html").as_uri() if page == "mail" else f"{instance.base_url}/{page}"
            _take(browser, url, FOLDER / f"{name}.png", width, height, scheme)
        pages = instance.report("issue", "preview", instance.report("issue", "list")[0]["issue"])["files"]
        for name, (view, width, height, part) in VIEWS.items():
            url = Path(pages[f"{view}_page"]).as_uri()
            _take(browser, url, FOLDER / f"{name}.png", width, height, "light", part)
    return 0


@contextlib.contextmanager
def _browser(program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def _take(browser: Browser, url: str, file: Path, width: int, height: int, scheme: str, part: str = "top") -> None:
    page = browser.new_page(
        viewport={"width": width, "height": height}, device_scale_factor=1.5 if width < 500 else 1,
        color_scheme="dark" if scheme == "dark" else "light", locale="ja-JP",
    )  # fmt: skip
    page.goto(url, wait_until="networkidle")
    if part == "end":
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    elif part == "photo":
        page.evaluate("scrollTo(0, document.querySelector('img').getBoundingClientRect().top - 220)")
    page.screenshot(path=file)
    page.close()


if __name__ == "__main__":
    sys.exit(main())
