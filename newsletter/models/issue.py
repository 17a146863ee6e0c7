"""Issue, Placement, Edition, Correction, SearchText, Approval: what is printed, and who said yes to it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from feeds.models import Entry
from newsletter.errors import EditionError
from newsletter.mail.dates import month_label


class Issue(models.Model):
    """The monthly number being assembled, or a 号外 between two of them."""

    class State(models.TextChoices):
        OPEN = "open", "編集中"
        APPROVED = "approved", "承認済み"  # an edition of it was approved; placements are locked
        SENT = "sent", "配信済み"

    month = models.DateField("月号")  # the first day of the month
    extra = models.PositiveSmallIntegerField("号外", default=0)  # 0: the monthly number; 1, 2 …: 号外 of that month
    number = models.PositiveIntegerField("通算号数", null=True, blank=True, unique=True)
    release_on = models.DateField("配信日")
    subject = models.CharField("件名", max_length=200)
    preheader = models.CharField("プリヘッダー", max_length=200, blank=True)
    lead = models.TextField("リード文", blank=True)
    # Entries that staff took out again: `suggest` does not bring them back.
    dropped = models.JSONField("外した記事", default=list, blank=True, editable=False)
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField("作成", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "号"
        ordering = ("-month", "-release_on", "-extra")
        constraints = (
            models.UniqueConstraint(fields=["month", "extra"], name="issue_once_per_month"),
            models.CheckConstraint(condition=Q(extra=0) | Q(number__isnull=True), name="extra_has_no_number"),
        )

    def __str__(self) -> str:
        return month_label(self.month, extra=self.extra)

    @property
    def label(self) -> str:
        """With its serial number: 2026年11月号（第137号）."""
        return month_label(self.month, self.number, self.extra)

    @property
    def slug(self) -> str:
        """Its name in addresses and commands: 2026-11, its 号外 2026-11-x1."""
        return f"{self.month:%Y-%m}" + (f"-x{self.extra}" if self.extra else "")


class Placement(models.Model):
    """An entry put in a section of an issue, with the text as it will be printed."""

    issue = models.ForeignKey(Issue, models.CASCADE, related_name="placements", verbose_name="号")
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="placements", verbose_name="記事")
    section = models.SlugField("欄", max_length=40)
    position = models.PositiveIntegerField("順番")
    headline = models.CharField("見出し", max_length=200, blank=True)  # Japanese; empty means it waits for someone
    text = models.TextField("本文", blank=True)  # Japanese, paragraphs apart by a blank line

    class Meta:
        verbose_name = verbose_name_plural = "掲載"
        ordering = ("issue", "section", "position", "pk")
        constraints = (models.UniqueConstraint(fields=["issue", "entry"], name="entry_once_per_issue"),)

    def __str__(self) -> str:
        return self.headline or f"（未訳）{self.entry.title}"

    @property
    def is_waiting(self) -> bool:
        """Nobody has written the Japanese yet."""
        return not (self.headline.strip() and self.text.strip())


class Edition(models.Model):
    """A frozen rendering of an issue. Its row never changes; a new rendering is a new row."""

    issue = models.ForeignKey(Issue, models.PROTECT, related_name="editions", verbose_name="号")
    subject = models.CharField("件名", max_length=200)
    preheader = models.CharField("プリヘッダー", max_length=200, blank=True)
    html = models.TextField("HTML")  # with slots for what differs per reader: see mail/content.py
    text = models.TextField("テキスト")
    # The printed items, for the public archive: see frozen.py. Editions that are older than it have none.
    content = models.JSONField("記事", default=list, blank=True, editable=False)
    digest = models.CharField("ダイジェスト", max_length=64, unique=True)  # SHA-256, hexadecimal
    made_at = models.DateTimeField("作成", default=timezone.now)
    made_by = models.CharField("作成者", max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "版"
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.issue} {self.digest[:12]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row once; a frozen edition cannot be written again."""
        if not self._state.adding:
            raise EditionError("確定した版は変更できません。新しい版を作ってください。")
        super().save(*args, **kwargs)


class Correction(models.Model):
    """What was put right in the archive after an edition went out. Only newsletter.corrections writes it."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="corrections", verbose_name="版")
    item = models.PositiveIntegerField("記事の番号")  # 0: the issue as a whole
    field = models.CharField("箇所", max_length=30)  # a part of the item, as frozen.parts names it
    old = models.TextField("誤")
    new = models.TextField("正", blank=True)  # empty: the words were taken out
    note = models.CharField("説明", max_length=500, blank=True)  # shown to everybody
    by = models.CharField("訂正した人", max_length=150)  # on the record, not on the page
    at = models.DateTimeField("日時", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "訂正"
        ordering = ("edition", "at", "pk")

    def __str__(self) -> str:
        return f"{self.item}番 {self.old}"


class SearchText(models.Model):
    """The words of an item as the search of the archive compares them; made from the edition when it is missing."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="search_texts", verbose_name="版")
    item = models.PositiveIntegerField("記事の番号")  # 0: an edition without items, as a whole
    headline = models.TextField("見出し")
    words = models.TextField("全文")

    class Meta:
        verbose_name = verbose_name_plural = "検索の索引"
        ordering = ("edition", "item")
        constraints = (models.UniqueConstraint(fields=["edition", "item"], name="search_text_once_per_item"),)

    def __str__(self) -> str:
        return f"{self.edition_id} {self.item}"


class Approval(models.Model):
    """A person's yes to one digest."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="approvals", verbose_name="版")
    person = models.CharField("承認者", max_length=150)
    digest = models.CharField("ダイジェスト", max_length=64)
    at = models.DateTimeField("日時", default=timezone.now)
    void_at = models.DateTimeField("取消", null=True, blank=True)  # the issue was opened again: it counts no more

    class Meta:
        verbose_name = verbose_name_plural = "承認"
        constraints = (
            models.UniqueConstraint(
                fields=["edition", "person"], condition=Q(void_at__isnull=True), name="approval_once_per_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.person} {self.digest[:12]}"
