"""``/api/hub/me/export``."""

from __future__ import annotations

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from hub.accounts.auth import HasScope
from hub.own_data import export
from hub.own_data.views import archive_response
from registry.api.views import AsItIs


class ExportView(GenericAPIView):
    """Everything that the hub keeps about you."""

    permission_classes = [HasScope("admin")]
    content_negotiation_class = AsItIs
    http_method_names = ["get", "options"]  # to ask for the head alone would use up the hour's archive

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponseBase:
        """Everything that the hub keeps about you, as a ZIP archive: signed in, or with a token of the scope `admin`; once an hour."""
        if not export.claim(request.user):
            raise Throttled(wait=export.SECONDS_BETWEEN, detail="An archive was made within the last hour.")
        return archive_response(request.user)
