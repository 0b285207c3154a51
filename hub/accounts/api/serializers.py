"""What the account routes take and answer."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from rest_framework import serializers

from hub.accounts.models import ApiToken, Notice, Scope
from hub.api import MAX_LIMIT


class TokenSerializer(serializers.ModelSerializer):
    """A token without its secret."""

    scopes = serializers.ListField(
        child=serializers.ChoiceField(
            choices=Scope.choices,
            error_messages={"invalid_choice": "“{input}” is not among the choices: " + ", ".join(Scope.values) + "."},
        ),
        allow_empty=False,
    )

    class Meta:
        model = ApiToken
        fields = ["id", "name", "hint", "scopes", "created", "last_used", "expires"]
        read_only_fields = ["id", "hint", "created", "last_used"]

    def validate_expires(self, expires: datetime | None) -> datetime | None:
        if expires is not None and expires <= timezone.now():
            raise serializers.ValidationError("Give a time to come, or none for a token without an end.")
        return expires

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        return [scope for scope in Scope.values if scope in scopes]


class IssuedTokenSerializer(TokenSerializer):
    """A new token, the only time its secret is shown."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class NoticeSerializer(serializers.ModelSerializer):
    """Something that happened."""

    url = serializers.SerializerMethodField(help_text="The page that tells more.")

    class Meta:
        model = Notice
        fields = ["id", "text", "url", "created", "seen"]

    def get_url(self, notice: Notice) -> str:
        return self.context["request"].build_absolute_uri(notice.url)


class NoticeQuerySerializer(serializers.Serializer):
    """Which notices are listed."""

    unseen = serializers.BooleanField(required=False, default=False, help_text="Only those that were not seen.")


class SeenNoticesSerializer(serializers.Serializer):
    """Which notices were seen."""

    ids = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=MAX_LIMIT, help_text="All of them without it."
    )


class UnseenNoticesSerializer(serializers.Serializer):
    """What is left."""

    unseen = serializers.IntegerField(help_text="Notices that were not seen; 100 stands for more, too.")
