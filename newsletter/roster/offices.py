"""Which mailboxes are an office's: whoever holds a member's link may know of these, and of no others. Pure.

Anybody may name a municipality when signing up on the web. That a citizen reads the e-news at home is none of the
town hall's business, so a private mailbox stands on no sheet unless the member itself named it in an earlier answer.
"""

from __future__ import annotations

import re

from newsletter.mail import providers
from subscribers import domains

# 地方公共団体: LG.JP is given to them alone; before it there were city.NAME.jp and city.NAME.PREFECTURE.jp.
_OFFICE = re.compile(r"(?:.+\.)?(?:[a-z0-9-]+\.lg|(?:city|town|vill|pref|metro)(?:\.[a-z0-9-]+){1,2})\.jp")


def is_office(domain: str) -> bool:
    """Whether a domain is that of some local government."""
    return _OFFICE.fullmatch(domain.lower()) is not None


def is_private(domain: str) -> bool:
    """Whether a domain is one where anybody has a mailbox."""
    known = domain.lower()
    is_large = providers.provider_of(known) in providers.PROVIDERS or known in domains.LARGE
    return is_large or domains.is_carrier(known) or domains.is_disposable(known)
