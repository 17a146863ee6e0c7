"""ProofDecision, LinkCheck: what was decided about remarks, and what was found behind links."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from newsletter.models.issue import Issue


class ProofDecision(models.Model):
    """What a person decided about one remark of the proofreading. Only newsletter.proofing writes it."""

    class Kind(models.TextChoices):
        IGNORE = "ignore", "ここは無視する"
        OVERRIDE = "override", "誤りのまま承認する"

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="proof_decisions", verbose_name="号")
    finding = models.CharField("指摘", max_length=16)  # Finding.key: its words, not its position
    kind = models.CharField("決定", max_length=10, choices=Kind.choices)
    rule = models.CharField("規則", max_length=60)
    level = models.CharField("程度", max_length=10)
    found = models.CharField("箇所", max_length=300, blank=True)
    message = models.CharField("指摘の内容", max_length=500)
    person = models.CharField("決めた人", max_length=150)
    reason = models.CharField("理由", max_length=500)
    at = models.DateTimeField("日時", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "校正の決定"
        ordering = ("issue", "at", "pk")
        constraints = (models.UniqueConstraint(fields=["issue", "finding"], name="proof_decision_once_per_finding"),)

    def __str__(self) -> str:
        return f"{self.rule} {self.get_kind_display()}"


class LinkCheck(models.Model):
    """One look at a page that an issue links to. Only newsletter.proofing.link_checks writes it."""

    url = models.CharField("アドレス", max_length=1000, db_index=True)
    checked_at = models.DateTimeField("確認日時", default=timezone.now)
    problem = models.CharField("問題", max_length=300, blank=True)  # empty: the page is there
    gone = models.BooleanField("消えた", default=False)  # a reader would not see it either
    fingerprint = models.CharField("内容の指紋", max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "リンクの確認"
        ordering = ("-checked_at", "-pk")

    def __str__(self) -> str:
        return f"{self.url} {self.problem or '確認済み'}"
