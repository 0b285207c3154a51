from __future__ import annotations

from django.urls import path

from registry.protocols.civitai import views

app_name = "civitai"
urlpatterns = [
    path("api/v1/models", views.ModelsView.as_view(), name="models"),
    path("api/v1/models/<str:number>", views.ModelView.as_view(), name="model"),
    path("api/v1/model-versions/by-hash", views.HashesView.as_view(), name="hashes"),
    path("api/v1/model-versions/by-hash/ids", views.HashIdsView.as_view(), name="hash-ids"),
    path("api/v1/model-versions/by-hash/<str:value>", views.HashView.as_view(), name="hash"),
    path("api/v1/model-versions/<str:number>", views.VersionView.as_view(), name="version"),
    path("api/v1/creators", views.CreatorsView.as_view(), name="creators"),
    path("api/v1/tags", views.TagsView.as_view(), name="tags"),
    path("api/v1/images", views.ImagesView.as_view(), name="images"),
    path("api/v1/enums", views.EnumsView.as_view(), name="enums"),
    path("api/download/models/<str:number>", views.DownloadView.as_view(), name="download"),
    path("api/download/files/<str:reference>/<str:name>", views.FileView.as_view(), name="file"),
    path("api/download/pictures/<str:reference>.webp", views.PictureView.as_view(), name="picture"),
]
