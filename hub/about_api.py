"""``/api/hub/about``: what the page about the hub tells, for programs."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from hub.about import facts
from hub.accounts.auth import ReadScope


class LimitsSerializer(serializers.Serializer):
    """What an account may have, unless its operator allows it more."""

    megabytes = serializers.IntegerField(help_text="Of stored files.")
    jobs = serializers.IntegerField(help_text="Jobs that wait or train.")
    running = serializers.IntegerField(help_text="Jobs that train at one time.")
    minutes = serializers.IntegerField(help_text="Of the workers' time in 24 hours.")
    requests = serializers.IntegerField(help_text="To the API in an hour, for each token.")
    anonymous = serializers.IntegerField(help_text="To the API in an hour, for each address without a token.")


class AboutSerializer(serializers.Serializer):
    """What a hub is, who runs it, and what holds there."""

    version = serializers.CharField()
    operator = serializers.CharField(help_text="Empty where they have not said who they are.")
    contact = serializers.CharField()
    rules = serializers.CharField(help_text="Markdown.")
    reasons = serializers.ListField(
        child=serializers.CharField(), help_text="What may be reported, as reports name it."
    )
    embeddings = serializers.IntegerField(help_text="Those that are public.")
    image_days = serializers.IntegerField(help_text="Days that training images are kept after their job ended.")
    limits = LimitsSerializer()
    languages = serializers.ListField(child=serializers.CharField(), help_text="Of the pages.")
    signup_open = serializers.BooleanField(help_text="Whether anybody may make an account.")


class AboutView(GenericAPIView):
    """The hub itself."""

    permission_classes = [ReadScope]
    serializer_class = AboutSerializer

    def get(self, request: Request) -> Response:
        """What this hub is, who runs it, and what holds here."""
        return Response(self.get_serializer(facts()).data)
