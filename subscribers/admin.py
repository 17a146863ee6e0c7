"""Subscribers for looking up and mending. The ledger and the suppressions are read here, never written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone

from subscribers import consent, signup
from subscribers.models import ConsentEvent, Subscriber, Suppression, Wording


class ReadOnly:
    """Neither added, changed nor deleted by hand: signing up, leaving, importing and erasing do that, with a record."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ConsentInline(ReadOnly, admin.TabularInline):
    """The person's history."""

    model = ConsentEvent
    extra = 0
    fields = ("at", "kind", "words")
    readonly_fields = fields

    @admin.display(description="内容")
    def words(self, event: ConsentEvent) -> str:
        return consent.describe(event)


@admin.register(Subscriber)
class SubscriberAdmin(admin.ModelAdmin):
    """Names and choices of a reader may be mended; each mend is a line in the ledger. Erasing has its own command."""

    list_display = ("address", "name", "organisation", "state", "format", "confirmed_at")
    list_filter = ("state", "format", "language")
    search_fields = ("address_key", "name", "organisation", "department")
    search_help_text = "アドレス、氏名、所属団体、部署の一部"
    date_hierarchy = "created_at"
    fields = (
        "address",
        "state",
        "name",
        "organisation",
        "department",
        "municipality",
        "format",
        "only_monthly",
        "language",
        "created_at",
        "confirmed_at",
        "left_at",
    )
    readonly_fields = ("address", "state", "created_at", "confirmed_at", "left_at")
    inlines = (ConsentInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        has_left = isinstance(obj, Subscriber) and obj.state == Subscriber.State.LEFT
        return not has_left and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Subscriber, form: ModelForm[Subscriber], change: bool) -> None:
        """Write through the same verb as the reader's own page, in the name of whoever is logged in."""
        chosen = signup.preferences_of(obj)
        operator = request.user.get_username()
        signup.change_preferences(obj.key, chosen, None, timezone.now(), {"how": "office"}, operator=operator)


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "kind", "subscriber", "words")
    list_filter = ("kind", "basis")
    list_select_related = ("subscriber",)
    date_hierarchy = "at"
    search_fields = ("subscriber__address_key",)

    @admin.display(description="内容")
    def words(self, event: ConsentEvent) -> str:
        return consent.describe(event)


@admin.register(Wording)
class WordingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("version", "since", "text")
    fields = ("version", "since", "text")


@admin.register(Suppression)
class SuppressionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "reason", "operator", "note", "lifted_at", "lifted_by", "lifted_why")
    list_filter = ("reason", ("lifted_at", admin.EmptyFieldListFilter))
    date_hierarchy = "at"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("-at", "-pk")
