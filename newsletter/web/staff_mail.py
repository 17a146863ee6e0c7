"""Mail of Django itself (password reset, errors): through the same relay and the same certificate authority."""

from __future__ import annotations

import logging
import ssl
from functools import cached_property

from django.conf import settings
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend


class RelayBackend(EmailBackend):
    """Django's SMTP backend knows no authority of one's own."""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        """The relay's certificate is verified, by NEWSLETTER_RELAY_CA_FILE if there is one."""
        return ssl.create_default_context(cafile=settings.RELAY_CA_FILE or None)


class ErrorMail(logging.Handler):
    """An error of a page as a mail to NEWSLETTER_ERROR_MAIL: what Django sends would hold forms, cookies and links."""

    def emit(self, record: logging.LogRecord) -> None:
        """Send the line and the traceback, without values; a relay that is away must not make it worse."""
        if settings.ADMINS:
            first_line, _, rest = self.format(record).partition("\n")
            mail.mail_admins(first_line[:200], f"{first_line}\n{rest}", fail_silently=True)
