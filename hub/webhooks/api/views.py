"""``/api/hub/webhooks``: signed in, or with a token of the scope ``admin``, for they take what is private out of the hub."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView, get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope
from hub.api import ApiError, CursorPages
from hub.requests.conditional import check_match
from hub.requests.idempotency import idempotent
from hub.requests.openapi import answers
from hub.webhooks import events
from hub.webhooks.api.serializers import (
    ChangedWebhookSerializer,
    DeliverySerializer,
    SecretWebhookSerializer,
    WebhookSerializer,
)
from hub.webhooks.models import Delivery, TooManyWebhooks, Webhook


class _Webhooks(GenericAPIView):
    """The webhooks of the request's account; any other is not found."""

    permission_classes = [HasScope("admin")]
    serializer_class = WebhookSerializer
    queryset = Webhook.objects.none()  # of what the schema is

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.filter(owner=self.request.user)

    def with_secret(self, webhook: Webhook, secret: str, code: int) -> Response:
        """Answer with a webhook and its secret, this once."""
        webhook.refresh_from_db()
        body = self.get_serializer(webhook).data | {"secret": secret}
        headers = {"Location": reverse("api-webhook", args=[webhook.pk])} if code == status.HTTP_201_CREATED else None
        return Response(body, status=code, headers=headers)

    def sent(self, delivery: Delivery) -> Response:
        """Answer with what will be sent."""
        return Response(DeliverySerializer(delivery).data, status=status.HTTP_201_CREATED)

    def active(self) -> Webhook:
        """The webhook of the address, to which something is sent."""
        webhook = self.get_object()
        if not webhook.active:
            raise ApiError("inactive", "Nothing is sent to this webhook. Make it active first.", status=409)
        return webhook


class WebhooksView(_Webhooks, ListAPIView):
    """Your webhooks."""

    pagination_class = CursorPages

    def get(self, request: Request) -> Response:
        """Your webhooks, the newest first."""
        return self.list(request)

    @extend_schema(request=WebhookSerializer, responses={201: SecretWebhookSerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request) -> Response:
        """Let an address hear of what happens. The answer holds the secret once."""
        values = self.get_serializer(data=request.data)
        values.is_valid(raise_exception=True)
        try:
            webhook, secret = Webhook.make(owner=request.user, **values.validated_data)
        except TooManyWebhooks as error:
            raise ApiError("too_many", error.message, status=409) from error
        return self.with_secret(webhook, secret, status.HTTP_201_CREATED)


class WebhookView(_Webhooks):
    """One webhook."""

    def get(self, request: Request, pk: int) -> Response:
        """A webhook of yours."""
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=ChangedWebhookSerializer)
    @answers(412)
    @transaction.atomic
    def patch(self, request: Request, pk: int) -> Response:
        """Change its address or events, stop it, or let it begin again."""
        webhook = self._locked()
        values = ChangedWebhookSerializer(data=request.data, partial=True)
        values.is_valid(raise_exception=True)
        webhook.change(**values.validated_data)
        return Response(self.get_serializer(webhook).data)

    @extend_schema(responses={204: None})
    @answers(412)
    @transaction.atomic
    def delete(self, request: Request, pk: int) -> Response:
        """Delete it with its log; what was not sent yet never is."""
        self._locked().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _locked(self) -> Webhook:
        webhook = get_object_or_404(self.get_queryset().select_for_update(), pk=self.kwargs["pk"])
        check_match(self.request, lambda: self.get_serializer(webhook).data)
        return webhook


class WebhookSecretView(_Webhooks):
    """The secret of a webhook."""

    @extend_schema(request=None, responses=SecretWebhookSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Take a new secret. The former one signs beside it for 24 hours, so that receivers can change at leisure."""
        webhook = self.get_object()
        return self.with_secret(webhook, webhook.rotate(), status.HTTP_200_OK)


class WebhookPingView(_Webhooks):
    """A test of a webhook."""

    @extend_schema(request=None, responses={201: DeliverySerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        """Send a `ping` to it."""
        return self.sent(events.ping(self.active()))


class DeliveryPages(CursorPages):
    """The last first."""

    ordering = ("-created", "-id")


class DeliveriesView(_Webhooks, ListAPIView):
    """The log of a webhook."""

    serializer_class = DeliverySerializer
    pagination_class = DeliveryPages

    def get(self, request: Request, pk: int) -> Response:
        """What was sent in the last 30 days and what is to be sent, the last first."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[Delivery]:
        if "pk" not in self.kwargs:
            return Delivery.objects.none()
        return get_object_or_404(super().get_queryset(), pk=self.kwargs["pk"]).deliveries.all()


class RedeliverView(_Webhooks):
    """A delivery once more."""

    @extend_schema(request=None, responses={201: DeliverySerializer})
    @answers(409)
    @idempotent
    def post(self, request: Request, pk: int, delivery: str) -> Response:
        """Send the same once more, as a delivery of its own."""
        return self.sent(events.redeliver(get_object_or_404(self.active().deliveries, pk=delivery)))
