"""``/api/hub/notices`` and ``/api/hub/tokens``."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import DestroyAPIView, GenericAPIView, ListAPIView, ListCreateAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts import notices
from hub.accounts.api.serializers import (
    IssuedTokenSerializer,
    NoticeQuerySerializer,
    NoticeSerializer,
    SeenNoticesSerializer,
    TokenSerializer,
    UnseenNoticesSerializer,
)
from hub.accounts.auth import HasScope, ReadScope
from hub.accounts.models import ApiToken, Notice, TooManyTokens
from hub.api import ApiError, CursorPages
from hub.requests.idempotency import idempotent
from hub.requests.openapi import answers


class NoticePages(CursorPages):
    """Newest first."""

    filters = tuple(NoticeQuerySerializer().fields)


class NoticesView(ListAPIView):
    """What you should hear of, newest first: jobs that ended. Listing notices does not mark them as seen."""

    serializer_class = NoticeSerializer
    permission_classes = [IsAuthenticated, ReadScope]
    pagination_class = NoticePages

    def get_queryset(self) -> QuerySet[Notice]:
        asked = NoticeQuerySerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        own = Notice.objects.filter(owner=self.request.user)
        return own.filter(seen=None) if asked.validated_data["unseen"] else own

    @extend_schema(parameters=[NoticeQuerySerializer])
    def get(self, request: Request) -> Response:
        return self.list(request)


class NoticesSeenView(GenericAPIView):
    """Mark notices as seen: those named, or all."""

    serializer_class = SeenNoticesSerializer
    permission_classes = [IsAuthenticated, ReadScope]

    @extend_schema(responses=UnseenNoticesSerializer)
    def post(self, request: Request) -> Response:
        values = self.get_serializer(data=request.data)
        values.is_valid(raise_exception=True)
        notices.mark_seen(request.user, ids=values.validated_data.get("ids"))
        return Response({"unseen": notices.count_unseen(request.user)})


class TokensView(ListCreateAPIView):
    """List your tokens, or make one: signed in, or with a token of the scope `admin`, which makes none that can do more or lasts longer."""

    serializer_class = TokenSerializer
    permission_classes = [HasScope("admin")]
    pagination_class = CursorPages

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(owner=self.request.user)

    @extend_schema(request=TokenSerializer, responses={201: IssuedTokenSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request) -> Response:
        values = TokenSerializer(data=request.data)
        values.is_valid(raise_exception=True)
        asked = {"scopes": values.validated_data["scopes"], "expires": values.validated_data.get("expires")}
        if isinstance(request.auth, ApiToken) and not request.auth.covers(**asked):
            message = "A token can only make tokens with scopes that it has itself, and that end no later than it does."
            raise ApiError("forbidden", message, status=403)
        try:
            token, secret = ApiToken.issue(owner=request.user, **values.validated_data)
        except TooManyTokens as error:
            raise ApiError("too_many", error.message, status=409) from error
        body = IssuedTokenSerializer(token).data | {"token": secret}
        return Response(body, status=status.HTTP_201_CREATED)


class TokenView(DestroyAPIView):
    """Revoke a token, at once: signed in, or with a token of the scope `admin`."""

    serializer_class = TokenSerializer
    permission_classes = [HasScope("admin")]

    def get_queryset(self) -> QuerySet[ApiToken]:
        return ApiToken.objects.filter(owner=self.request.user)
