from __future__ import annotations

from django.urls import path

from registry.api import (
    collection_views,
    facet_views,
    lookup_views,
    numbers_views,
    people_views,
    report_views,
    told_views,
    version_views,
    views,
)

urlpatterns = [
    path("embeddings", views.EmbeddingsView.as_view(), name="api-embeddings"),
    path("embeddings/facets", facet_views.FacetsView.as_view(), name="api-facets"),
    path("embeddings/<str:owner>/<str:name>", views.EmbeddingView.as_view(), name="api-embedding"),
    path("embeddings/<str:owner>/<str:name>/versions", version_views.VersionsView.as_view(), name="api-versions"),
    path(
        "embeddings/<str:owner>/<str:name>/versions/<int:number>",
        version_views.VersionView.as_view(),
        name="api-version",
    ),
    path(
        "embeddings/<str:owner>/<str:name>/versions/<int:number>/previews",
        version_views.PreviewsView.as_view(),
        name="api-previews",
    ),
    path(
        "embeddings/<str:owner>/<str:name>/versions/<int:number>/previews/<int:preview>",
        version_views.PreviewView.as_view(),
        name="api-preview",
    ),
    path(
        "embeddings/<str:owner>/<str:name>/versions/<int:number>/previews/<int:preview>/cover",
        version_views.CoverView.as_view(),
        name="api-cover",
    ),
    path("embeddings/<str:owner>/<str:name>/download", views.DownloadView.as_view(), name="api-download"),
    path("embeddings/<str:owner>/<str:name>/like", views.LikeView.as_view(), name="api-like"),
    path("embeddings/<str:owner>/<str:name>/reports", report_views.ReportsView.as_view(), name="api-reports"),
    path("collections", collection_views.CollectionsView.as_view(), name="api-collections"),
    path("collections/<int:pk>", collection_views.CollectionView.as_view(), name="api-collection"),
    path("collections/<int:pk>/items", collection_views.ItemsView.as_view(), name="api-items"),
    path("collections/<int:pk>/items/<int:embedding>", collection_views.ItemView.as_view(), name="api-item"),
    path("people/<str:username>", people_views.PersonView.as_view(), name="api-person"),
    path("people/<str:username>/likes", people_views.PersonLikesView.as_view(), name="api-person-likes"),
    path("me", people_views.MeView.as_view(), name="api-me"),
    path("me/likes", people_views.LikesView.as_view(), name="api-likes"),
    path("me/reports", report_views.OwnReportsView.as_view(), name="api-own-reports"),
    path("embeddings/<str:owner>/<str:name>/changes", told_views.ChangesView.as_view(), name="api-changes"),
    path("embeddings/<str:owner>/<str:name>/uses", told_views.UsesView.as_view(), name="api-uses"),
    path("embeddings/<str:owner>/<str:name>/similar", numbers_views.SimilarView.as_view(), name="api-similar"),
    path("embeddings/<str:owner>/<str:name>/meaning", numbers_views.MeaningView.as_view(), name="api-meaning"),
    path("inspect", lookup_views.InspectView.as_view(), name="api-inspect"),
    path("hashes", lookup_views.HashesView.as_view(), name="api-hashes"),
    path("hashes/<str:hash>", lookup_views.HashView.as_view(), name="api-hash"),
    path("infotext", lookup_views.InfotextView.as_view(), name="api-infotext"),
]
