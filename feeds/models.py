"""Feed, Entry, Member, Contributor, Submission: fields, constraints and one-line predicates."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Member(models.Model):
    """A municipality (or special member) of the association."""

    class Kind(models.TextChoices):
        FULL = "full", "正会員"
        SPECIAL = "special", "特別会員"

    key = models.SlugField("キー", max_length=40, unique=True)  # stable, ASCII: `kitakyushu`
    kind = models.CharField("種別", max_length=10, choices=Kind.choices, default=Kind.FULL)
    name = models.CharField("名称", max_length=100)
    kana = models.CharField("よみ", max_length=100, blank=True)
    prefecture = models.CharField("都道府県", max_length=10, blank=True)
    # 全国地方公共団体コード: 5 digits and a check digit. Special members have none.
    code = models.CharField("団体コード", max_length=6, blank=True)
    website = models.URLField("ウェブサイト", blank=True)
    # The glyphs that the person uses (松井一實): the proofreading compares every mention with this.
    head = models.CharField("首長の氏名", max_length=60, blank=True, help_text="姓と名の間は空けません。")
    head_title = models.CharField("首長の職名", max_length=20, blank=True, help_text="市長、知事、区長、町長など。")
    active = models.BooleanField("有効", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "会員"
        ordering = ("kind", "code", "key")
        constraints = (models.UniqueConstraint(fields=["code"], condition=~Q(code=""), name="member_code_once"),)

    def __str__(self) -> str:
        return self.name


class Contributor(models.Model):
    """A member's staff who write: whom requests and receipts go to."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="contributors", verbose_name="会員")
    name = models.CharField("氏名", max_length=100, blank=True)
    section = models.CharField("所属", max_length=200, blank=True)
    email = models.EmailField("メールアドレス", max_length=254)
    phone = models.CharField("電話番号", max_length=40, blank=True)
    active = models.BooleanField("有効", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "会員の担当者"
        constraints = (models.UniqueConstraint(fields=["member", "email"], name="contributor_once_per_member"),)

    def __str__(self) -> str:
        return f"{self.member} {self.name or self.section}"


class Feed(models.Model):
    """A source that is polled."""

    class State(models.TextChoices):
        ACTIVE = "active", "巡回中"
        PAUSED = "paused", "停止中"  # staff stopped it
        GONE = "gone", "廃止"  # it answered 410

    key = models.SlugField("キー", max_length=40, unique=True)
    name = models.CharField("名称", max_length=100)  # as printed: the source's name
    url = models.URLField("アドレス", max_length=1000, unique=True)
    language = models.CharField("言語", max_length=10, default="en")
    section = models.SlugField("掲載欄", max_length=40, blank=True)  # the section entries are suggested for
    licence = models.CharField("利用条件", max_length=300, blank=True)
    credit = models.CharField("クレジット表記", max_length=200, blank=True)
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.ACTIVE)
    interval_minutes = models.PositiveIntegerField("巡回間隔（分）", default=360)

    etag = models.CharField(max_length=300, blank=True, editable=False)
    last_modified = models.CharField(max_length=100, blank=True, editable=False)
    next_poll_at = models.DateTimeField("次の巡回", default=timezone.now)
    last_polled_at = models.DateTimeField("前の巡回", null=True, blank=True)
    last_success_at = models.DateTimeField("前の成功", null=True, blank=True)
    last_new_entry_at = models.DateTimeField("前の新着", null=True, blank=True)
    last_error = models.CharField("直近の問題", max_length=500, blank=True)
    failures = models.PositiveIntegerField("連続失敗", default=0)
    added_at = models.DateTimeField("登録", auto_now_add=True)

    class Meta:
        verbose_name = verbose_name_plural = "フィード"
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """What a member sent, before and after the office's decision."""

    class State(models.TextChoices):
        RECEIVED = "received", "受付"
        RETURNED = "returned", "差し戻し"  # with a reason; the member may send again
        ACCEPTED = "accepted", "採用"  # an Entry was written from it
        USED = "used", "掲載済み"  # the entry went out in an edition
        WITHDRAWN = "withdrawn", "取り下げ"

    class Door(models.TextChoices):
        WEB = "web", "ウェブフォーム"
        EXCEL = "excel", "Excel様式"
        CSV = "csv", "CSV"

    member = models.ForeignKey(Member, models.PROTECT, related_name="submissions", verbose_name="会員")
    door = models.CharField("受付方法", max_length=10, choices=Door.choices)
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.RECEIVED)
    reason = models.TextField("差し戻し・取り下げの理由", blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)  # the same text sent twice is one submission

    title = models.CharField("見出し", max_length=100)
    lead = models.CharField("リード", max_length=200, blank=True)
    body = models.TextField("本文", max_length=4000)
    event_starts_on = models.DateField("開催日", null=True, blank=True)
    event_ends_on = models.DateField("開催最終日", null=True, blank=True)
    event_time = models.CharField("時間", max_length=100, blank=True)
    venue = models.CharField("会場", max_length=200, blank=True)
    fee = models.CharField("参加費", max_length=100, blank=True)
    deadline = models.DateField("締切日", null=True, blank=True)
    url = models.URLField("詳細ページ", max_length=1000, blank=True)
    pathway = models.SlugField("発展の道筋", max_length=40, blank=True)
    sdgs = models.JSONField("SDGs", default=list, blank=True)  # numbers 1 to 17
    # For the office only; never printed.
    contact_name = models.CharField("担当者名", max_length=100)
    contact_section = models.CharField("担当部署", max_length=200, blank=True)
    contact_phone = models.CharField("電話番号", max_length=40, blank=True)
    contact_email = models.EmailField("メールアドレス", max_length=254)
    photo = models.FileField("写真", upload_to="photos/", blank=True)
    photo_width = models.PositiveIntegerField(null=True, editable=False)
    photo_height = models.PositiveIntegerField(null=True, editable=False)
    photo_alt = models.CharField("写真の説明", max_length=200, blank=True)
    photo_credit = models.CharField("写真のクレジット", max_length=100, blank=True)
    photo_for_mail = models.BooleanField("メールへの掲載を許可", default=False)
    photo_for_web = models.BooleanField("ウェブへの掲載を許可", default=False)
    not_before = models.DateField("公開できる日", null=True, blank=True)  # earliest publication date

    received_at = models.DateTimeField("受付日時", default=timezone.now)
    decided_at = models.DateTimeField("決定日時", null=True, blank=True)
    decided_by = models.CharField("決定者", max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "投稿"
        ordering = ("-received_at", "-pk")
        constraints = (models.UniqueConstraint(fields=["member", "fingerprint"], name="submission_once_per_member"),)

    def __str__(self) -> str:
        return f"【{self.member}】{self.title}"


class Entry(models.Model):
    """One piece of news, from a feed or from an accepted submission."""

    feed = models.ForeignKey(
        Feed, models.CASCADE, null=True, blank=True, related_name="entries", verbose_name="フィード"
    )
    submission = models.OneToOneField(
        Submission, models.PROTECT, null=True, blank=True, related_name="entry", verbose_name="投稿"
    )
    guid = models.CharField(max_length=1000, editable=False)  # the feed's own key, or the canonical URL
    canonical_url = models.CharField(max_length=1000, blank=True, editable=False, db_index=True)
    url = models.URLField("アドレス", max_length=1000, blank=True)
    title = models.CharField("題名", max_length=500)
    summary = models.TextField("要約", blank=True)  # plain text
    body = models.TextField("本文", blank=True)  # HTML that has passed nh3
    language = models.CharField("言語", max_length=10, default="en")
    published_at = models.DateTimeField("公開日時", null=True, blank=True)
    seen_at = models.DateTimeField("取得日時", default=timezone.now)
    changed_at = models.DateTimeField("変更日時", null=True, blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "記事"
        ordering = ("-published_at", "-seen_at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(feed__isnull=False, submission__isnull=True)
                | Q(feed__isnull=True, submission__isnull=False),
                name="entry_has_one_origin",
            ),
            models.UniqueConstraint(fields=["feed", "guid"], name="entry_once_per_feed"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_from_member(self) -> bool:
        return self.submission_id is not None
