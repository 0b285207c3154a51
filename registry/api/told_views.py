"""``/api/hub/embeddings/{owner}/{name}/changes`` and ``…/uses``: what a page tells of versions and how to use them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.query_serializers import VersionQuerySerializer
from registry.api.views import RegistryView
from registry.pages import changes, file_list, snippets


class StepSerializer(serializers.Serializer):
    """A number before and now."""

    before = serializers.FloatField()
    now = serializers.FloatField()


class ChangeSerializer(serializers.Serializer):
    """What is different in a version; null where nothing is, or where one of the two does not say."""

    version = serializers.IntegerField(source="version.number")
    before = serializers.IntegerField(
        source="before.number", allow_null=True, help_text="With which version it is compared."
    )
    vectors = StepSerializer(allow_null=True)
    norm = StepSerializer(allow_null=True, help_text="Mean norm of the vectors.")
    cosine = serializers.FloatField(
        allow_null=True,
        help_text=f"Between the mean vectors; of the newest {changes.MAX_COMPARED} versions, where their shapes allow it.",
    )
    steps = StepSerializer(allow_null=True, help_text="Of the training.")
    images = StepSerializer(allow_null=True, help_text="Of the training.")
    other_base = serializers.BooleanField(help_text="Whether it was trained on other weights.")


class ChangesSerializer(serializers.Serializer):
    """What each version changed: all there are, so ``next`` is always null."""

    results = ChangeSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class UseSerializer(serializers.Serializer):
    """What to do in a tool."""

    tool = serializers.CharField(source="snippet.tool")
    target = serializers.CharField(source="format.target", help_text="The format of the file that it takes.")
    filename = serializers.CharField(source="format.file.filename")
    where = serializers.CharField(source="snippet.where", help_text="What to do with the file; may be empty.")
    code = serializers.CharField(source="snippet.code", help_text="Text to paste.")
    needs_token = serializers.BooleanField(
        source="snippet.needs_token", help_text=f"Whether the text reads an API token from {snippets.TOKEN_VARIABLE}."
    )


class UsesSerializer(serializers.Serializer):
    """What to do in each tool that reads a version: all there are, so ``next`` is always null."""

    version = serializers.IntegerField()
    results = UseSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ChangesView(RegistryView):
    """What versions changed."""

    refusals = (410,)
    serializer_class = ChangesSerializer

    def get(self, request: Request, owner: str, name: str) -> Response:
        """What each version changed beside the one before it, the newest first."""
        told = changes.changes(list(self.embedding(owner, name).versions.all()))
        return Response(self.get_serializer({"results": told, "next": None}).data)


class UsesView(RegistryView):
    """How to use an embedding."""

    refusals = (410,)
    serializer_class = UsesSerializer

    @extend_schema(parameters=[VersionQuerySerializer])
    def get(self, request: Request, owner: str, name: str) -> Response:
        """What to do in each tool that reads a version: which file it takes, and text to paste."""
        number = self.values(VersionQuerySerializer, request.query_params).get("version")
        embedding = self.embedding(owner, name)
        version = self.chosen_version(embedding, number)
        found = snippets.for_version(embedding, version, request.build_absolute_uri("/").rstrip("/"))
        uses = file_list.with_files(found, file_list.formats(embedding, version))
        told = [{"snippet": snippet, "format": format} for snippet, format in uses]
        return Response(self.get_serializer({"version": version.number, "results": told, "next": None}).data)
