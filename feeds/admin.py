"""Sources, members and what they sent, for looking up and mending. Commands move the states, with their checks."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from feeds.models import Contributor, Entry, Feed, Member, Submission

ADDRESSES: dict[type[models.Field[Any, Any]], dict[str, Any]] = {models.URLField: {"assume_scheme": "https"}}


class ReadOnly(admin.ModelAdmin):
    """Neither added, changed nor deleted by hand."""

    formfield_overrides = ADDRESSES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Kept(admin.ModelAdmin):
    """May be mended, but comes and goes by the commands only."""

    formfield_overrides = ADDRESSES

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Feed)
class FeedAdmin(Kept):
    """How a source is named and polled; what it answered is read only."""

    list_display = ("name", "state", "failures", "last_success_at", "last_new_entry_at", "last_error")
    list_filter = ("state",)
    search_fields = ("name", "key", "url")
    readonly_fields = (
        "key", "url", "state", "next_poll_at", "last_polled_at", "last_success_at", "last_new_entry_at", "last_error",
        "failures", "added_at",
    )  # fmt: skip


@admin.register(Entry)
class EntryAdmin(ReadOnly):
    list_display = ("title", "feed", "language", "published_at", "seen_at")
    list_filter = ("feed", "language")
    list_select_related = ("feed",)
    search_fields = ("title", "summary", "url")
    date_hierarchy = "seen_at"


class ContributorInline(admin.TabularInline):
    """Half of the contacts change each April: they are kept up to date here."""

    model = Contributor
    extra = 1


@admin.register(Member)
class MemberAdmin(Kept):
    list_display = ("name", "kind", "prefecture", "code", "head", "active")
    list_filter = ("kind", "active")
    search_fields = ("name", "kana", "code")
    readonly_fields = ("key", "code")
    inlines = (ContributorInline,)


@admin.register(Submission)
class SubmissionAdmin(ReadOnly):
    """What a member sent, word for word; `newsletter submissions` accepts it or returns it."""

    list_display = ("title", "member", "state", "door", "received_at", "deadline", "decided_by")
    list_filter = ("state", "door", "member")
    list_select_related = ("member",)
    search_fields = ("title", "body", "member__name")
    date_hierarchy = "received_at"
    exclude = ("photo",)  # shown on the preview, by an address of its own

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("member")
