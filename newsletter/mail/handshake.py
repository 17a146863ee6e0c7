"""From nothing to a session: connect, greeting, EHLO, STARTTLS, AUTH. Every failure is a sentence for staff."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.errors import RelayError
from newsletter.mail.relay import Relay, Security, is_loopback
from newsletter.mail.reply import Reply, ReplyError, Stage
from newsletter.mail.wire import Wire


class SmtpConnectError(RelayError):
    """There is no usable connection to the relay."""

    def __init__(self, message: str, stage: Stage, reply: Reply | None = None) -> None:
        super().__init__(message)
        self.stage = stage
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the relay offers in its answer to EHLO."""

    pipelining: bool = False
    size: int | None = None  # octets; 0: no limit was named; None: SIZE is not offered
    eight_bit: bool = False
    smtputf8: bool = False
    enhanced: bool = False
    starttls: bool = False
    auth: tuple[str, ...] = ()
    tls: str = ""  # TLSv1.3, or empty

    @classmethod
    def read(cls, lines: Sequence[bytes]) -> Capabilities:
        """Read the lines of an EHLO reply; the first is only a greeting."""
        words = [line[4:].decode("ascii", "replace").upper().replace("=", " ").split() for line in lines[1:]]
        offers = {line[0]: tuple(line[1:]) for line in words if line}
        size = offers.get("SIZE")
        number = size[0] if size and size[0].isdigit() and len(size[0]) <= 20 else "0"
        return cls(
            pipelining="PIPELINING" in offers,
            size=None if size is None else int(number),
            eight_bit="8BITMIME" in offers,
            smtputf8="SMTPUTF8" in offers and "8BITMIME" in offers,  # RFC 6531 3.1: the one needs the other
            enhanced="ENHANCEDSTATUSCODES" in offers,
            starttls="STARTTLS" in offers,
            auth=offers.get("AUTH", ()),
        )


class Handshake:
    """The steps up to a usable session; `wire` and `capabilities` are its result."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._stage = Stage.CONNECT
        self.wire = Wire()
        self.capabilities = Capabilities()

    async def run(self) -> None:
        """Go through all steps, or raise SmtpConnectError and leave no connection behind."""
        try:
            await self._steps()
        except (OSError, ReplyError, UnicodeError) as error:
            await self._hang_up()
            raise SmtpConnectError(self._words(error), self._stage) from error
        except SmtpConnectError:
            await self._hang_up()
            raise
        except BaseException:
            self.wire.abort()
            raise

    async def _hang_up(self) -> None:
        self.wire.abort()
        await self.wire.close(self._relay.timeouts.quit)

    async def _steps(self) -> None:
        relay, times = self._relay, self._relay.timeouts
        context = self._tls_context()
        await self.wire.open(relay.host, relay.port, times.connect)
        if relay.security is Security.NONE and not is_loopback(self.wire.peer_host):
            raise self._failed("このコンピュータの外につながったため、暗号化せずに送るのをやめました。")
        if context and relay.security is Security.TLS:
            await self._encrypt(context)
        self._stage = Stage.GREETING
        await self._expect(220, times.greeting, "接続を断りました。")
        await self._hello()
        if context and relay.security is Security.STARTTLS:
            await self._start_tls(context)
        if relay.username:
            await self._log_in()

    def _tls_context(self) -> ssl.SSLContext | None:
        if self._relay.security is Security.NONE:
            return None
        try:
            return self._relay.tls_context()
        except OSError as error:  # also ssl.SSLError: the file holds no certificate
            raise SmtpConnectError(
                f"証明書ファイル {self._relay.ca_file} を読めません。PEM形式のファイルの場所を確認してください。",
                self._stage,
            ) from error

    async def _hello(self) -> None:
        self._stage = Stage.EHLO
        times = self._relay.timeouts
        await self._say(f"EHLO {self._relay.ehlo_name or self._address_literal()}")
        lines = await self.wire.read_lines(times.command)
        reply = Reply.parse(lines)
        if reply.code != 250:
            raise self._failed(f"EHLO を受け付けません（応答: {reply}）。", reply)
        self.capabilities = replace(Capabilities.read(lines), tls=self.wire.tls_version)

    def _address_literal(self) -> str:
        """RFC 5321 4.1.3: a client without a name of its own gives its address."""
        address = ipaddress.ip_address(self.wire.own_host.partition("%")[0])
        return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        self._stage = Stage.STARTTLS
        if not self.capabilities.starttls:
            # Somebody on the way may have removed the offer. Going on in the clear is what he would want.
            raise self._failed("STARTTLS に対応していません。暗号化せずに送ることはできません。")
        await self._say("STARTTLS")
        await self._expect(220, self._relay.timeouts.command, "STARTTLS を断りました。")
        await self._encrypt(context)
        # RFC 3207 4.2: what was offered in the clear is forgotten.
        self.capabilities = Capabilities()
        await self._hello()

    async def _encrypt(self, context: ssl.SSLContext) -> None:
        self._stage = Stage.STARTTLS
        await self.wire.start_tls(context, self._relay.host, self._relay.timeouts.connect)

    async def _log_in(self) -> None:
        self._stage = Stage.AUTH
        offered = self.capabilities.auth
        user, password = self._relay.username, self._relay.password
        if "PLAIN" in offered:
            await self._answer(f"AUTH PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{password}')}", 235)
        elif "LOGIN" in offered:
            await self._answer("AUTH LOGIN", 334)
            await self._answer(_base64(user), 334)
            await self._answer(_base64(password), 235)
        elif "CRAM-MD5" in offered:
            challenge = await self._answer("AUTH CRAM-MD5", 334)
            await self._answer(_cram_md5(user, password, challenge.text), 235)
        else:
            raise self._failed("利用者名とパスワードでのログイン（AUTH）に対応していません。")

    async def _answer(self, line: str, code: int) -> Reply:
        await self._say(line)
        reply = await self.wire.read_reply(self._relay.timeouts.command)
        if reply.code != code:
            # Not the text: a server may quote in it what we have just said.
            said = f"応答: {reply.code} {reply.enhanced}".rstrip()
            raise self._failed(f"ログインを断りました（{said}）。利用者名とパスワードを確認してください。", reply)
        return reply

    async def _say(self, line: str) -> None:
        await self.wire.write(line.encode() + b"\r\n", self._relay.timeouts.command)

    async def _expect(self, code: int, seconds: float, otherwise: str) -> None:
        reply = await self.wire.read_reply(seconds)
        if reply.code != code:
            raise self._failed(f"{otherwise}（応答: {reply}）", reply)

    def _failed(self, what: str, reply: Reply | None = None) -> SmtpConnectError:
        return SmtpConnectError(f"中継サーバ {self._relay.name} は、{what}", self._stage, reply)

    def _words(self, error: Exception) -> str:
        """What an error of the network or of TLS means for the person at the keyboard."""
        name = f"中継サーバ {self._relay.name} "
        if isinstance(error, ReplyError):
            return f"{name}と通信できません。{error}ポート番号を確認してください。"
        if isinstance(error, socket.gaierror | UnicodeError):
            return f"{name}のホスト名が見つかりません。名前とDNSを確認してください。"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"{name}の証明書を確認できないため、接続をやめました（{error.verify_message}）。"
        if isinstance(error, ssl.SSLError):
            return f"{name}との暗号化（TLS）の手続きが失敗しました。ポート番号と暗号化の方式を確認してください。"
        if isinstance(error, TimeoutError):
            return f"{name}から時間内に応答がありません。"
        if self._stage is Stage.CONNECT:
            return f"{name}に接続できません。サーバが動いているか、ホスト名とポート番号を確認してください。"
        return f"{name}との接続が途中で切れました（{self._stage.value}）。"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _cram_md5(user: str, password: str, challenge: str) -> str:
    """RFC 2195; only where nothing else is offered."""
    try:
        octets = base64.b64decode(challenge, validate=True)
    except ValueError as error:
        raise ReplyError("中継サーバのログインの応答が読めません。") from error
    return _base64(f"{user} {hmac.new(password.encode(), octets, 'md5').hexdigest()}")
