"""The SMTP side: aiosmtpd's dialogue, with the mail itself read in blocks (line by line takes far longer)."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
from enum import Enum, auto

from aiosmtpd.smtp import SMTP, Envelope, Session

from newsletter.catcher.maildir import Maildir

LARGEST_MAIL = 35 * 1024 * 1024  # bytes; what large providers take
BLOCK = 1024 * 1024  # more than the stream ever holds
END = b"\r\n.\r\n"
# RFC 5321 4.5.3.1.6: at most 1000 octets with CRLF. Large providers refuse more, so a rehearsal should, too.
LONGEST_LINE = 1000

# aiosmtpd logs every command with its addresses at level INFO.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Refusal(Enum):
    """Why a mail was read to its end and not kept."""

    TOO_BIG = auto()
    LONG_LINE = auto()


class BlockSMTP(SMTP):
    """aiosmtpd's protocol; only DATA differs."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802  aiosmtpd's name
        """Answer 354, read the mail, hand it to the handler."""
        envelope = self.envelope
        if arg or envelope is None or not envelope.rcpt_tos:
            await super().smtp_DATA(arg)  # it only says what is wrong
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        mail = await self._read_mail()
        if mail is Refusal.TOO_BIG:
            status = "552 5.3.4 Message too big"
        elif mail is Refusal.LONG_LINE:
            status = "500 5.6.0 Line longer than 1000 octets (RFC 5321 4.5.3.1.6)"
        else:
            envelope.content = envelope.original_content = mail
            status = await self.event_handler.handle_DATA(self, self.session, envelope)
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(status)

    async def _read_mail(self) -> bytes | Refusal:
        """Everything up to the line with a single dot; dots that were doubled are single again (RFC 5321 4.5.2)."""
        mail = bytearray(b"\r\n")  # so that a dot in the first line looks like any other
        too_big = False
        while (end := mail.find(END)) < 0:
            if len(mail) > LARGEST_MAIL:
                too_big = True
            if too_big:
                del mail[: -len(END)]
            block = await self._reader.read(BLOCK)
            if not block:
                raise ConnectionResetError
            mail += block
        # What came after the end are the next commands (RFC 2920): back into the stream, which is empty now.
        self._reader.feed_data(bytes(mail[end + len(END) :]))
        if too_big:
            return Refusal.TOO_BIG
        content = bytes(mail[: end + 2]).replace(b"\r\n.", b"\r\n")[2:]
        longest = max(map(len, content.split(b"\n"))) + 1
        return Refusal.LONG_LINE if longest > LONGEST_LINE else content


class Keeper:
    """The hooks of aiosmtpd: say what we can do, keep what comes."""

    def __init__(self, maildir: Maildir) -> None:
        self.maildir = maildir

    async def handle_EHLO(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Commands are read one after the other from one buffer, so they may come in one packet (RFC 2920)."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Say 250 only when the file lies in the Maildir."""
        try:
            self.maildir.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            return "452 4.3.1 Insufficient system storage" if full else "451 4.3.0 The mail cannot be kept"
        return "250 2.0.0 Kept"


class SmtpServer:
    """An event loop in a thread. The port is taken before the thread starts, so a failure is seen at once."""

    def __init__(self, maildir: Maildir, host: str, port: int) -> None:
        self._keeper = Keeper(maildir)
        self._socket = _listening_socket(host, port)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="catcher smtp", daemon=True)
        self._serving = threading.Event()

    def start(self) -> None:
        """Answer until `stop`."""
        self._thread.start()
        self._serving.wait()

    def stop(self) -> None:
        """Close the port and break off what is open."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._connection, sock=self._socket)
        self._serving.set()
        await self._stopping.wait()
        server.close()

    def _connection(self) -> SMTP:
        return BlockSMTP(
            self._keeper,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident="mail catcher",
            loop=self._loop,
        )


def _listening_socket(host: str, port: int) -> socket.socket:
    # Because the protocol is named, asyncio sets TCP_NODELAY; without it each small answer waits 40 ms for an ACK.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening
