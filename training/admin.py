"""What staff see of base models and jobs. A job's course is the worker's: here it is only looked at."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from hub.read_only import ReadOnlyAdmin
from training.models import Allowance, BaseModel, Job, Worker


@admin.register(BaseModel)
class BaseModelAdmin(admin.ModelAdmin):
    list_display = ["slug", "title", "family", "resolution", "enabled"]
    list_filter = ["enabled", "family"]
    readonly_fields = ["family", "source", "widths", "prediction_type", "resolution", "fingerprint"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only ``manage.py add_base_model`` loads a model and sees whether it can be trained on."""
        return False


@admin.register(Job)
class JobAdmin(admin.ModelAdmin):
    list_display = [
        "id",
        "name",
        "owner",
        "base",
        "state",
        "step",
        "total_steps",
        "worker",
        "attempts",
        "error_code",
        "created",
    ]
    list_filter = ["state", "error_code", "base"]
    list_select_related = ["owner", "base"]
    search_fields = ["name", "owner__username", "token"]
    readonly_fields = [field.name for field in Job._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return False


@admin.register(Allowance)
class AllowanceAdmin(admin.ModelAdmin):
    """What an account may have of the workers; what it may store is on the account's own page."""

    list_display = ["owner", "unfinished_jobs", "running_jobs", "minutes_a_day"]
    list_select_related = ["owner"]
    search_fields = ["owner__username"]
    autocomplete_fields = ["owner"]


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Staff drain workers on the page of queue and workers."""

    list_display = ["name", "device", "slots", "started", "seen", "draining"]
    list_filter = ["draining"]
    search_fields = ["name", "device"]
