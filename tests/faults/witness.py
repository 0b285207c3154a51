"""A log of every effect, written by triggers in the very transaction of the effect, and what must hold of it.

The workers know nothing of it. Each names its process in its connections, so the log tells who wrote as well as what.
"""

from __future__ import annotations

import re
from collections import defaultdict

from django.db import connection

from training.models import ENDED

#: Connections of workers are called after their process.
WRITER = "worker-{pid}"

INSTALL = """
CREATE TABLE fault_log (
    seq bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), writer text DEFAULT current_setting('application_name'),
    kind text, job int, old_state text, state text, old_worker text, worker text, old_fence int, fence int, expired boolean);
CREATE FUNCTION fault_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fault_log (kind, job, old_state, state, old_worker, worker, old_fence, fence, expired) VALUES
        ('row', NEW.id, OLD.state, NEW.state, OLD.worker, NEW.worker, OLD.fence, NEW.fence, OLD.lease_until < clock_timestamp());
    RETURN NULL;
END $$;
CREATE FUNCTION fault_effect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO fault_log (kind, job, old_state, state, old_worker, worker, old_fence, fence)
        SELECT TG_ARGV[0], id, state, state, worker, worker, fence, fence FROM training_job
        WHERE id = (CASE TG_ARGV[0] WHEN 'publish' THEN to_jsonb(NEW) -> 'receipt' ->> 'job' ELSE to_jsonb(NEW) ->> 'job_id' END)::int;
    RETURN NULL;
END $$;
CREATE TRIGGER fault_row AFTER UPDATE ON training_job FOR EACH ROW EXECUTE FUNCTION fault_row();
CREATE TRIGGER fault_checkpoint AFTER INSERT OR UPDATE ON training_jobcheckpoint
    FOR EACH ROW EXECUTE FUNCTION fault_effect('checkpoint');
CREATE TRIGGER fault_preview AFTER INSERT ON training_jobpreview FOR EACH ROW EXECUTE FUNCTION fault_effect('preview');
CREATE TRIGGER fault_publish AFTER INSERT ON registry_version FOR EACH ROW EXECUTE FUNCTION fault_effect('publish');
"""


def install() -> None:
    """Begin to log."""
    with connection.cursor() as cursor:
        cursor.execute(INSTALL)


def violations() -> list[str]:
    """Everything in the log that must not be there, in words."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq, writer, kind, job, old_state, state, old_worker, worker, old_fence, fence, expired "
            "FROM fault_log ORDER BY seq"
        )
        rows = cursor.fetchall()
    found, published, claims = [], defaultdict(list), defaultdict(int)
    for seq, writer, kind, job, old_state, state, old_worker, worker, old_fence, fence, expired in rows:
        where = f"entry {seq}, job {job}, {kind} by {writer}"
        claimed = fence != old_fence
        if claimed:
            claims[job] += 1
            if fence != old_fence + 1 or state != "running":
                found.append(f"{where}: a claim raised the fence from {old_fence} to {fence} into state {state}")
            if old_state == "running" and not expired:
                found.append(f"{where}: claimed while another worker's lease lasted")
        if old_state in ENDED:
            found.append(f"{where}: written after the job had ended")
        if kind == "publish":
            published[job].append(fence)
        holder = worker if claimed or kind != "row" else old_worker
        if writer.startswith("worker-") and not _is(writer, holder) and not _is_sweep(old_state, expired, kind):
            found.append(f"{where}: {holder or 'nobody'} held the job")
    for job, fences in published.items():
        if len(fences) > 1 or fences[0] != claims[job]:
            found.append(f"job {job}: published with the fences {fences} after {claims[job]} claims")
    return found


def _is(writer: str, worker: str) -> bool:
    """Whether a connection belongs to the worker that a row names, which has its process in its name."""
    return re.search(rf":{writer.removeprefix('worker-')}:", worker or "") is not None


def _is_sweep(old_state: str, expired: bool | None, kind: str) -> bool:
    """Whether a worker ended another's job whose lease had run out, as each may."""
    return kind == "row" and old_state == "running" and bool(expired)


def counts() -> dict[str, int]:
    """How much of what was logged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN kind = 'row' AND fence <> old_fence THEN 'claims' ELSE kind || CASE kind WHEN 'publish' THEN 'ed' ELSE 's' END END AS what, count(*) "
            "FROM fault_log GROUP BY what ORDER BY what"
        )
        return dict(cursor.fetchall())
