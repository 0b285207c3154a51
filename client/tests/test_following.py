"""A job is followed without asking more than is needed."""

from __future__ import annotations

import pytest

from starword import Unreachable, following
from starword.following import LONGEST_PAUSE, follow


def job(state, step):
    texts = dict.fromkeys(("name", "token", "base", "created"), "")
    return {**texts, "id": 7, "state": state, "step": step, "total_steps": 9}


@pytest.fixture
def pauses(monkeypatch):
    """What was waited between questions, without waiting."""
    made = []
    monkeypatch.setattr(following.time, "sleep", made.append)
    return made


def test_what_has_not_changed_is_asked_for_less_often(server, hub, pauses):
    server.will(job("queued", 0), ETag='"a"')
    for _ in range(8):
        server.will(b"", 304)
    server.will(job("running", 3), ETag='"b"').will(job("succeeded", 9), ETag='"c"')
    assert [item.step for item in follow(hub, 7)] == [0, 3, 9]
    asked = [request.headers["If-None-Match"] for request in server.asked]
    assert asked == [None, *['"a"'] * 9, '"b"']
    assert pauses[:3] == [2, 3, 4.5] and pauses[8] == LONGEST_PAUSE and pauses[9] == 2


def test_a_hub_that_is_away_for_a_while_is_waited_for(server, hub, pauses):
    server.will(job("running", 1), ETag='"a"')
    for _ in range(9):  # more than one question's own tries
        server.will(b"restarting", 503)
    server.will(job("failed", 1), ETag='"b"')
    assert [item.state for item in follow(hub, 7)] == ["running", "failed"]


def test_a_hub_that_was_never_there_is_not_waited_for(server, hub, pauses, monkeypatch):
    server.will(b"", 503)
    with pytest.raises(Unreachable):
        next(follow(hub, 7))
    assert len(server.asked) == 4
    # And one that stays away is given up
    server.answers = []
    server.will(job("running", 1), ETag='"a"').will(b"", 503)
    monkeypatch.setattr(following, "MAX_OUTAGE", 0)
    with pytest.raises(Unreachable):
        list(follow(hub, 7))
