"""What the routes of people, of one's own account and of likes take and answer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from hub.accounts.models import MAX_BIO_CHARACTERS, MAX_DISPLAY_NAME_CHARACTERS, ApiToken, Scope, User
from hub.preferences import SENSITIVE, THEMES, Preferences
from registry.api.serializers import Choices, EmbeddingSerializer, choice
from registry.models import Like


def _choices(values: tuple[str, ...]) -> Choices:
    return [(value, value) for value in values]


class PersonSerializer(serializers.Serializer):
    """What everybody may know of a person."""

    username = serializers.CharField(source="person.username")
    display_name = serializers.CharField(source="person.display_name", help_text="Empty for the user name.")
    bio = serializers.CharField(source="person.bio", help_text="Markdown.")
    url = serializers.SerializerMethodField(help_text="Their page.")
    joined = serializers.SerializerMethodField(help_text="Year and month, such as 2026-11.")
    embeddings = serializers.IntegerField(source="figures.embeddings", help_text="Those that are public.")
    downloads = serializers.IntegerField(source="figures.downloads", help_text="Of those.")
    likes = serializers.IntegerField(source="figures.likes", help_text="Of those.")
    likes_hidden = serializers.BooleanField(
        source="person.likes_hidden", help_text="Whether nobody else sees what they like."
    )

    def get_url(self, told: dict[str, Any]) -> str:
        return self.context["request"].build_absolute_uri(told["person"].get_absolute_url())

    def get_joined(self, told: dict[str, Any]) -> str:
        return f"{told['person'].date_joined:%Y-%m}"


class StrictSerializer(serializers.Serializer):
    """Refuses a field that there is not, of which nothing would come."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: ["There is no such field to change."] for name in unknown})
        return values


class PreferencesSerializer(StrictSerializer):
    """How you want the site, for browsers that sign in from now on; `explicit` holds for the API too."""

    language = choice(
        [("", ""), *settings.LANGUAGES],
        required=False,
        allow_blank=True,
        help_text="Of pages, notices and mails; empty for what the browser asks for.",
    )
    theme = choice(_choices(THEMES), required=False, allow_blank=True, help_text="Empty for that of the system.")
    sensitive = choice(
        _choices(SENSITIVE), required=False, help_text="What pages do with suggestive and explicit pictures."
    )
    explicit = serializers.BooleanField(
        required=False,
        help_text="Whether explicit embeddings of others are listed: you are of age and want to see them.",
    )


class MeSerializer(serializers.ModelSerializer):
    """The account a request comes from."""

    login = serializers.CharField(source="username")
    scopes = serializers.SerializerMethodField(help_text="The token's scopes; all of them for a signed-in person.")
    preferences = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            *("id", "login", "email", "scopes", "date_joined"),
            *("display_name", "bio", "likes_hidden", "mails_notices", "preferences"),
        ]

    def get_scopes(self, user: User) -> list[str]:
        token = self.context["request"].auth
        return token.scopes if isinstance(token, ApiToken) else list(Scope.values)

    @extend_schema_field(PreferencesSerializer)
    def get_preferences(self, user: User) -> dict[str, Any]:
        return PreferencesSerializer(Preferences.stored(user)).data


class ChangedMeSerializer(StrictSerializer):
    """What you may change of your account by the API; what is left out stays."""

    display_name = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_DISPLAY_NAME_CHARACTERS, help_text="Empty for the user name."
    )
    bio = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_BIO_CHARACTERS, help_text="A few sentences. Markdown."
    )
    likes_hidden = serializers.BooleanField(required=False, help_text="Whether nobody else sees what you like.")
    mails_notices = serializers.BooleanField(required=False, help_text="Whether notices are mailed too.")
    preferences = PreferencesSerializer(required=False)


class LikeSerializer(serializers.ModelSerializer):
    """Something that a person likes."""

    embedding = EmbeddingSerializer()

    class Meta:
        model = Like
        fields = ["embedding"]


class OwnLikeSerializer(LikeSerializer):
    """A like of yours."""

    liked = serializers.DateTimeField(source="created")

    class Meta(LikeSerializer.Meta):
        fields = [*LikeSerializer.Meta.fields, "liked"]
