"""Accounts and tokens for staff."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from hub.accounts.models import ApiToken, Notice, RetiredName, User
from hub.read_only import ReadOnlyAdmin


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts, and how much each may store."""

    list_display = [*UserAdmin.list_display, "date_joined", "last_login", "megabytes"]
    fieldsets = (*UserAdmin.fieldsets, ("Storage", {"fields": ["megabytes"]}))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """``manage.py delete_account`` stops the account's jobs, takes its likes back and keeps its name from others: not so here."""
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be looked at and revoked; making one here would show nobody its secret."""

    list_display = ["name", "owner", "hint", "scopes", "created", "last_used"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    readonly_fields = ["owner", "name", "hint", "scopes", "created", "last_used", "expires"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What people were told, and whether it was mailed."""

    list_display = ["text", "owner", "created", "seen", "mailed"]
    list_select_related = ["owner"]
    search_fields = ["text", "owner__username"]
    date_hierarchy = "created"


@admin.register(RetiredName)
class RetiredNameAdmin(admin.ModelAdmin):
    """Names of deleted accounts; deleting a row gives the name out again."""

    list_display = ["name", "retired"]
    search_fields = ["name"]
    readonly_fields = ["retired"]
