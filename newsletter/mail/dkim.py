"""DKIM: keys, and the signatures of a message of which most is the same for all readers (RFC 6376, RFC 8301, RFC 8463).

Everything that does not change is canonicalised and hashed once, in `Signer.seal`: the fields of the edition, and the
body up to the first place that differs. For a reader there remain four short fields, the tail of the body (hashlib
lets go of the interpreter lock on large buffers) and one private-key operation (cryptography lets go of it, too).

Both canonicalisations are "relaxed": they survive a relay that folds a header anew.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from newsletter.errors import NewsletterError
from newsletter.mail.envelope import EnvelopeError, ascii_domain

RSA_BITS = (
    2048  # a longer key does not fit into the 255 octets of two TXT strings everywhere, and costs four times as much
)
LEAST_RSA_BITS = 1024  # RFC 8301 3.2
SELECTOR = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)

# Named once more than they occur, so that nobody on the way can add another one and have it shown (RFC 6376 8.15).
# Not Sender, Received or Return-Path: a relay may write those.
OVERSIGNED = (
    "from", "to", "cc", "subject", "date", "message-id", "reply-to", "mime-version", "content-type",
    "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
_LINE = 76
_WHITE = re.compile(rb"[ \t]+")
_LOOSE = re.compile(rb"[ \t](?:[ \t]|\r\n)")  # what "relaxed" would change in a body


class DkimError(NewsletterError):
    """The mail cannot be signed."""


class Algorithm(StrEnum):
    RSA = "rsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key and the name in the DNS under which its public half stands."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    def __post_init__(self) -> None:
        if not SELECTOR.fullmatch(self.selector):
            raise DkimError(f"DKIMのセレクタ「{self.selector}」が正しくありません。英数字とハイフンで書いてください。")
        try:
            object.__setattr__(self, "domain", ascii_domain(self.domain).lower())
        except EnvelopeError as error:
            raise DkimError(f"DKIMのドメイン「{self.domain}」が正しくありません。") from error

    @property
    def algorithm(self) -> Algorithm:
        """What the key signs with."""
        return Algorithm.RSA if isinstance(self.private, RSAPrivateKey) else Algorithm.ED25519

    @property
    def name(self) -> str:
        """Where verifiers look: `selector._domainkey.domain`."""
        return f"{self.selector}._domainkey.{self.domain}"

    def public(self) -> bytes:
        """The public half, as `p=` holds it before base64 (RFC 6376 3.6.1; RFC 8463 4: the bare 32 octets)."""
        if isinstance(self.private, RSAPrivateKey):
            form = serialization.PublicFormat.SubjectPublicKeyInfo
            return self.private.public_key().public_bytes(serialization.Encoding.DER, form)
        return self.private.public_key().public_bytes_raw()

    def sign(self, signed: bytes) -> bytes:
        """The signature of the canonical fields."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(hashlib.sha256(signed).digest())  # RFC 8463 3: Ed25519 signs the SHA-256


def make_key(algorithm: Algorithm, domain: str, selector: str) -> DkimKey:
    """A new key of this kind."""
    if algorithm is Algorithm.RSA:
        return DkimKey(domain, selector, generate_private_key(public_exponent=65537, key_size=RSA_BITS))
    return DkimKey(domain, selector, Ed25519PrivateKey.generate())


def read_key(pem: bytes, domain: str, selector: str) -> DkimKey:
    """The key in a PEM file; DkimError if it is none, is locked by a password, or is too weak."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise DkimError("DKIMの鍵にパスワードが掛かっています。掛かっていない鍵を使ってください。") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DkimError("DKIMの秘密鍵（PEM形式）として読めません。") from error
    if isinstance(private, RSAPrivateKey) and private.key_size < LEAST_RSA_BITS:
        raise DkimError(f"DKIMの鍵が短すぎます（{private.key_size}ビット）。{RSA_BITS}ビットの鍵を作ってください。")
    if not isinstance(private, RSAPrivateKey | Ed25519PrivateKey):
        raise DkimError("DKIMに使える鍵は、RSAかEd25519だけです。")
    return DkimKey(domain, selector, private)


def write_key(key: DkimKey) -> bytes:
    """The private key as PEM (PKCS #8), without a password."""
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


# ------------------------------------------------------------ signing
@dataclass(frozen=True, slots=True)
class Signer:
    """The keys that a message is signed with, each giving a signature of its own."""

    keys: tuple[DkimKey, ...]

    def seal(self, fields: bytes, beginning: bytes, at: datetime) -> Seal:
        """What is the same for all readers: the `fields` of the message, and how its body begins."""
        return Seal(self.keys, tuple(_relaxed_fields(fields)), _hash_of(beginning), len(beginning), int(at.timestamp()))


@dataclass(slots=True)
class Seal:
    """The half-made signatures of one message; `fields` finishes them for one reader."""

    keys: tuple[DkimKey, ...]
    constant: tuple[tuple[str, bytes], ...]  # name and canonical form
    beginning: hashlib._Hash  # the state after the constant beginning of the body
    known: int  # octets of it
    at: int
    _openings: dict[tuple[str, ...], list[tuple[bytes, bytes]]] = field(default_factory=dict)

    def fields(self, own: bytes, body: Sequence[bytes]) -> bytes:
        """The DKIM-Signature fields of a message with these fields of the reader's `own` and this body, in pieces.

        The first piece begins with the constant beginning, and the body is already as "relaxed" would make it, but for
        empty lines at its end: base64 lines, part headers without white space at their ends, EightBitText.canonical.
        """
        mine = tuple(_relaxed_fields(own))
        digest = base64.b64encode(self._body_digest(body))
        signed = b"".join([canonical for _, canonical in (*self.constant, *mine)])
        signatures = []
        for key, (written, canonical) in zip(self.keys, self._opened(tuple(name for name, _ in mine)), strict=True):
            signature = base64.b64encode(key.sign(signed + canonical + digest + b"; b="))
            signatures.append(written + digest + b";\r\n b=" + _folded(signature))
        return b"".join(signatures)

    def _body_digest(self, body: Sequence[bytes]) -> bytes:
        state = self.beginning.copy()
        pieces: list[bytes | memoryview] = [memoryview(body[0])[self.known :], *(piece for piece in body[1:] if piece)]
        if bytes(pieces[-1][-4:]) == b"\r\n\r\n":  # RFC 6376 3.4.4: empty lines at the end are not signed
            pieces[-1] = bytes(pieces[-1]).rstrip(b"\r\n") + b"\r\n"
        for piece in pieces:
            state.update(piece)
        return state.digest()

    def _opened(self, names: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
        """For each key the field up to `bh=`, as written and canonical. Few sets of names ever occur."""
        if names not in self._openings:
            signed = [*(name for name, _ in self.constant), *names]
            written = [_opening(key, [*signed, *OVERSIGNED], self.at) for key in self.keys]
            self._openings[names] = [(one, _relaxed(one)[1].removesuffix(b"\r\n")) for one in written]
        return self._openings[names]


def _opening(key: DkimKey, names: Iterable[str], at: int) -> bytes:
    """The field up to the value of `bh=`, folded at 76."""
    algorithm = "rsa-sha256" if key.algorithm is Algorithm.RSA else "ed25519-sha256"
    lines = [
        f"DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; t={at};",
        f" d={key.domain}; s={key.selector};",
        " h=",
    ]
    for place, name in enumerate(names):
        word = f":{name}" if place else name  # RFC 6376 3.2: white space may stand around the colon
        if len(lines[-1]) + len(word) > _LINE:
            lines.append(" ")
        lines[-1] += word
    return ("\r\n".join(lines) + ";\r\n bh=").encode("ascii")


def _folded(signature: bytes) -> bytes:
    """The value of `b=` with its line ends; the first line has ` b=` before it."""
    first, step = _LINE - 3, _LINE - 1
    lines = [signature[:first], *(signature[at : at + step] for at in range(first, len(signature), step))]
    return b"\r\n ".join(lines) + b"\r\n"


# ------------------------------------------------------------ canonical forms
def _relaxed_fields(fields: bytes) -> Iterator[tuple[str, bytes]]:
    """Each field of a header block with its name; a line that begins with white space belongs to the one before."""
    for one in re.split(rb"\r\n(?![ \t])", fields):
        if one:
            yield _relaxed(one)


def _relaxed(one: bytes) -> tuple[str, bytes]:
    """RFC 6376 3.4.2: name in lower case, unfolded, white space reduced, CRLF behind it."""
    name, _, value = one.replace(b"\r\n", b"").partition(b":")
    lower = name.strip(b" \t").lower()
    return lower.decode("ascii"), lower + b":" + _WHITE.sub(b" ", value).strip(b" ") + b"\r\n"


def _hash_of(beginning: bytes) -> hashlib._Hash:
    if _LOOSE.search(beginning):
        raise DkimError("メールの本文の空白が、署名できる形になっていません。")
    return hashlib.sha256(beginning)
