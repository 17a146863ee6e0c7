"""What a DKIM signature costs per message: ours in the join of segments, against dkimpy on the joined message.

    python -m bench.signatures [--readers 200] [--kilobytes 60]

The message, the keys and the signed fields are the same for both. Every signature that is timed as ours is first
verified by dkimpy, and dkimpy's by itself.
"""

from __future__ import annotations

import argparse
import base64
import functools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import dkim as dkimpy
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.message import SENDER, machine, readers, rendered
from newsletter.mail.content import PREFERENCES_SLOT, UNSUBSCRIBE_SLOT, RenderedMail
from newsletter.mail.dkim import OVERSIGNED, Algorithm, DkimKey, Signer, make_key, write_key
from newsletter.mail.dkim_record import record
from newsletter.mail.message import Recipient, compile_message

DATE = datetime(2020, 1, 6, 1, 7, tzinfo=UTC)  # verifiers refuse a time that is still to come
# Each of them and all of OVERSIGNED, so that both sides hash the same octets.
FIELDS = "from subject date reply-to list-id content-language mime-version content-type to message-id list-unsubscribe "
NAMES = [name.encode() for name in (*FIELDS.split(), "list-unsubscribe-post", *OVERSIGNED)]


def mail_of(kilobytes: int) -> RenderedMail:
    """Like a real edition: the reader's links stand at the end of both parts."""
    mail = rendered(kilobytes)
    at_the_top = f'<p><a href="{UNSUBSCRIBE_SLOT}">配信停止</a> <a href="{PREFERENCES_SLOT}">設定</a></p>\n'
    links = f"配信停止\n{UNSUBSCRIBE_SLOT}\n設定\n{PREFERENCES_SLOT}\n"
    return RenderedMail(mail.subject, mail.html.replace(at_the_top, "", 1), mail.text.removeprefix(links))


def dkimpy_way(key: DkimKey) -> Callable[[bytes], bytes]:
    """What a program does that signs each finished message with dkimpy."""
    algorithm, pem = b"rsa-sha256", write_key(key)
    if isinstance(key.private, Ed25519PrivateKey):
        algorithm, pem = b"ed25519-sha256", base64.b64encode(key.private.private_bytes_raw())

    def sign(octets: bytes) -> bytes:
        signature: bytes = dkimpy.sign(
            octets, key.selector.encode(), key.domain.encode(), pem,
            canonicalize=(b"relaxed", b"relaxed"), include_headers=NAMES, signature_algorithm=algorithm,
        )  # fmt: skip
        return signature + octets

    return sign


def check(octets: bytes, keys: Sequence[DkimKey]) -> None:
    """The figures mean nothing unless the signatures hold."""
    zone = {f"{key.name}.".encode(): record(key).encode() for key in keys}
    for place in range(len(keys)):
        if not dkimpy.DKIM(octets).verify(idx=place, dnsfunc=lambda name, **_: zone.get(name)):
            raise SystemExit("a signature does not hold")


def microseconds(work: Callable[[Recipient], bytes], everybody: Sequence[Recipient]) -> float:
    """The best of three rounds, per message, of this process's own time."""
    rounds = []
    for _ in range(3):
        start = time.process_time()
        for reader in everybody:
            work(reader)
        rounds.append((time.process_time() - start) / len(everybody))
    return min(rounds) * 1e6


def _signed_whole(sign: Callable[[bytes], bytes], joined: Mapping[str, bytes], reader: Recipient) -> bytes:
    return sign(joined[reader.address])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--kilobytes", type=int, default=60)
    options = parser.parse_args()

    mail, everybody = mail_of(options.kilobytes), readers(options.readers)
    rsa, ed25519 = make_key(Algorithm.RSA, "example.jp", "r1"), make_key(Algorithm.ED25519, "example.jp", "e1")
    plain = compile_message(mail, SENDER, date=DATE)
    join = microseconds(plain.join, everybody)
    print(f"machine              {machine()}")
    print(f"message              {len(plain.join(everybody[0])):,} bytes, HTML {len(mail.html.encode()):,}")
    print(f"readers              {len(everybody):,}, best of 3 rounds, CPU time per message")
    print(f"join, no signature   {join:10.1f} µs")
    for words, keys in (("RSA-2048", (rsa,)), ("Ed25519", (ed25519,)), ("both", (rsa, ed25519))):
        ours = compile_message(mail, SENDER, date=DATE, signer=Signer(keys))
        check(ours.join(everybody[0]), keys)
        cost = microseconds(ours.join, everybody) - join
        print(f"{words:<20} {cost:10.1f} µs a message, {1e6 / (cost + join):,.0f} signed messages /s", end="")
        if len(keys) == 1:
            theirs = dkimpy_way(keys[0])
            check(theirs(plain.join(everybody[0])), keys)
            joined = {reader.address: plain.join(reader) for reader in everybody}
            other = microseconds(functools.partial(_signed_whole, theirs, joined), everybody)
            print(f"; dkimpy {other:,.1f} µs; ratio {other / cost:.1f}", end="")
        print()


if __name__ == "__main__":
    main()
