"""Letter, Delivery, ProviderPace, Attempt: the books of every single mail."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from feeds.models import Submission
from newsletter.models.campaign import Campaign
from subscribers.models import Subscriber


class Letter(models.Model):
    """A one-off mail: confirmation, welcome, goodbye, receipt, reminder."""

    kind = models.SlugField("種類", max_length=40)  # the folder in templates/mail/letters/
    subscriber = models.ForeignKey(Subscriber, models.CASCADE, null=True, blank=True, verbose_name="購読者")
    submission = models.ForeignKey(Submission, models.CASCADE, null=True, blank=True, verbose_name="投稿")
    # Only for people who are not subscribers; a subscriber's address is read when the letter is claimed.
    address = models.CharField("宛先", max_length=254, blank=True)
    subject = models.CharField("件名", max_length=200)
    html = models.TextField("HTML")
    text = models.TextField("テキスト")
    written_at = models.DateTimeField("作成", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "個別メール"
        ordering = ("-written_at", "-pk")

    def __str__(self) -> str:
        return f"{self.kind} {self.written_at:%Y-%m-%d %H:%M}"


class Delivery(models.Model):
    """One mail to one recipient, with its state. Only newsletter.delivery, sweep and doubt move it."""

    class State(models.TextChoices):
        HELD = "held", "順番待ち"  # its wave has not begun: see waves.py
        QUEUED = "queued", "待機"
        SENDING = "sending", "送信中"  # claimed by a worker until lease_until
        SENT = "sent", "送信済み"  # the relay said 250 after the final dot
        DEFERRED = "deferred", "再送待ち"  # 4xx or no connection; due again at retry_at
        REFUSED = "refused", "拒否"  # 5xx
        EXPIRED = "expired", "期限切れ"  # the tries are used up
        IN_DOUBT = (
            "in_doubt",
            "不明",
        )  # lost after the final dot, or the worker died in flight: a person decides
        CANCELLED = "cancelled", "取消"  # unsubscribed, suppressed, campaign cancelled: see reason
        BOUNCED = "bounced", "不達"  # accepted, then a DSN 5.x came back

    campaign = models.ForeignKey(
        Campaign, models.PROTECT, null=True, blank=True, related_name="deliveries", verbose_name="配信",
        db_index=False,  # delivery_claim begins with it
    )  # fmt: skip
    letter = models.OneToOneField(
        Letter, models.CASCADE, null=True, blank=True, related_name="delivery", verbose_name="個別メール"
    )
    # No address here: the key of the subscriber only, so that erasure is complete.
    subscriber = models.ForeignKey(
        Subscriber, models.SET_NULL, null=True, blank=True, related_name="deliveries", verbose_name="購読者"
    )
    state = models.CharField("状態", max_length=10, choices=State.choices, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField("試行", default=0)
    retry_at = models.DateTimeField("次の試行", null=True, blank=True)
    claimed_by = models.CharField(max_length=40, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Whose mailboxes: a key of mail/providers.py, else the domain. Erasure empties it (a domain may be one person's).
    provider = models.CharField("受信側", max_length=100, blank=True)
    reply_code = models.PositiveSmallIntegerField("応答", null=True, blank=True)
    reply_text = models.CharField("応答文", max_length=300, blank=True)
    reason = models.CharField("理由", max_length=100, blank=True)
    queued_at = models.DateTimeField("登録", default=timezone.now)
    settled_at = models.DateTimeField("確定", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "配信台帳"
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["campaign", "subscriber"], name="delivery_once_per_campaign"),
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, letter__isnull=True)
                | Q(campaign__isnull=True, letter__isnull=False),
                name="delivery_of_one_thing",
            ),
        )
        indexes = (
            models.Index(fields=["campaign", "state", "retry_at"], name="delivery_claim"),
            # Only of what is on its way: each index costs a write whenever a delivery moves.
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="delivery_on_its_way"),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.get_state_display()}"


class ProviderPace(models.Model):
    """How fast one provider is written to, for all workers: a token bucket, and how much it was slowed down."""

    provider = models.CharField("受信側", max_length=100, unique=True)
    tokens = models.FloatField("いま送れる通数", default=0)
    updated_at = models.DateTimeField("計算", default=timezone.now)
    slot_at = models.DateTimeField("次の空き", default=timezone.now)  # up to here the waiting mails have their times
    factor = models.FloatField("速さの割合", default=1)  # 1: as agreed; less: it asked for less
    slowed_at = models.DateTimeField("減速", null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = "受信側の速さ"
        ordering = ("provider",)

    def __str__(self) -> str:
        return self.provider


class Attempt(models.Model):
    """One SMTP try of a delivery."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts", verbose_name="配信台帳")
    at = models.DateTimeField("日時", default=timezone.now)
    relay = models.CharField("中継サーバ", max_length=100, blank=True)  # host:port
    stage = models.CharField("段階", max_length=10, blank=True)  # connect, mail, rcpt, data, final
    reply_code = models.PositiveSmallIntegerField("応答", null=True, blank=True)
    reply_text = models.CharField("応答文", max_length=300, blank=True)
    outcome = models.CharField("結果", max_length=12)  # a Delivery.State it led to

    class Meta:
        verbose_name = verbose_name_plural = "送信の試行"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.outcome}"
