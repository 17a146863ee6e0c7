"""Sources, members and what they sent, for looking up and mending.

Contact data stands on the page of one person or submission only, never in a list or an address, and is seen by staff
with the permission to view it. What a poll or a decision wrote is read here, never written.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Field, Model, QuerySet, URLField
from django.http import HttpRequest
from django.utils import timezone

from feeds.members import is_valid_code
from feeds.models import Contributor, Entry, Feed, Member, Submission

# What an address without a scheme is taken for.
HTTPS: dict[type[Field[Any, Any]], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}


class ReadOnly:
    """Neither added, changed nor deleted by hand: polling and deciding do that, with their checks."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MemberForm(forms.ModelForm):
    """Checks the code's own check digit."""

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        if code and not is_valid_code(code):
            raise forms.ValidationError("団体コードは6桁の数字で、最後の1桁は検査数字です。数字を確かめてください。")
        return code


class ContributorInline(admin.StackedInline):
    """The people at a member whom requests and receipts go to."""

    model = Contributor
    extra = 0
    fields = ("name", "section", "email", "phone", "active")


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    """The association's members; the profile file is where most of this comes from."""

    form = MemberForm
    formfield_overrides = HTTPS
    list_display = ("name", "kind", "prefecture", "code", "head", "active")
    list_filter = ("kind", "active", "prefecture")
    search_fields = ("name", "kana", "key", "code")
    search_help_text = "名称、よみ、キー、団体コードの一部"
    fields = ("key", "kind", "name", "kana", "prefecture", "code", "head_title", "head", "website", "active")
    inlines = (ContributorInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()  # links that members hold carry it


@admin.register(Contributor)
class ContributorAdmin(admin.ModelAdmin):
    """The list shows no address: searching must not put one into the browser's history."""

    list_display = ("member", "name", "section", "active")
    list_display_links = ("member", "name")
    list_filter = ("active", "member")
    list_select_related = ("member",)
    search_fields = ("name", "section", "member__name")
    search_help_text = "氏名、所属、会員の名称の一部"
    fields = ("member", "name", "section", "email", "phone", "active")
    autocomplete_fields = ("member",)


@admin.register(Feed)
class FeedAdmin(admin.ModelAdmin):
    """Sources and their health."""

    list_display = (
        "name",
        "key",
        "state",
        "last_success_at",
        "last_new_entry_at",
        "next_poll_at",
        "failures",
        "last_error",
    )
    list_filter = ("state", "language", "section")
    search_fields = ("name", "key", "url", "last_error")
    search_help_text = "名称、キー、アドレス、直近の問題の一部"
    about = ("key", "name", "url", "language", "section", "licence", "credit", "state", "interval_minutes")
    health = (
        "next_poll_at",
        "last_polled_at",
        "last_success_at",
        "last_new_entry_at",
        "failures",
        "last_error",
        "added_at",
    )
    fieldsets = ((None, {"fields": about}), ("巡回の記録", {"fields": health}))
    formfield_overrides = HTTPS
    actions = ("pause", "resume", "poll_next")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ("key", *self.health) if obj else self.health

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if "url" in form.changed_data:
            # What the old address gave to ask again with means nothing at the new one.
            obj.etag = obj.last_modified = ""
            obj.next_poll_at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.action(description="選択したフィードの巡回を停止する", permissions=["change"])
    def pause(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        count = feeds.update(state=Feed.State.PAUSED)
        messages.success(request, f"{count}件の巡回を停止しました。")

    @admin.action(description="選択したフィードの巡回を再開する", permissions=["change"])
    def resume(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        count = feeds.update(state=Feed.State.ACTIVE, failures=0, next_poll_at=timezone.now())
        messages.success(request, f"{count}件の巡回を再開しました。")

    @admin.action(description="選択したフィードを次の回に巡回する", permissions=["change"])
    def poll_next(self, request: HttpRequest, feeds: QuerySet[Feed]) -> None:
        count = feeds.filter(state=Feed.State.ACTIVE).update(next_poll_at=timezone.now())
        messages.success(request, f"巡回中の{count}件を、次の回に巡回します。")


@admin.register(Entry)
class EntryAdmin(ReadOnly, admin.ModelAdmin):
    """News as its source gave it. It is mended where it is placed, in the words of the issue."""

    list_display = ("title", "origin", "language", "published_at", "seen_at", "changed_at")
    list_filter = ("feed", "language")
    list_select_related = ("feed", "submission__member")
    search_fields = ("title", "summary", "canonical_url")
    search_help_text = "題名、要約、アドレスの一部"
    date_hierarchy = "seen_at"
    fields = (
        "title", "origin", "url", "language", "summary", "body", "published_at", "seen_at", "changed_at", "guid",
        "canonical_url",
    )  # fmt: skip

    @admin.display(description="出どころ")
    def origin(self, entry: Entry) -> str:
        return str(entry.feed or (entry.submission and entry.submission.member) or "")


@admin.register(Submission)
class SubmissionAdmin(ReadOnly, admin.ModelAdmin):
    """What members sent. Accepting and returning is done at the desk or with `newsletter submissions`."""

    list_display = ("title", "member", "state", "door", "received_at", "decided_at")
    list_filter = ("state", "door", "member")
    list_select_related = ("member",)
    search_fields = ("title", "body", "member__name")
    search_help_text = "見出し、本文、会員の名称の一部"
    date_hierarchy = "received_at"
    fieldsets = (
        (None, {"fields": ("member", "title", "lead", "body", "url", "pathway", "sdgs", "not_before")}),
        ("催し", {"fields": ("event_starts_on", "event_ends_on", "event_time", "venue", "fee", "deadline")}),
        ("写真", {"fields": ("photo_name", "photo_alt", "photo_credit", "photo_for_mail", "photo_for_web")}),
        ("連絡先（事務局だけが使います。掲載しません）", {
            "classes": ("collapse",),
            "fields": ("contact_name", "contact_section", "contact_phone", "contact_email"),
        }),
        ("受付と決定", {"fields": ("door", "state", "reason", "received_at", "decided_at", "decided_by")}),
    )  # fmt: skip

    @admin.display(description="写真のファイル")
    def photo_name(self, submission: Submission) -> str:
        photo = submission.photo
        return f"{photo.name}（{submission.photo_width}×{submission.photo_height}）" if photo else ""
