"""``/api/hub/embeddings/{owner}/{name}/reports``, saying that something is wrong, and ``/api/hub/me/reports``, what came of it."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

from hub.accounts.auth import ReadScope
from hub.api import CursorPages
from registry.api.serializers import choice
from registry.api.views import RegistryView
from registry.models import MAX_REPORT_CHARACTERS, Reason, Report
from registry.moderation import reports
from registry.moderation.throttle import ReportThrottle


class NewReportSerializer(serializers.Serializer):
    """What is wrong, in good faith."""

    reason = choice(Reason.choices)
    text = serializers.CharField(required=False, allow_blank=True, max_length=MAX_REPORT_CHARACTERS)
    email = serializers.EmailField(
        required=False, allow_blank=True, help_text="Without an account, for staff to ask; deleted with the decision."
    )
    good_faith = serializers.BooleanField(
        help_text="Must be true: what is said is true and complete as far as you know."
    )

    def validate_good_faith(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(_("A report is taken only in good faith: send true."))
        return value


class ReportSerializer(serializers.ModelSerializer):
    """A report as it was taken."""

    reason = choice(Reason.choices)
    state = choice(Report.State.choices)

    class Meta:
        model = Report
        fields = ["id", "reason", "text", "state", "created"]


class OwnReportSerializer(ReportSerializer):
    """A report of yours, and what staff decided."""

    embedding = serializers.CharField(source="path", help_text="owner/name, as it was when you reported it.")

    class Meta(ReportSerializer.Meta):
        fields = [*ReportSerializer.Meta.fields, "embedding", "answer", "closed"]


class ReportsView(RegistryView):
    """Reports of an embedding."""

    refusals = (409, 410)
    serializer_class = ReportSerializer
    throttle_classes = [*api_settings.DEFAULT_THROTTLE_CLASSES, ReportThrottle]

    def get_permissions(self) -> list[BasePermission]:
        return [ReadScope()]

    @extend_schema(request=NewReportSerializer, responses={201: ReportSerializer})
    def post(self, request: Request, owner: str, name: str) -> Response:
        """Report an embedding to the staff of the hub, with an account or without."""
        embedding = self.embedding(owner, name)
        said = self.values(NewReportSerializer, request.data)
        del said["good_faith"]
        reporter = request.user if request.user.is_authenticated else None
        made = reports.file(embedding=embedding, reporter=reporter, **said)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)


class OwnReportsView(RegistryView, ListAPIView):
    """Your reports."""

    serializer_class = OwnReportSerializer
    pagination_class = CursorPages
    queryset = Report.objects.none()  # of what the schema is

    def get_permissions(self) -> list[BasePermission]:
        return [IsAuthenticated(), ReadScope()]

    def get_queryset(self) -> QuerySet[Report]:
        return self.request.user.reports.all()

    def get(self, request: Request) -> Response:
        """What you have reported, the last first, and what came of it."""
        return self.list(request)
