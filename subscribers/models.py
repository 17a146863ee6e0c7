"""Subscriber, imports, ConsentEvent, Wording, Suppression: fields, constraints and one-line predicates."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone


def new_key() -> str:
    """The name a subscriber has in links: 128 random bits, unrelated to the address; see also import_writing."""
    return secrets.token_urlsafe(16)


class Subscriber(models.Model):
    """A person who asked for the e-news."""

    class State(models.TextChoices):
        PENDING = "pending", "確認待ち"  # asked, has not confirmed; vanishes after 14 days
        ACTIVE = "active", "購読中"
        LEFT = "left", "解除済み"

    class Format(models.TextChoices):
        HTML = "html", "HTML形式"
        TEXT = "text", "テキスト形式"

    class Language(models.TextChoices):
        JAPANESE = "ja", "日本語"
        ENGLISH = "en", "英語"

    # Unique by the constraints below: unique=True would give PostgreSQL a second index for LIKE, which nothing asks.
    key = models.CharField(max_length=22, default=new_key, editable=False)
    address = models.CharField("メールアドレス", max_length=254)  # as it is written on the envelope
    address_key = models.CharField(max_length=254, editable=False)  # for comparing only
    fingerprint = models.CharField(max_length=32, editable=False)  # keyed; see addresses.fingerprint
    name = models.CharField("氏名", max_length=100, blank=True)
    organisation = models.CharField("所属団体", max_length=200, blank=True)
    department = models.CharField("部署", max_length=200, blank=True)
    municipality = models.CharField("団体コード", max_length=6, blank=True)
    format = models.CharField("形式", max_length=4, choices=Format.choices, default=Format.HTML)
    # Section keys the reader wants; empty means all of them.
    sections = models.JSONField("希望する欄", default=list, blank=True)
    pathways = models.JSONField("希望する道筋", default=list, blank=True)  # keys, likewise
    # Of the pages behind this reader's links and of the letters; the e-news itself is Japanese.
    language = models.CharField("言語", max_length=2, choices=Language.choices, default=Language.JAPANESE)
    # No 号外 beside the monthly number. A default of the database too: the import writes rows by itself.
    only_monthly = models.BooleanField("毎月の号だけ", default=False, db_default=False)
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.PENDING)
    created_at = models.DateTimeField("申込", default=timezone.now)
    confirmed_at = models.DateTimeField("確認", null=True, blank=True)
    left_at = models.DateTimeField("解除", null=True, blank=True)
    paused_until = models.DateTimeField("お休みの終わり", null=True, blank=True)  # past: the pause is over by itself

    class Meta:
        verbose_name = verbose_name_plural = "購読者"
        ordering = ("pk",)
        indexes = (models.Index(fields=["state"], name="subscriber_state"),)
        constraints = (
            models.UniqueConstraint(fields=["key"], name="subscriber_key_once"),
            models.UniqueConstraint(fields=["address_key"], name="subscriber_address_once"),
            models.UniqueConstraint(fields=["fingerprint"], name="subscriber_fingerprint_once"),
        )

    def __str__(self) -> str:
        return f"購読者 {self.pk}"

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class ImportRun(models.Model):
    """A list that was taken in, and whether that was undone. It holds nothing about a person."""

    file = models.CharField("名簿", max_length=255)
    basis = models.CharField("根拠", max_length=10)  # a ConsentEvent.Basis
    proof = models.TextField("証跡", blank=True)
    operator = models.CharField("操作者", max_length=150, blank=True)
    at = models.DateTimeField("日時", default=timezone.now)
    added = models.PositiveIntegerField("登録", default=0)
    updated = models.PositiveIntegerField("更新", default=0)
    same = models.PositiveIntegerField("同じ", default=0)
    refused = models.PositiveIntegerField("拒否", default=0)
    undone_at = models.DateTimeField("取消", null=True, blank=True)
    undone_by = models.CharField("取り消した人", max_length=150, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "取込"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"取込 {self.pk} {self.file}"


class FormerValues(models.Model):
    """What an import wrote over in one entry. It goes with the person, and after the days an import can be undone."""

    import_run = models.ForeignKey(ImportRun, models.CASCADE, related_name="former_values", verbose_name="取込")
    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="former_values", verbose_name="購読者")
    before = models.JSONField("前の値", default=dict)  # of the changed fields only
    after = models.JSONField("取込の値", default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "取込前の値"
        constraints = (
            models.UniqueConstraint(fields=["import_run", "subscriber"], name="former_values_once_per_import"),
        )

    def __str__(self) -> str:
        return f"{self.import_run_id} {self.subscriber_id}"


class ImportStage(models.Model):
    """A huge list while it is read, so that an import that was cut off goes on; gone with the import or in a day."""

    digest = models.CharField("照合符号", max_length=64, unique=True, editable=False)  # of the file and its form
    rows_read = models.PositiveIntegerField("読み終えた行", default=0)
    blank = models.PositiveIntegerField("空行", default=0)
    blocks = models.PositiveIntegerField("区切り", default=0)
    at = models.DateTimeField("日時", default=timezone.now)  # of the last block

    class Meta:
        verbose_name = verbose_name_plural = "読み込み中の名簿"

    def __str__(self) -> str:
        return f"読み込み中の名簿 {self.pk}"


class StagedBlock(models.Model):
    """Some thousand rows of it as read, not yet judged against the database. Personal; see staging.py."""

    stage = models.ForeignKey(
        ImportStage, models.CASCADE, related_name="+", db_index=False, verbose_name="読み込み中の名簿"
    )
    number = models.PositiveIntegerField("順番")
    rows = models.BinaryField("読み終えた行")  # JSON, compressed with zlib: line and cells

    class Meta:
        verbose_name = verbose_name_plural = "読み込み中の名簿の区切り"
        constraints = (models.UniqueConstraint(fields=["stage", "number"], name="staged_block_once"),)

    def __str__(self) -> str:
        return f"{self.stage_id} {self.number}"


class ConsentEvent(models.Model):
    """One dated line of the consent ledger. Rows are only ever added."""

    class Kind(models.TextChoices):
        REQUESTED = "requested", "申込"
        CONFIRMED = "confirmed", "確認"
        IMPORTED = "imported", "取込"
        UNDONE = "undone", "取込の取消"
        PREFERENCES = "preferences", "設定変更"
        LEFT = "left", "解除"
        SUPPRESSED = "suppressed", "配信停止"
        LIFTED = "lifted", "停止の解除"
        ERASED = "erased", "消去"

    class Basis(models.TextChoices):
        FORM = "form", "ウェブフォーム"
        CARD = "card", "名刺交換"
        MEMBER = "member", "会員自治体の職員"
        WRITTEN = "written", "書面による申出"
        IMPORTED = "imported", "証跡のある名簿"

    subscriber = models.ForeignKey(
        Subscriber,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="consent_events",
        verbose_name="購読者",
    )
    fingerprint = models.CharField(max_length=32, editable=False)
    kind = models.CharField("種類", max_length=12, choices=Kind.choices)
    basis = models.CharField("根拠", max_length=10, choices=Basis.choices, blank=True)
    wording = models.CharField("文面の版", max_length=40, blank=True)  # the Wording that the person saw
    # A network address, or what is left of it: 192.0.2.0/24; see retention.cut.
    source = models.CharField("送信元", max_length=45, null=True, blank=True)  # noqa: DJ001  no address is no text
    operator = models.CharField("操作者", max_length=150, blank=True)
    detail = models.JSONField("詳細", default=dict, blank=True)  # file and row of an import, delivery of a link
    import_run = models.ForeignKey(
        ImportRun,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,  # see the index below: most lines are of no import
        related_name="events",
        verbose_name="取込",
    )
    at = models.DateTimeField("日時", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "同意台帳"
        ordering = ("at", "pk")
        indexes = (
            models.Index(fields=["fingerprint"], name="event_of_address"),
            models.Index(fields=["import_run"], condition=Q(import_run__isnull=False), name="event_of_import"),
            # Who was struck off by their office (moves.departures): no other goodbye has a basis.
            models.Index(fields=["fingerprint"], condition=Q(kind="left", basis__gt=""), name="event_of_departure"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"


class Wording(models.Model):
    """A text that people agree to, under the version that the ledger names. Rows are only ever added: the proof of a
    consent is what it was given to, and nothing in it is personal."""

    version = models.CharField("文面の版", max_length=40, unique=True)
    text = models.TextField("文面")
    since = models.DateTimeField("お見せし始めた日時", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "同意の文面"
        ordering = ("since", "pk")

    def __str__(self) -> str:
        return self.version


class Suppression(models.Model):
    """An address we must not write to. It holds a keyed fingerprint, so it outlives erasure."""

    class Reason(models.TextChoices):
        LEFT = "left", "本人が解除"
        BOUNCED = "bounced", "宛先不明"
        COMPLAINED = "complained", "迷惑メール報告"
        ERASED = "erased", "本人の求めで消去"
        BY_HAND = "by_hand", "事務局が停止"

    fingerprint = models.CharField(max_length=32, editable=False)
    reason = models.CharField("理由", max_length=12, choices=Reason.choices)
    note = models.CharField("備考", max_length=300, blank=True)
    operator = models.CharField("操作者", max_length=150, blank=True)
    at = models.DateTimeField("日時", default=timezone.now)
    lifted_at = models.DateTimeField("停止の解除", null=True, blank=True)
    lifted_by = models.CharField("解除した人", max_length=150, blank=True)
    lifted_why = models.CharField("解除の理由", max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "配信停止"
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(
                fields=["fingerprint"], condition=Q(lifted_at__isnull=True), name="suppression_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.at:%Y-%m-%d}"
