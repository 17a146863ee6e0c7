"""The back office for looking things up and repairing. What the books rest on can be read here, never written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from newsletter.mail import providers
from newsletter.models import (
    Approval,
    Association,
    Attempt,
    Campaign,
    Correction,
    Delivery,
    Edition,
    Exclusion,
    Installation,
    Issue,
    Letter,
    Placement,
    ProviderPace,
)

admin.site.site_header = "e-ニュース 管理画面"
admin.site.site_title = "e-ニュース"
admin.site.index_title = "管理するもの"
admin.site.site_url = "/staff/"


class ReadOnly:
    """Neither added, changed nor deleted by hand: the verbs of each subject do that, with their checks."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PlacementInline(admin.StackedInline):
    """The printed text of an entry, as long as the issue is open."""

    model = Placement
    extra = 0
    fields = ("section", "position", "entry", "headline", "text")
    readonly_fields = ("section", "position", "entry")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("entry", "issue")


@admin.register(Issue)
class IssueAdmin(admin.ModelAdmin):
    """Words of an open issue may be mended; its state is moved by `newsletter issue` only."""

    list_display = ("__str__", "number", "release_on", "state", "subject")
    list_filter = ("state",)
    search_fields = ("subject", "lead")
    readonly_fields = ("month", "extra", "number", "state", "opened_at")
    inlines = (PlacementInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _is_open(obj: Model | None) -> bool:
    return not isinstance(obj, Issue) or obj.state == Issue.State.OPEN


@admin.register(Installation)
class InstallationAdmin(ReadOnly, admin.ModelAdmin):
    """Let in and replaced by `newsletter adopt` only."""

    list_display = ("__str__", "mark", "adopted_by", "adopted_at")
    fields = ("mark", "adopted_by", "adopted_at")  # not the whole identity: half of it is what lets a machine send


@admin.register(Association)
class AssociationAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "loaded_at")


class ApprovalInline(ReadOnly, admin.TabularInline):
    model = Approval
    extra = 0


@admin.register(Edition)
class EditionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "subject", "made_at", "made_by")
    search_fields = ("subject", "digest")
    date_hierarchy = "made_at"
    fields = ("issue", "subject", "preheader", "digest", "made_at", "made_by", "text")
    inlines = (ApprovalInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("issue").defer("html")


@admin.register(Correction)
class CorrectionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("edition", "item", "old", "new", "by", "at")
    list_select_related = ("edition__issue",)
    search_fields = ("old", "new", "note")


@admin.register(Campaign)
class CampaignAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "state", "rehearsal", "starts_at", "started_at", "finished_at", "planned_by")
    list_filter = ("state", "rehearsal")
    list_select_related = ("edition__issue",)


@admin.register(Exclusion)
class ExclusionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("pk", "campaign", "subscriber", "reason")
    list_filter = ("reason",)
    list_select_related = ("campaign__edition__issue", "subscriber")
    search_fields = ("=campaign__pk",)
    search_help_text = "配信の番号で探せます。"
    show_full_result_count = False  # a row for everybody who got nothing, campaign after campaign


@admin.register(ProviderPace)
class ProviderPaceAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("named", "factor", "slowed_at", "tokens", "slot_at", "updated_at")
    search_fields = ("provider",)
    search_help_text = "受信側の名前（docomo など）かドメインで探せます。"

    @admin.display(description="受信側", ordering="provider")
    def named(self, row: ProviderPace) -> str:
        """As the report names it."""
        return providers.label(row.provider)


@admin.register(Letter)
class LetterAdmin(ReadOnly, admin.ModelAdmin):
    """Without the bodies: they hold links that only the addressee should open."""

    list_display = ("kind", "subject", "written_at", "subscriber", "submission")
    list_filter = ("kind",)
    list_select_related = ("subscriber", "submission__member")
    fields = ("kind", "subject", "subscriber", "submission", "address", "written_at")
    date_hierarchy = "written_at"


class AttemptInline(ReadOnly, admin.TabularInline):
    model = Attempt
    extra = 0


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("pk", "campaign", "letter", "subscriber", "state", "tries", "reply_code", "reason", "settled_at")
    list_filter = ("state",)
    list_select_related = ("campaign__edition__issue", "letter", "subscriber")
    search_fields = ("=pk", "reply_text", "reason")
    search_help_text = "番号、応答文、理由で探せます。"
    show_full_result_count = False  # the ledger grows to millions
    inlines = (AttemptInline,)
