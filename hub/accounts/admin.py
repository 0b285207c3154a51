"""Accounts and tokens for staff."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from hub.accounts.models import ApiToken, User


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts, and how much each may store."""

    fieldsets = (*UserAdmin.fieldsets, ("Storage", {"fields": ["megabytes"]}))


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):
    """Tokens can be looked at and revoked; making one here would show nobody its secret."""

    list_display = ["name", "owner", "hint", "scopes", "created", "last_used"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
    readonly_fields = ["owner", "name", "hint", "scopes", "created", "last_used"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
