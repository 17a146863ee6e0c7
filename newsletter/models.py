"""Installation, Association, Issue, Placement, Edition, Correction, SearchText, Approval, Campaign, Exclusion,
Letter, Delivery, ProviderPace, Attempt.

Fields, constraints and one-line predicates. The verbs live in the modules named after each subject.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from feeds.models import Entry, Submission
from newsletter import roster_models  # noqa: F401 - Django looks for an application's models here
from newsletter.errors import EditionError
from newsletter.mail.dates import month_label
from subscribers.models import Subscriber


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
        # The first eight as subscribers.audience.Why says them at the claim.
        PENDING = "pending", "申込の確認がまだです"
        LEFT = "left", "本人が解除しました"
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
