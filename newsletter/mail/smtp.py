"""The SMTP client: one connection, one message after the other, every answer reported as it was given.

With PIPELINING (RFC 2920) MAIL, RCPT and DATA go out in one write and their replies are read in order; then the
content with its final dot. RFC 2920 3.1 lets the opening of the next message follow that dot at once, so a `send` that
is told what comes next says it before it waits for its own final reply: one round trip for a message. No content
leaves before its own 354, so of a connection's two messages only one can be in doubt.

Nothing here logs, and no error text holds an address, a password or a piece of a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from newsletter.mail.envelope import Envelope
from newsletter.mail.handshake import Capabilities, Handshake, SmtpConnectError
from newsletter.mail.outcome import Outcome, judge
from newsletter.mail.relay import Relay, Security, Timeouts
from newsletter.mail.reply import Reply, ReplyError, Stage
from newsletter.mail.wire import Wire

__all__ = [
    "Capabilities", "Relay", "Security", "SmtpConnectError", "SmtpConnection", "SmtpResult", "Timeouts", "check_relay",
]  # fmt: skip

_LEADING_DOT, _DOT_AFTER_LINE_END = re.compile(rb"^\.", re.MULTILINE), re.compile(rb"\n\.")
FEW_DOTS = 40  # the header of a mail has about 20

_OPENING = (Stage.MAIL, Stage.RCPT, Stage.DATA)

Following: TypeAlias = tuple[Envelope, bytes]  # a message, and who gets it


@dataclass(frozen=True, slots=True)
class SmtpResult:
    """How far a message came, and what was said there."""

    stage: Stage
    reply: Reply | None  # None: the line went dead, or what came was no reply
    error: str = ""  # a Japanese sentence, when there is no reply

    @property
    def outcome(self) -> Outcome:
        """What it means to the delivery."""
        return judge(self.stage, self.reply)


class SmtpConnection:
    """One connection to the relay. Use it for one message at a time; after a loss call `connect` again."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.capabilities = Capabilities()
        # Where the current message is. After a cancelled `send` it tells whether the final dot has left us.
        self.stage = Stage.CONNECT
        self._wire: Wire | None = None
        self._left_open = False  # a transaction that the next message must reset
        self._said_early: Following | None = None  # the message whose opening followed the last final dot
        self._says_early = True  # until a relay loses what follows a final dot
        self._dot_has_left = False

    async def connect(self) -> Capabilities:
        """Open the connection, up to AUTH; raises SmtpConnectError with a sentence for staff."""
        await self._drop()
        handshake = Handshake(self.relay)
        await handshake.run()
        self._wire, self.capabilities, self._left_open = handshake.wire, handshake.capabilities, False
        self._said_early = None
        return self.capabilities

    @property
    def is_usable(self) -> bool:
        """Whether another message can be sent; otherwise connect anew."""
        return self._wire is not None and not self._wire.has_ended

    @property
    def takes_eight_bit(self) -> bool:
        """Whether a content may hold 8-bit lines: this relay offers it now, and we are allowed to use it."""
        return self.relay.eight_bit and self.capabilities.eight_bit

    @property
    def awaits_content(self) -> bool:
        """A message was announced, and nothing but its content may be said on this connection any more."""
        return self._said_early is not None

    async def send(
        self,
        envelope: Envelope,
        content: bytes,
        *,
        following: Following | None = None,
        before_content: Callable[[], None] = lambda: None,
    ) -> SmtpResult:
        """Hand one message over; trouble of protocol or network is a result, never an exception.

        `following` is the message that comes next on this connection, and must be: its opening is said early.
        `before_content` is called right before the first octet of the content leaves.
        """
        self.stage = Stage.CONNECT
        wire = self._wire
        if wire is None or wire.has_ended:
            await self._drop()
            return SmtpResult(Stage.CONNECT, None, "中継サーバとの接続が切れています。")
        if self._said_early is not None and not (self._said_early[0] == envelope and self._said_early[1] is content):
            # After its 354 a transaction ends only with a message delivered or the line cut.
            await self._drop()
            return SmtpResult(Stage.CONNECT, None, "中継サーバとの接続を切りました。")
        unsent = None if self.awaits_content else self._refused_beforehand(envelope, content)
        if unsent:
            return unsent
        self._dot_has_left = False
        try:
            result = await self._hand_over(wire, envelope, content, following, before_content)
        except (OSError, ReplyError) as error:
            result = SmtpResult(self.stage, None, _words(error))
        except BaseException:  # cancelled: the caller reads `stage`
            if wire.abort() and self.stage is Stage.FINAL and not self._dot_has_left:
                self.stage = Stage.DATA  # the dot was among what is dropped now
            raise
        if result.reply is None or result.reply.code == 421:  # RFC 5321 3.8: after 421 the server hangs up
            await self._drop()
        return result

    async def close(self) -> None:
        """Say QUIT and hang up; never raises."""
        if self._said_early is not None:
            # The relay waits for content. Anything said now, be it a lone dot, would be delivered.
            await self._drop()
        wire, self._wire = self._wire, None
        if wire is None:
            return
        seconds = self.relay.timeouts.quit
        try:
            await wire.write(b"QUIT\r\n", seconds)
            await wire.read_reply(seconds)
        except (OSError, ReplyError):
            wire.abort()
        await wire.close(seconds)

    async def _drop(self) -> None:
        wire, self._wire, self._said_early = self._wire, None, None
        if wire is not None:
            wire.abort()
            await wire.close(self.relay.timeouts.quit)

    async def __aenter__(self) -> SmtpConnection:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    # ------------------------------------------------------------ one message

    def _refused_beforehand(self, envelope: Envelope, content: bytes) -> SmtpResult | None:
        """The reply the relay would give, made here so that nothing has to travel for it."""
        offers = self.capabilities
        if offers.size and len(content) > offers.size:
            text = f"中継サーバが受け取る大きさ（{offers.size}バイト）を超えるため、送りませんでした。"
            return SmtpResult(Stage.MAIL, Reply(552, "5.3.4", text))  # RFC 1870 6.1
        if envelope.needs_smtputf8 and not offers.smtputf8:
            stage = Stage.MAIL if envelope.recipient.isascii() else Stage.RCPT
            text = "中継サーバが英数字以外のメールアドレス（SMTPUTF8）に対応していないため、送りませんでした。"
            return SmtpResult(stage, Reply(553, "5.6.7", text))  # RFC 6531 3.2
        if not (offers.eight_bit or content.isascii()):
            text = "中継サーバが8ビットの本文（8BITMIME）に対応していないため、送りませんでした。"
            return SmtpResult(Stage.DATA, Reply(554, "5.6.3", text))  # RFC 6152 3
        return None

    async def _hand_over(
        self,
        wire: Wire,
        envelope: Envelope,
        content: bytes,
        following: Following | None,
        before_content: Callable[[], None],
    ) -> SmtpResult:
        opening = dict.fromkeys(_OPENING, b"") if self.awaits_content else self._opening(envelope, content)
        refusal = await self._open_transaction(wire, opening)
        if refusal is not None and refusal.reply is not None:
            return SmtpResult(refusal.stage, refusal.reply.hiding(envelope.recipient))
        before_content()
        self.stage = Stage.FINAL
        try:
            await wire.write(_dotted(content), self.relay.timeouts.block)
        except OSError:
            self.stage = Stage.DATA  # see Wire.write: the dot never left us
            raise
        self._dot_has_left = True
        if following is not None:
            self._say_early(wire, following)
        reply = await wire.read_reply(self.relay.timeouts.final)
        self._left_open = False  # RFC 5321 4.1.1.4: whatever the reply, the transaction is over
        return SmtpResult(Stage.FINAL, reply if reply.positive else reply.hiding(envelope.recipient))

    def _say_early(self, wire: Wire, following: Following) -> None:
        """Open the next transaction behind the final dot, in a write of its own: whether the dot left stays known."""
        if not (self.capabilities.pipelining and self._says_early) or self._refused_beforehand(*following):
            return
        wire.write_soon(b"".join(self._opening(*following).values()))
        self._said_early = following

    def _opening(self, envelope: Envelope, content: bytes) -> dict[Stage, bytes]:
        """The commands before the content, by stage."""
        offers = self.capabilities
        parameters = f" SIZE={len(content)}" if offers.size is not None else ""
        if not content.isascii():
            parameters += " BODY=8BITMIME"
        if envelope.needs_smtputf8:
            parameters += " SMTPUTF8"
        return {
            Stage.MAIL: f"MAIL FROM:<{envelope.sender}>{parameters}\r\n".encode(),
            Stage.RCPT: f"RCPT TO:<{envelope.recipient}>\r\n".encode(),
            Stage.DATA: b"DATA\r\n",
        }

    async def _open_transaction(self, wire: Wire, opening: dict[Stage, bytes]) -> SmtpResult | None:
        """Say the commands, in one write if the relay pipelines: None when it waits for the content, or the refusal."""
        self.stage = Stage.MAIL
        early = self._said_early is not None
        if early:
            self._said_early, self._left_open = None, False
        else:
            await self._begin(wire, opening)
        stepwise = not self.capabilities.pipelining
        refusal: SmtpResult | None = None
        try:
            for stage, command in opening.items():
                self.stage = stage
                if stepwise:
                    await wire.write(command, self.relay.timeouts.mail)
                reply = await self._read_at(wire, stage)
                if reply.code >= 400 and refusal is None:
                    refusal = SmtpResult(stage, reply)
                if reply.code == 421 or (refusal and stepwise):
                    break
        except (OSError, ReplyError):
            # Against RFC 2920 3.2, the relay may have thrown away what followed the dot: do not try that again.
            self._says_early = self._says_early and not early
            if refusal is None:
                raise
            await self._drop()  # what was refused stays refused, only the line is lost
            return refusal
        if refusal is not None:
            await self._end_refused(wire, reply)
        return refusal

    async def _begin(self, wire: Wire, opening: dict[Stage, bytes]) -> None:
        """Reset what was left open, and say everything at once if the relay pipelines."""
        reset = b"RSET\r\n" if self._left_open else b""
        together = b"".join(opening.values()) if self.capabilities.pipelining else b""
        if reset or together:
            await wire.write(reset + together, self.relay.timeouts.mail)
        if reset:
            if not (await wire.read_reply(self.relay.timeouts.command)).positive:
                raise ReplyError("中継サーバが前の手続きを取り消せません。")
            self._left_open = False

    async def _read_at(self, wire: Wire, stage: Stage) -> Reply:
        """The reply to the command of `stage`; one that cannot belong there means the order is lost."""
        times = self.relay.timeouts
        reply = await wire.read_reply({Stage.MAIL: times.mail, Stage.RCPT: times.rcpt}.get(stage, times.data))
        wanted = reply.code == 354 if stage is Stage.DATA else reply.positive
        if not wanted and reply.code < 400:
            raise ReplyError("中継サーバの応答の順序が正しくありません。")
        if stage is Stage.MAIL and reply.positive:
            self._left_open = True
        return reply

    async def _end_refused(self, wire: Wire, last: Reply) -> None:
        """Leave the connection ready for the next message, or drop it."""
        try:
            if last.code == 354:
                # RFC 2920 3.1: nobody is to receive it, yet the relay waits for content. A lone dot ends that,
                # and nothing was delivered.
                await wire.write(b".\r\n", self.relay.timeouts.data)
                last = await wire.read_reply(self.relay.timeouts.final)
                self._left_open = False
        except (OSError, ReplyError):
            await self._drop()
        if last.code == 421:
            await self._drop()


async def check_relay(relay: Relay) -> Capabilities:
    """Connect, EHLO, STARTTLS and AUTH as configured, QUIT: what the relay offers, or SmtpConnectError."""
    async with SmtpConnection(relay) as connection:
        return connection.capabilities


def _dotted(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled (RFC 5321 4.5.2), the last line ended, the final dot."""
    if _has_leading_dot(content):
        # After a bare LF, too: a receiver that takes it for a line end must not see a final dot (SMTP smuggling).
        content = _LEADING_DOT.sub(b"..", content)
    return content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")


def _has_leading_dot(content: bytes) -> bool:
    """Go from dot to dot: base64 has none, so this is many times faster than to look for line ends. In 8 bits look."""
    at = content.find(b".")
    for _ in range(FEW_DOTS):
        if at <= 0:
            return at == 0
        if content[at - 1] == 0x0A:
            return True
        at = content.find(b".", at + 1)
    return at > 0 and _DOT_AFTER_LINE_END.search(content, at - 1) is not None


def _words(error: Exception) -> str:
    if isinstance(error, ReplyError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "中継サーバから時間内に応答がありません。"
    return "中継サーバとの接続が途中で切れました。"
