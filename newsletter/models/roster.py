"""RosterRound, RosterSheet, RosterLine, RosterAnswer: 宛先の確認, the yearly question to members who is still there.

Fields, constraints and one-line predicates. A line holds neither name nor address: both are read where they stand, so
that who is erased is gone from every sheet. The verbs live in newsletter/roster/.
"""

from __future__ import annotations

import secrets
from datetime import date

from django.db import models
from django.utils import timezone

from feeds.models import Contributor, Member
from subscribers.models import ImportRun, Subscriber


def new_sheet_key() -> str:
    """The name a sheet has in its link: 96 random bits, unrelated to the member."""
    return secrets.token_urlsafe(12)


class RosterRound(models.Model):
    """One year's question to all members."""

    year = models.PositiveSmallIntegerField("年度", unique=True)  # the fiscal year that begins in April
    deadline = models.DateField("回答の期限")  # links work until the end of this day
    opened_at = models.DateTimeField("開始", default=timezone.now)
    opened_by = models.CharField("始めた人", max_length=150, blank=True)
    closed_at = models.DateTimeField("締切", null=True, blank=True)
    closed_by = models.CharField("締めた人", max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "宛先の確認"
        ordering = ("-year",)

    def __str__(self) -> str:
        return f"{self.year}年度 宛先の確認"

    def is_over(self, today: date) -> bool:
        """Whether the deadline has passed, or the office has closed the round."""
        return self.closed_at is not None or today > self.deadline


class RosterSheet(models.Model):
    """The question to one member: the people it is asked about are its lines."""

    round = models.ForeignKey(RosterRound, models.CASCADE, related_name="sheets", verbose_name="宛先の確認")
    member = models.ForeignKey(Member, models.CASCADE, related_name="roster_sheets", verbose_name="会員")
    key = models.CharField(max_length=22, unique=True, default=new_sheet_key, editable=False)
    sent_at = models.DateTimeField("送付", null=True, blank=True)
    reminded_at = models.DateTimeField("督促", null=True, blank=True)
    link_only = models.BooleanField("Excelを添付しない", default=False)
    letters = models.ManyToManyField("newsletter.Letter", related_name="roster_sheets", verbose_name="個別メール")

    class Meta:
        verbose_name = verbose_name_plural = "確認の用紙"
        ordering = ("member__code", "member__key")
        constraints = (models.UniqueConstraint(fields=["round", "member"], name="roster_sheet_once_per_round"),)

    def __str__(self) -> str:
        return f"{self.round} {self.member}"

    @property
    def reference(self) -> str:
        """What its Excel form says it belongs to: 2027-kitakyushu."""
        return f"{self.round.year}-{self.member.key}"


class RosterLine(models.Model):
    """One person (or shared mailbox) of a sheet, under the number that page and Excel form show."""

    sheet = models.ForeignKey(RosterSheet, models.CASCADE, related_name="lines", verbose_name="用紙")
    number = models.PositiveSmallIntegerField("番号")
    subscriber = models.ForeignKey(
        Subscriber, models.SET_NULL, null=True, blank=True, related_name="roster_lines", verbose_name="購読者"
    )
    contributor = models.ForeignKey(
        Contributor, models.SET_NULL, null=True, blank=True, related_name="roster_lines", verbose_name="担当者"
    )

    class Meta:
        verbose_name = verbose_name_plural = "用紙の1人"
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=["sheet", "number"], name="roster_line_once_per_sheet"),)

    def __str__(self) -> str:
        return f"{self.sheet_id} {self.number}"


class RosterAnswer(models.Model):
    """What a member answered. A later answer takes the place of an earlier one; both stay on record."""

    class Door(models.TextChoices):
        WEB = "web", "ウェブ"
        EXCEL = "excel", "Excel"

    sheet = models.ForeignKey(RosterSheet, models.CASCADE, related_name="answers", verbose_name="用紙")
    at = models.DateTimeField("回答", default=timezone.now)
    door = models.CharField("受付方法", max_length=10, choices=Door.choices)
    by_name = models.CharField("回答者", max_length=100)
    by_department = models.CharField("回答者の部署", max_length=200, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)  # the same answer sent twice is one answer
    entries = models.JSONField("内容", default=list)  # newsletter.roster.questions.Entry, as JSON
    applied_at = models.DateTimeField("反映", null=True, blank=True)
    applied_by = models.CharField("反映した人", max_length=150, blank=True)
    import_run = models.ForeignKey(
        ImportRun, models.SET_NULL, null=True, blank=True, related_name="roster_answers", verbose_name="取込"
    )
    former_contributors = models.JSONField("反映前の担当者", default=dict, blank=True)  # for taking it back
    undone_at = models.DateTimeField("取消", null=True, blank=True)
    undone_by = models.CharField("取り消した人", max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "宛先の確認の回答"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"回答{self.pk}"

    @property
    def is_applied(self) -> bool:
        return self.applied_at is not None and self.undone_at is None
