"""What is known about mail domains and local parts: carriers of old, typing errors, shared and throw-away boxes.

Pure tables and the questions asked of them. `example` domains are never in a table.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Until 2009 these carriers gave out `a..b@`, `.a@` and `a.@`, against RFC 5321 4.1.2; the boxes live on.
CARRIERS = frozenset(
    {
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "au.com",
        "softbank.ne.jp",
        "i.softbank.jp",
        "disney.ne.jp",
        *(f"{region}.vodafone.ne.jp" for region in "dhtckrnsq"),
        *(f"jp-{region}.ne.jp" for region in "dhtckrnsq"),
    }
)
CARRIER_SUBDOMAINS = (".ezweb.ne.jp",)  # a2.ezweb.ne.jp and its kind

# Where people mistype. A domain one keystroke away from these is worth a question.
LARGE = (
    "gmail.com",
    "yahoo.co.jp",
    "docomo.ne.jp",
    "ezweb.ne.jp",
    "au.com",
    "softbank.ne.jp",
    "i.softbank.jp",
    "icloud.com",
    "hotmail.com",
    "hotmail.co.jp",
    "outlook.jp",
    "outlook.com",
    "nifty.com",
    "biglobe.ne.jp",
    "ocn.ne.jp",
)
# Mistakes further away than one keystroke.
MISTYPED = {
    "gmail.co.jp": "gmail.com",
    "gmail.jp": "gmail.com",
    "gmail.ne.jp": "gmail.com",
    "gmail": "gmail.com",
    "googlemail.co.jp": "gmail.com",
    "docomo.co.jp": "docomo.ne.jp",
    "docomo.jp": "docomo.ne.jp",
    "docomo.com": "docomo.ne.jp",
    "docomo.ne": "docomo.ne.jp",
    "ezweb.co.jp": "ezweb.ne.jp",
    "ezweb.jp": "ezweb.ne.jp",
    "ezweb.ne": "ezweb.ne.jp",
    "au.ne.jp": "au.com",
    "softbank.co.jp": "softbank.ne.jp",
    "i.softbank.ne.jp": "i.softbank.jp",
    "i.softbank.co.jp": "i.softbank.jp",
    "ocn.co.jp": "ocn.ne.jp",
    "ocn.jp": "ocn.ne.jp",
    "yahoo.ne.jp": "yahoo.co.jp",
    "yahoo.jp": "yahoo.co.jp",
    "yahoo.co": "yahoo.co.jp",
    "icloud.co.jp": "icloud.com",
    "icloud.jp": "icloud.com",
    "iclould.com": "icloud.com",
}
# One keystroke away from a large one, and real.
REAL_NEIGHBOURS = frozenset(
    {"mail.com", "ymail.com", "email.com", "gmx.com", "a.com", "u.com", "at.com", "ac.com", "ax.com", "ou.com"}
)
MISTYPED_ENDINGS = {
    ".lg.jo": ".lg.jp",
    ".ig.jp": ".lg.jp",
    ".1g.jp": ".lg.jp",
    ".lg.co.jp": ".lg.jp",
    ".ne.jo": ".ne.jp",
    ".co.jo": ".co.jp",
    ".go.jo": ".go.jp",
    ".or.jo": ".or.jp",
    ".lg.jpn": ".lg.jp",
    ".lgjp": ".lg.jp",
    ".nejp": ".ne.jp",
    ".cojp": ".co.jp",
    ".gojp": ".go.jp",
    ".orjp": ".or.jp",
    ".jp.jp": ".jp",
    ".con": ".com",
    ".comm": ".com",
    ".jpn": ".jp",
}

DISPOSABLE = frozenset(
    {
        "mailinator.com",
        "guerrillamail.com",
        "guerrillamail.org",
        "sharklasers.com",
        "10minutemail.com",
        "temp-mail.org",
        "tempmail.com",
        "yopmail.com",
        "trashmail.com",
        "trash-mail.com",
        "getnada.com",
        "maildrop.cc",
        "throwawaymail.com",
        "dispostable.com",
        "mailnesia.com",
        "mintemail.com",
        "kuku.lu",
        "cocoro.uk",
        "sute.jp",
        "mailpoof.com",
        "moakt.com",
    }
)

ROLES = frozenset(
    {
        "abuse",
        "admin",
        "administrator",
        "contact",
        "help",
        "hostmaster",
        "info",
        "information",
        "inquiry",
        "jimukyoku",
        "kikaku",
        "kankyo",
        "kankyou",
        "kouhou",
        "koho",
        "mail",
        "mailer-daemon",
        "no-reply",
        "noreply",
        "office",
        "postmaster",
        "root",
        "security",
        "somu",
        "soumu",
        "soumuka",
        "support",
        "webmaster",
    }
)

# RFC 6761 and the IANA registry: names that can never receive mail from outside.
NOT_ON_THE_NET = frozenset({"local", "localhost", "test", "invalid", "onion", "arpa", "internal", "lan", "localdomain"})


# A role alone, or with a number or a tag behind it: info, info-2, kouhou+news.
_ROLE = re.compile(rf"(?:{'|'.join(sorted(map(re.escape, ROLES), reverse=True))})[-_.]*(?:[+\d]|\Z)", re.IGNORECASE)


def is_carrier(domain: str) -> bool:
    """Whether this carrier once gave out addresses that RFC 5321 does not allow without quotes."""
    return domain in CARRIERS or domain.endswith(CARRIER_SUBDOMAINS)


def is_disposable(domain: str) -> bool:
    """Whether the boxes of this domain, or of one above it, are thrown away after use."""
    while domain:
        if domain in DISPOSABLE:
            return True
        domain = domain.partition(".")[2]
    return False


def is_role(local: str) -> bool:
    """Whether an office, not a person, reads this box."""
    return _ROLE.match(local) is not None


@lru_cache(maxsize=20_000)
def meant(domain: str) -> str:
    """The large domain that was probably meant, or nothing."""
    if domain in LARGE or domain in REAL_NEIGHBOURS:
        return ""
    if domain in MISTYPED:
        return MISTYPED[domain]
    if domain.removesuffix(".jp") in LARGE:  # gmail.com.jp
        return domain.removesuffix(".jp")
    for ending, right in MISTYPED_ENDINGS.items():
        if domain.endswith(ending):
            return meant(mended := domain.removesuffix(ending) + right) or mended
    return next((large for large in LARGE if len(large) > 6 and _is_one_keystroke(domain, large)), "")


def _is_one_keystroke(typed: str, right: str) -> bool:
    """One letter wrong, missing, too many, or two neighbours swapped (Damerau)."""
    if abs(len(typed) - len(right)) > 1 or typed == right:
        return False
    start = next((i for i, (a, b) in enumerate(zip(typed, right, strict=False)) if a != b), min(len(typed), len(right)))
    rest_typed, rest_right = typed[start:], right[start:]
    if len(typed) > len(right):
        return rest_typed[1:] == rest_right
    if len(typed) < len(right):
        return rest_typed == rest_right[1:]
    swapped = rest_typed[:2] == rest_right[:2][::-1] and rest_typed[2:] == rest_right[2:]
    return rest_typed[1:] == rest_right[1:] or swapped
