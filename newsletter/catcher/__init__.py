"""The built-in mail catcher: SMTP on loopback -> Maildir -> a local page. Nothing that it gets leaves the machine."""

from newsletter.catcher.maildir import Heading, Maildir
from newsletter.catcher.server import Catcher

__all__ = ["Catcher", "Heading", "Maildir"]
