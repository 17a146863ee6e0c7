"""Pictures of a page, taken by the Chromium of this machine. The page gets nothing from the network and no script."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from html import escape
from pathlib import Path

from PIL import Image

from newsletter.errors import NewsletterError

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0  # seconds for one start of the browser
TALLEST = 16_000  # pixels; beyond that Chromium draws nothing
NARROWEST_WINDOW, WINDOW_FRAME = 500, 300  # a window has a least width, and part of its height is not the page's


class ScreenshotError(NewsletterError):
    """The picture could not be taken."""


def browser_program() -> str:
    """The Chromium of this machine; ScreenshotError if there is none."""
    for name in PROGRAMS:
        if program := shutil.which(name):
            return program
    raise ScreenshotError("Chromium が見つかりません。インストールするか、--png を付けずに実行してください。")


def take(page: str, file: Path, width: int, *, scale: float = 1.0, seconds: float = PATIENCE) -> None:
    """Show the page `width` CSS pixels wide in its whole height, and write the picture to `file` as PNG."""
    program = browser_program()
    with tempfile.TemporaryDirectory(prefix="newsletter-screenshot-") as folder:
        height = _height(program, page, Path(folder), width, seconds)
        height = min(height, TALLEST - WINDOW_FRAME)
        scale = min(scale, TALLEST / (height + WINDOW_FRAME))
        raw = Path(folder) / "raw.png"
        framed = _framed(Path(folder), page, width, height)
        window = f"{max(width, NARROWEST_WINDOW)},{height + WINDOW_FRAME}"
        _run(
            program, Path(folder), seconds, f"--window-size={window}", f"--force-device-scale-factor={scale}",
            f"--screenshot={raw}", framed,
        )  # fmt: skip
        if not raw.exists():
            raise ScreenshotError("Chromium が画像を書き出しませんでした。")
        with Image.open(raw) as picture:
            picture.crop((0, 0, round(width * scale), round(height * scale))).save(file, optimize=True)


def _height(program: str, page: str, folder: Path, width: int, seconds: float) -> int:
    """How tall the page is at this width, measured by the browser itself."""
    shown = _run(program, folder, seconds, "--window-size=1200,900", "--dump-dom", _framed(folder, page, width, 100))
    found = re.search(r"data-height=\"(\d+)\"", shown)
    if found is None:
        raise ScreenshotError("Chromium がページの高さを返しませんでした。")
    return max(int(found[1]), 100)


def _framed(folder: Path, page: str, width: int, height: int) -> str:
    """The address of a page with `page` in a frame of this size: a frame may be narrower than any window."""
    measure = (
        "var f=document.querySelector('iframe');function m(){document.body.dataset.height="
        "f.contentDocument.documentElement.scrollHeight}f.addEventListener('load',m);addEventListener('load',m)"
    )
    frame = f'<iframe srcdoc="{escape(page)}" width="{width}" height="{height}" sandbox="allow-same-origin"></iframe>'
    style = "body{margin:0}iframe{border:0;display:block}"
    wrapper = folder / "page.html"
    wrapper.write_text(
        f'<!doctype html><meta charset="utf-8"><style>{style}</style>{frame}<script>{measure}</script>',
        encoding="utf-8",
    )
    return wrapper.as_uri()


def _run(program: str, folder: Path, seconds: float, *arguments: str) -> str:
    command = [
        program, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
        "--virtual-time-budget=3000", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        # As root Chromium starts only without its sandbox; what it shows is our own page.
        *(["--no-sandbox"] if os.geteuid() == 0 else []), *arguments,
    ]  # fmt: skip
    try:
        process = subprocess.Popen(  # noqa: S603 (a program found on the PATH, arguments of our own)
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise ScreenshotError(f"Chromium を起動できません。（{error.strerror}）") from error
    try:
        shown, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)  # with its helpers, or they would stay
        process.communicate()
        raise ScreenshotError(f"Chromium が{seconds:g}秒以内に終わりませんでした。") from error
    return shown.decode("utf-8", "replace")
