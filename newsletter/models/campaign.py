"""Campaign, Exclusion: the sending of one edition, and who is left out of it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from newsletter.models.issue import Edition
from subscribers.models import Subscriber


class Campaign(models.Model):
    """The sending of one edition to one audience."""

    class State(models.TextChoices):
        PLANNED = "planned", "予定"
        SENDING = "sending", "配信中"
        PAUSED = "paused", "一時停止"  # by a person, or by ourselves with a reason
        DONE = "done", "完了"  # no delivery is queued, deferred or in flight
        CANCELLED = "cancelled", "取消"

    class InDoubt(models.TextChoices):
        ASK = "ask", "人が決める"
        RESEND = "resend", "二重でも届ける"
        LEAVE = "leave", "届かなくても送り直さない"

    class Wave(models.TextChoices):
        SEEDS = "seeds", "はじめの宛先"
        SAMPLE = "sample", "1%"
        REST = "rest", "残り"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="campaigns", verbose_name="版")
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.PLANNED)
    in_doubt = models.CharField("不明の扱い", max_length=10, choices=InDoubt.choices, default=InDoubt.ASK)
    # Only for those to whom an earlier campaign did not bring the same edition: its deliveries in these states.
    again_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="repeats", verbose_name="もとの配信"
    )
    again_states = models.JSONField("送り直す状態", default=list, blank=True)
    # And for those whom the earlier one had to leave out, and who may be written to by now: see audiences.py.
    again_eligible = models.BooleanField("送れるようになった方にも", default=False)
    segment = models.JSONField("絞り込み", default=dict, blank=True)  # as segments.Segment says it; empty: everybody
    rehearsal = models.BooleanField("リハーサル", default=False)  # goes to the catcher whatever the relay is
    starts_at = models.DateTimeField("配信予定", null=True, blank=True)  # None: when somebody says so
    pause_reason = models.CharField("停止の理由", max_length=500, blank=True)
    planned_by = models.CharField("担当者", max_length=150, blank=True)
    planned_at = models.DateTimeField("作成", default=timezone.now)
    wave = models.CharField("段階", max_length=10, choices=Wave.choices, blank=True)  # empty: all at once
    # How many stood in which state when somebody said "go on": the next stop counts from there.
    forgiven = models.JSONField("続けたときの件数", default=dict, blank=True, editable=False)
    paced = models.BooleanField("受信側ごとの速さ", default=False, editable=False)  # as the last run was
    # Through the quiet hours that end then it does not rest, because somebody said so: see quiet_hours.py.
    night_until = models.DateTimeField("夜間も続ける期限", null=True, blank=True)
    night_by = models.CharField("夜間も続けると決めた人", max_length=150, blank=True)
    released_by = models.CharField("配信した人", max_length=150, blank=True)  # who said "send"
    expanded_at = models.DateTimeField("宛先確定", null=True, blank=True)  # one Delivery per recipient exists
    started_at = models.DateTimeField("開始", null=True, blank=True)
    finished_at = models.DateTimeField("終了", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "配信"
        ordering = ("-planned_at", "-pk")

    def __str__(self) -> str:
        return f"{self.edition.issue} {self.get_state_display()}"


class Exclusion(models.Model):
    """A candidate of a campaign who gets nothing, and why. Candidates = deliveries + exclusions."""

    class Reason(models.TextChoices):
        # The first nine as subscribers.audience.Why says them at the claim.
        PENDING = "pending", "申込の確認がまだです"
        LEFT = "left", "本人が解除しました"
        MOVED = "moved", "会員の申出（異動・退職など）で終えました"
        BOUNCED = "bounced", "宛先不明のため停止中です"
        COMPLAINED = "complained", "迷惑メールの報告のため停止中です"
        ERASED = "erased", "本人の求めで消去しました"
        BY_HAND = "by_hand", "事務局が停止しました"
        PAUSED = "paused", "本人の希望でお休み中です"
        ONLY_MONTHLY = "only_monthly", "毎月の号だけを希望しています（号外は送りません）"
        SEGMENT = "segment", "配信の対象（絞り込み）に当たりません"
        HAD_IT = "had_it", "同じ版を、前の配信で受け取っている（可能性がある）ため"
        DUPLICATE = "duplicate", "別の登録と同じメールボックスです"

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="exclusions", verbose_name="配信", db_index=False
    )  # the constraint below begins with it
    subscriber = models.ForeignKey(Subscriber, models.SET_NULL, null=True, blank=True, verbose_name="購読者")
    reason = models.CharField("理由", max_length=12, choices=Reason.choices)

    class Meta:
        verbose_name = verbose_name_plural = "送らない宛先"
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=["campaign", "subscriber"], name="exclusion_once_per_campaign"),)

    def __str__(self) -> str:
        return f"{self.pk} {self.get_reason_display()}"
