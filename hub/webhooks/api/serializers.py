"""What the routes of webhooks take and answer."""

from __future__ import annotations

from rest_framework import serializers

from hub.webhooks.addresses import BadAddress, parse
from hub.webhooks.models import MAX_URL_CHARACTERS, PING, Delivery, Event, Webhook

_EVENTS = [(event.value, str(event.value)) for event in Event]


class WebhookSerializer(serializers.ModelSerializer):
    """A webhook without its secret."""

    url = serializers.CharField(max_length=MAX_URL_CHARACTERS, help_text="An http or https address.")
    events = serializers.ListField(
        child=serializers.ChoiceField(
            choices=_EVENTS,
            error_messages={"invalid_choice": "“{input}” is not among the choices: " + ", ".join(Event.values) + "."},
        ),
        allow_empty=False,
        max_length=len(_EVENTS),
        help_text="What it hears of.",
    )
    active = serializers.BooleanField(default=True, help_text="Whether anything is sent.")

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "active", "failing_since", "stopped", "created"]
        read_only_fields = ["id", "failing_since", "stopped", "created"]

    def validate_url(self, url: str) -> str:
        try:
            parse(url)
        except BadAddress as error:
            raise serializers.ValidationError(error.message) from error
        return url

    def validate_events(self, events: list[str]) -> list[str]:
        return [event for event in Event.values if event in events]


class ChangedWebhookSerializer(WebhookSerializer):
    """What may change of a webhook; what is left out stays."""

    url = serializers.CharField(required=False, max_length=MAX_URL_CHARACTERS)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=_EVENTS), required=False, allow_empty=False, max_length=len(_EVENTS)
    )
    active = serializers.BooleanField(required=False, help_text="true lets one that was stopped begin again.")

    class Meta(WebhookSerializer.Meta):
        fields = ["url", "events", "active"]


class SecretWebhookSerializer(WebhookSerializer):
    """A webhook with a new secret, the only time that it is shown."""

    secret = serializers.CharField(read_only=True, help_text="What its deliveries are signed with.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class DeliverySerializer(serializers.ModelSerializer):
    """Something that was or will be sent, and how the last try went."""

    event = serializers.ChoiceField(choices=[*_EVENTS, (PING, PING)])
    status = serializers.IntegerField(allow_null=True, help_text="Of the last answer; null where there was none.")
    milliseconds = serializers.IntegerField(allow_null=True, help_text="The last try took so long.")
    next_try = serializers.DateTimeField(allow_null=True, help_text="Null where it is not tried again.")

    class Meta:
        model = Delivery
        fields = [
            "id", "event", "data", "state", "attempts", "next_try", "tried", "status", "milliseconds", "excerpt", "problem",
            "created",
        ]  # fmt: skip
        read_only_fields = fields
