from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PIL import Image

from newsletter import screenshots
from newsletter.screenshots import ScreenshotError
from tests import browser

PAGE = (
    '<!doctype html><body style="margin:0"><div style="height:1200px;background:#f00"></div>'
    '<div style="height:300px;background:#00f"></div><script>document.body.innerHTML=""</script></body>'
)


@pytest.mark.browser
def test_the_whole_page_is_in_the_picture_at_the_width_of_a_phone(tmp_path: Path) -> None:
    browser.program()  # or skipped
    screenshots.take(PAGE, tmp_path / "page.png", 320, scale=2)
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (640, 3000)
        colours = picture.convert("RGB")
        assert colours.crop((639, 10, 640, 11)).tobytes() == b"\xff\x00\x00"
        assert colours.crop((639, 2990, 640, 2991)).tobytes() == b"\x00\x00\xff"


def program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chromium of our own on the PATH."""
    (folder / "chromium").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")


def test_a_browser_that_hangs_is_ended_with_its_helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, f"sleep 60 & echo $! > {tmp_path}/helper; wait", monkeypatch)
    start = time.monotonic()
    with pytest.raises(ScreenshotError, match="秒以内に終わりませんでした"):
        screenshots.take(PAGE, tmp_path / "page.png", 320, seconds=0.5)
    assert time.monotonic() - start < 40  # it would have slept for sixty seconds
    helper = Path("/proc") / (tmp_path / "helper").read_text().strip() / "stat"
    for _ in range(50):
        if not helper.exists() or helper.read_text().split()[2] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the helper is still running")


def test_a_browser_that_shows_nothing_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "exit 1", monkeypatch)
    with pytest.raises(ScreenshotError, match="高さ"):
        screenshots.take(PAGE, tmp_path / "page.png", 320)
    program(tmp_path, """echo '<body data-height="100">'""", monkeypatch)
    with pytest.raises(ScreenshotError, match="書き出しません"):
        screenshots.take(PAGE, tmp_path / "page.png", 320)


def test_without_chromium_the_way_on_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScreenshotError, match="--png を付けずに"):
        screenshots.browser_program()
