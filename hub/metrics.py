"""``/metrics``: queue, jobs and workers in the text format of Prometheus, read from the database at each request.

No process counts anything by itself, so it is all the same which of the web server's processes answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from training import figures
from training.failures import Reason
from training.figures import Condition
from training.models import ENDED, State

#: What labels say where a job is held by nothing, or ended without a failure: an empty one would be none.
NONE = "none"
_SCHEME = "Bearer "


class HubCollector(Collector):
    """Reads the figures anew whenever it is asked. Every known value of a label is there, if only with 0: what comes
    into being later would be missed by ``increase()``.
    """

    def describe(self) -> list[Metric]:
        return []  # so that making a registry reads nothing

    def collect(self) -> Iterator[Metric]:
        yield from _queue()
        yield from _running()
        yield _workers()
        yield from _totals()


def _queue() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("starword_jobs_queued", "Jobs that wait, by why they are held.", labels=["base", "held"])
    oldest = GaugeMetricFamily(
        "starword_queue_oldest_seconds", "Age of the oldest job that waits, 0 without any.", labels=["base", "held"]
    )
    for depth in figures.depths():
        jobs.add_metric([depth.base, depth.held or NONE], depth.jobs)
        oldest.add_metric([depth.base, depth.held or NONE], depth.oldest_seconds)
    yield from (jobs, oldest)


def _running() -> Iterator[Metric]:
    jobs = GaugeMetricFamily("starword_jobs_running", "Jobs that train.", labels=["base"])
    lease = GaugeMetricFamily(
        "starword_lease_remaining_seconds", "Time that the lease ending first still has, of jobs that train.", labels=["base"]
    )  # fmt: skip
    for base in figures.training():
        jobs.add_metric([base.base], base.jobs)
        if base.shortest_lease_seconds is not None:
            lease.add_metric([base.base], base.shortest_lease_seconds)
    yield from (jobs, lease)


def _workers() -> Metric:
    counts = Counter(worker.condition for worker in figures.workers())
    workers = GaugeMetricFamily("starword_workers", "Worker processes of the last day.", labels=["condition"])
    for condition in Condition.values:
        workers.add_metric([condition], counts[condition])
    return workers


def _totals() -> Iterator[Metric]:
    totals = {(total.state, total.code): total for total in figures.totals()}
    ended = CounterMetricFamily("starword_jobs_ended", "Jobs that ended.", labels=["state", "code"])
    known = {(state.value, "") for state in ENDED if state != State.FAILED}
    known |= {(State.FAILED.value, code) for code in Reason.values}
    for state, code in sorted(known | {key for key in totals if key[0] in ENDED}):
        total = totals.get((state, code))
        ended.add_metric([state, code or NONE], total.jobs if total else 0)
    device = sum(total.device_seconds for total in totals.values())
    yield ended
    yield CounterMetricFamily("starword_device_seconds", "Time that workers spent on jobs.", value=device)


_registry = CollectorRegistry()
_registry.register(HubCollector())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for who sends the token; 401 for others, and 404 where no token is set."""
    if not settings.HUB_METRICS_TOKEN:
        raise Http404
    sent = request.headers.get("Authorization", "")
    if not constant_time_compare(sent, _SCHEME + settings.HUB_METRICS_TOKEN):
        return HttpResponse(
            "Send the token of HUB_METRICS_TOKEN as “Authorization: Bearer …”.\n",
            status=401, content_type="text/plain; charset=utf-8", headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip
    return HttpResponse(generate_latest(_registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
