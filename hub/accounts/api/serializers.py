"""What the account routes take and answer."""

from __future__ import annotations

from rest_framework import serializers

from hub.accounts.models import ApiToken, Scope, User


class MeSerializer(serializers.ModelSerializer):
    """The account a request comes from."""

    login = serializers.CharField(source="username")
    scopes = serializers.SerializerMethodField(help_text="The token's scopes; all of them for a signed-in person.")

    class Meta:
        model = User
        fields = ["id", "login", "email", "scopes", "date_joined"]

    def get_scopes(self, user: User) -> list[str]:
        token = self.context["request"].auth
        return token.scopes if isinstance(token, ApiToken) else list(Scope.values)


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
        fields = ["id", "name", "hint", "scopes", "created", "last_used"]
        read_only_fields = ["id", "hint", "created", "last_used"]

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        return [scope for scope in Scope.values if scope in scopes]


class IssuedTokenSerializer(TokenSerializer):
    """A new token, the only time its secret is shown."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
