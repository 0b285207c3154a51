"""``/api/hub/embeddings/{owner}/{name}/similar`` and ``…/meaning``: what is computed from the numbers."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from hub.preferences import Preferences
from registry import meaning, similarity
from registry.api import numbers_serializers as shapes
from registry.api.query_serializers import VersionQuerySerializer
from registry.api.views import RegistryView
from registry.models import Reading


class SimilarView(RegistryView):
    """Embeddings like another."""

    refusals = (410,)
    serializer_class = shapes.SimilarListSerializer

    @extend_schema(parameters=[shapes.SimilarQuerySerializer])
    def get(self, request: Request, owner: str, name: str) -> Response:
        """The nearest by the direction of their numbers: public ones of the same base family, and your own."""
        limit = self.values(shapes.SimilarQuerySerializer, request.query_params)["limit"]
        explicit = Preferences.stored(request.user).explicit
        embedding = self.embedding(owner, name)
        found = similarity.similar_to(embedding, request.user, explicit=explicit, limit=limit, details=True)
        return Response(self.get_serializer({"results": found, "next": None}).data)


class MeaningView(RegistryView):
    """What an embedding's vectors mean."""

    refusals = (410,)
    serializer_class = shapes.MeaningSerializer

    @extend_schema(parameters=[VersionQuerySerializer])
    def get(self, request: Request, owner: str, name: str) -> Response:
        """The words nearest to each vector, and its norm beside theirs, as a worker computed them."""
        number = self.values(VersionQuerySerializer, request.query_params).get("version")
        embedding = self.embedding(owner, name)
        version = self.chosen_version(embedding, number)
        reading = Reading.objects.filter(version=version).first()
        told = {
            "version": version.number,
            "state": meaning.state_of(embedding, reading),
            "base_model": reading.title if reading else "",
            "encoders": list(meaning.encoders_of(reading)) if reading else [],
        }
        return Response(self.get_serializer(told).data)
