"""Installation, Association: this machine, and whose e-news it sends."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """A machine that may send from this database; its own half of this stands in var/identity."""

    identity = models.CharField("識別子", max_length=32, unique=True)
    mark = models.PositiveBigIntegerField("送信の通し番号", default=0)  # grows with every sending: see identity.py
    adopted_by = models.CharField("引き継いだ人", max_length=150, blank=True)  # empty: it made this database
    adopted_at = models.DateTimeField("登録", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "送信する機械"

    def __str__(self) -> str:
        return self.identity[:8]


class Association(models.Model):
    """The profile that was loaded last: one row."""

    name = models.CharField("団体名", max_length=200)
    facts = models.JSONField("プロファイル")  # the TOML document as it was read
    digest = models.CharField(max_length=64, editable=False)
    loaded_at = models.DateTimeField("読込日時", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "団体"

    def __str__(self) -> str:
        return self.name
