"""Which addresses are one mailbox."""

from __future__ import annotations

import pytest

from newsletter.mail.providers import mailbox


@pytest.mark.parametrize(
    ("key", "box"),
    [
        ("t.a.r.o+news@gmail.com", "taro@gmail.com"),
        ("taro+a+b@outlook.jp", "taro@outlook.jp"),
        ("t.aro@icloud.com", "t.aro@icloud.com"),
        ("taro+x@example.jp", "taro+x@example.jp"),
        ('"a+b@c"@example.jp', '"a+b@c"@example.jp'),
    ],
)
def test_a_mailbox_is_what_its_provider_says_it_is(key: str, box: str) -> None:
    assert mailbox(key) == box
