"""What a reply means to us: stage and reply -> outcome.

Read from top to bottom; the first line that fits decides.

| Stage | Reply | Outcome |
|---|---|---|
| FINAL | none, or nothing that belongs there | IN_DOUBT |
| other | none, or nothing that belongs there | RETRY_RELAY |
| before MAIL | any | RETRY_RELAY: no delivery was spoken of yet |
| FINAL | 2xx | SENT |
| FINAL | 4xx | DEFERRED |
| any | 421 | DEFERRED if it names a reason (4.1, 4.2, 4.7), else RETRY_RELAY |
| any | 454, 4.3.1, 4.3.2 | RETRY_RELAY: the relay's disk, its TLS, its load |
| MAIL | 452, 4.3.x, 4.4.x, 4.5.x | RETRY_RELAY |
| any | 4xx | DEFERRED |
| any | `_MISUNDERSTOOD`; 5.5.x but for 5.5.0 and 5.5.3 | RETRY_RELAY, at FINAL REFUSED_POLICY |
| MAIL | 5.3.x but for 5.3.4 | RETRY_RELAY |
| MAIL | 5xx | REFUSED_POLICY: the reader has not been named yet |
| RCPT | 552, unless 5.3.4 or 5.7.x | DEFERRED (RFC 5321 4.5.3.1.10) |
| any | 5.x.x as in `_STATUSES` and `_SUBJECTS` | RFC 3463, RFC 7293, and what large receivers document |
| any | no status, 5.0.x, 5.1.0, 5.5.0 | the words of the text: full, about us, nobody there |
| RCPT | 550, 551, 553, 501 without a text | REFUSED_ADDRESS, the code's own meaning |
| FINAL | 554 | REFUSED_POLICY: "transaction failed" is about the content |
| any | 5xx | REFUSED_MAILBOX: not knowing, we keep the reader |

After DATA nobody is called unknown for words alone: docomo answers `550 Unknown user` there when the reader's own
filter refuses the mail. And RETRY_RELAY, which counts no try, never follows the final dot: what the message itself
called forth would go on for ever.
"""

from __future__ import annotations

from enum import StrEnum

from newsletter.mail.reply import Reply, ReplyError, Stage

__all__ = ["Outcome", "Reply", "ReplyError", "Stage", "judge"]


class Outcome(StrEnum):
    """What becomes of the delivery."""

    SENT = "sent"  # the relay took the responsibility (RFC 5321 4.2.5)
    DEFERRED = "deferred"  # temporary: try again later, and count the try
    RETRY_RELAY = "retry_relay"  # trouble with the relay: no try of the delivery is counted
    REFUSED_ADDRESS = "refused_address"  # nobody is there: suppress the address
    REFUSED_MAILBOX = "refused_mailbox"  # full, filtered, closed: this mail is lost, the reader stays
    REFUSED_POLICY = "refused_policy"  # about us or our content: pause the campaign, never punish the reader
    IN_DOUBT = "in_doubt"  # the line went dead after the final dot: a person decides


_BEFORE_MAIL = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})
# Unknown command, wrong order, login or encryption wanted, unknown parameter: RFC 5321 4.2.2, RFC 4954, RFC 3207.
_MISUNDERSTOOD = frozenset({500, 502, 503, 504, 530, 534, 535, 538, 555})

# Detail of a 5.x.x status -> outcome, where it differs from its subject's line below.
_STATUSES = {
    "1.1": Outcome.REFUSED_ADDRESS,  # bad destination mailbox
    "1.2": Outcome.REFUSED_ADDRESS,  # bad destination system
    "1.3": Outcome.REFUSED_ADDRESS,  # bad syntax
    "1.6": Outcome.REFUSED_ADDRESS,  # moved, no forwarding
    "1.10": Outcome.REFUSED_ADDRESS,  # the domain takes no mail (RFC 7505)
    "1.7": Outcome.REFUSED_POLICY,  # our sender's syntax
    "1.8": Outcome.REFUSED_POLICY,  # our sender's domain
    "1.9": Outcome.REFUSED_POLICY,  # our relay is not trusted
    "3.4": Outcome.REFUSED_POLICY,  # our message is too big for the system
    "5.3": Outcome.DEFERRED,  # too many recipients
    "6.7": Outcome.REFUSED_MAILBOX,  # a local part beyond ASCII that cannot pass (RFC 6531)
    "7.17": Outcome.REFUSED_ADDRESS,  # the mailbox has another owner now (RFC 7293)
    "7.18": Outcome.REFUSED_ADDRESS,  # the domain has another owner now (RFC 7293)
    # Exchange Online: the group or mailbox accepts only chosen senders. The reader's own setting, not our conduct.
    **dict.fromkeys(("7.124", "7.133", "7.134", "7.135", "7.136"), Outcome.REFUSED_MAILBOX),
}
_SUBJECTS = {
    "1": Outcome.REFUSED_MAILBOX,  # ambiguous, or valid after all
    "2": Outcome.REFUSED_MAILBOX,  # disabled, full, message too long for it
    "3": Outcome.REFUSED_MAILBOX,  # the receiver's system
    "4": Outcome.REFUSED_MAILBOX,  # routing
    "6": Outcome.REFUSED_POLICY,  # content
    "7": Outcome.REFUSED_POLICY,  # security and policy
}
_SAYING_NOTHING = frozenset({"", "0.0", "0.1", "1.0", "5.0"})

_FULL = ("quota", "mailbox full", "mailbox is full", "mail box is full", "storage allocation")
_ABOUT_US = (
    "spam", "unsolicited", "bulk", "block", "blacklist", "blackhole", "banned", "reputation", "policy", "dmarc", "dkim",
    "spf ", "(spf)", "relay", "sender", "client host", "reverse dns", "ptr record", "authenticat", "virus",
    "invalid subject", "header", "too large", "too big", "message size", "size limit",
)  # fmt: skip
_NOBODY = (
    "user unknown", "unknown user", "unknown recipient", "unknown local", "unknown address", "address unknown",
    "no such", "not our customer", "invalid recipient", "invalid mailbox", "invalid address", "does not exist",
    "doesn't exist", "not exist", "doesn't have a", "no mailbox here", "mailbox unavailable", "not found",
    "unrouteable", "undeliverable address", "user not local", "address rejected", "no account", "宛先不明",
)  # fmt: skip


def judge(stage: Stage, reply: Reply | None) -> Outcome:
    """Say what `reply` at `stage` means; None stands for a line that went dead without a reply."""
    if stage in _BEFORE_MAIL:
        return Outcome.RETRY_RELAY
    if reply is not None and stage is Stage.FINAL and reply.positive:
        return Outcome.SENT
    if reply is not None and reply.code // 100 == 4:
        return _temporary(stage, reply)
    if reply is not None and reply.code // 100 == 5:
        return _permanent(stage, reply)
    return Outcome.IN_DOUBT if stage is Stage.FINAL else Outcome.RETRY_RELAY


def _temporary(stage: Stage, reply: Reply) -> Outcome:
    subject, status = _status(reply)
    if stage is Stage.FINAL:
        return Outcome.DEFERRED
    if reply.code == 421:
        return Outcome.DEFERRED if subject in {"1", "2", "7"} else Outcome.RETRY_RELAY
    if reply.code == 454 or status in {"3.1", "3.2"}:
        return Outcome.RETRY_RELAY
    if stage is Stage.MAIL and (subject in {"3", "4", "5"} or (not subject and reply.code == 452)):
        return Outcome.RETRY_RELAY
    return Outcome.DEFERRED


def _permanent(stage: Stage, reply: Reply) -> Outcome:
    subject, status = _status(reply)
    quarrel = subject == "5" and status not in {"5.0", "5.3"}
    if quarrel or (reply.code in _MISUNDERSTOOD and status in _SAYING_NOTHING | {"7.0"}):
        return Outcome.REFUSED_POLICY if stage is Stage.FINAL else Outcome.RETRY_RELAY
    if stage is Stage.MAIL:
        relay_trouble = subject == "3" and status != "3.4"
        return Outcome.RETRY_RELAY if relay_trouble else Outcome.REFUSED_POLICY
    if stage is Stage.RCPT and reply.code == 552 and status != "3.4" and subject != "7":
        # RFC 5321 4.5.3.1.10: old servers say 552 for "too many recipients"; and a full mailbox may be emptied.
        return Outcome.DEFERRED
    if status not in _SAYING_NOTHING:
        return _STATUSES.get(status) or _SUBJECTS.get(subject, Outcome.REFUSED_MAILBOX)
    return _by_words(stage, reply)


def _by_words(stage: Stage, reply: Reply) -> Outcome:
    """No status that says something: go by the text, and in doubt for the reader."""
    text = reply.text.lower()
    if any(words in text for words in _FULL):
        return Outcome.REFUSED_MAILBOX
    if any(words in text for words in _ABOUT_US):
        return Outcome.REFUSED_POLICY
    if stage is Stage.RCPT:
        nobody = not text and reply.code in {501, 550, 551, 553}
        nobody = nobody or any(words in text for words in _NOBODY)
        return Outcome.REFUSED_ADDRESS if nobody else Outcome.REFUSED_MAILBOX
    if stage is Stage.FINAL and reply.code == 554:
        return Outcome.REFUSED_POLICY
    return Outcome.REFUSED_MAILBOX


def _status(reply: Reply) -> tuple[str, str]:
    """Subject and subject.detail of the enhanced status: `5.1.1` -> `1`, `1.1`."""
    _, _, status = reply.enhanced.partition(".")
    return status.partition(".")[0], status
