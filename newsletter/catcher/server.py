"""The catcher's two servers, each in a thread of its own: SMTP that keeps, a page that shows."""

from __future__ import annotations

import errno
import ipaddress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from newsletter.catcher.maildir import Maildir
from newsletter.catcher.page import PageServer
from newsletter.catcher.smtp import SmtpServer
from newsletter.errors import CatcherError

T = TypeVar("T", SmtpServer, PageServer)


class Catcher:
    """`with Catcher(folder, 2525, 8025):` catches mail until the block ends. On loopback or not at all."""

    def __init__(self, folder: Path, smtp_port: int, web_port: int | None = None, *, host: str = "127.0.0.1") -> None:
        if not _is_loopback(host):
            raise CatcherError(f"メール受信箱は、この機械の中（127.0.0.1）でだけ動かせます。{host} では動かせません。")
        self.host, self.smtp_port, self.web_port = host, smtp_port, web_port
        self.maildir = Maildir(folder)
        self._smtp: SmtpServer | None = None
        self._page: PageServer | None = None

    def start(self) -> Self:
        """Listen; CatcherError when a port is taken or the folder cannot be written."""
        try:
            self.maildir.make()
        except OSError as error:
            raise CatcherError(f"{self.maildir.folder} を作れません。（{error.strerror}）") from error
        self._smtp = self._listening(SmtpServer, self.smtp_port)
        self._smtp.start()
        if self.web_port is not None:
            try:
                self._page = self._listening(PageServer, self.web_port)
            except CatcherError:
                self.stop()
                raise
            self._page.start()
        return self

    def _listening(self, server: type[T], port: int) -> T:
        try:
            return server(self.maildir, self.host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = f"ポート {port} はほかのプログラムが使っています。終わらせるか、別の番号を指定してください。"
            else:
                why = f"ポート {port} を使えません。（{error.strerror or error}）"
            raise CatcherError(why) from error

    def stop(self) -> None:
        """Stop listening; what was caught stays."""
        if self._page is not None:
            self._page.stop()
            self._page = None
        if self._smtp is not None:
            self._smtp.stop()
            self._smtp = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
