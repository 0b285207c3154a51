from __future__ import annotations

from django.urls import path

from training.api import beforehand_views, views

urlpatterns = [
    path("base-models", views.BaseModelsView.as_view(), name="api-base-models"),
    path("base-models/<slug:name>/words", beforehand_views.WordsView.as_view(), name="api-words"),
    path("allowance", views.AllowanceView.as_view(), name="api-allowance"),
    path("jobs", views.JobsView.as_view(), name="api-jobs"),
    path("jobs/check", beforehand_views.JobCheckView.as_view(), name="api-job-check"),
    path("jobs/<int:pk>", views.JobView.as_view(), name="api-job"),
    path("jobs/<int:pk>/cancel", views.JobCancelView.as_view(), name="api-job-cancel"),
    path("jobs/<int:pk>/retry", views.JobRetryView.as_view(), name="api-job-retry"),
    path("jobs/<int:pk>/further", views.JobFurtherView.as_view(), name="api-job-further"),
    path("jobs/<int:pk>/images", views.JobImagesView.as_view(), name="api-job-images"),
    path("jobs/<int:pk>/snapshots", views.JobSnapshotsView.as_view(), name="api-job-snapshots"),
    path("jobs/<int:pk>/previews/<int:preview>", views.JobPreviewView.as_view(), name="api-job-preview"),
]
