"""``/api/hub/embeddings/facets``: what a search can be narrowed to."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from hub.api import refuse_unknown_parameters
from hub.preferences import Preferences
from registry.api.query_serializers import SearchQuerySerializer
from registry.api.views import RegistryView
from registry.browsing import facets, search, spelling


class ChoiceSerializer(serializers.Serializer):
    """A value that a filter can have."""

    value = serializers.CharField()
    label = serializers.CharField(help_text="For people.")
    count = serializers.IntegerField(help_text="How many embeddings it leaves, beside the other filters.")


class HintSerializer(serializers.Serializer):
    """Words that find something where those of a search do not."""

    q = serializers.CharField()
    narrowed = serializers.BooleanField(help_text="Whether they do so with your filters too, or only without.")


class FacetsSerializer(serializers.Serializer):
    """How many embeddings a search finds, and what it can be narrowed to."""

    count = serializers.IntegerField(help_text="How many the list has.")
    base = ChoiceSerializer(many=True)
    kind = ChoiceSerializer(many=True)
    tag = ChoiceSerializer(many=True, help_text="Those that you chose and those of the most embeddings.")
    license = ChoiceSerializer(many=True)
    vectors = ChoiceSerializer(many=True, help_text="Ranges of numbers of vectors.")
    meant = HintSerializer(allow_null=True, help_text="Where nothing is found: another spelling that finds something.")


class FacetsView(RegistryView):
    """What a search can be narrowed to."""

    serializer_class = FacetsSerializer

    @extend_schema(parameters=[SearchQuerySerializer])
    def get(self, request: Request) -> Response:
        """Count what a search of the list finds: all of it, and by each value of each filter."""
        refuse_unknown_parameters(request, list(SearchQuerySerializer().fields))
        asked = self.values(SearchQuerySerializer, request.query_params)
        explicit = Preferences.stored(request.user).explicit
        names = {name: asked[name] for name in ("q", "tag", "owner") if name in asked}
        counted = facets.overview(
            search.matching(request.user, **names, explicit=explicit),
            search.search(request.user, **asked, explicit=explicit),
            search.chosen_values(asked),
        )
        told = {facet.name: facet.choices for facet in counted.facets}
        meant = None if counted.total else spelling.hint(request.user, **{"q": "", **asked}, explicit=explicit)
        return Response(self.get_serializer({**told, "count": counted.total, "meant": meant}).data)
