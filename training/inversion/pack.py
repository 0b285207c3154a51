"""Jobs that come and go while others train: continuous batching on one resident base model.

A pass of the UNet has a number of slots, one for each picture. A session takes as many as its batch is wide when it
joins, keeps those same slots until it ends, and leaves alone when it fails or is stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from training.inversion import packing, previews
from training.inversion.errors import NoRoom, OutOfMemory
from training.inversion.models import BaseModel
from training.inversion.previews import Order
from training.inversion.session import Inversion, Session


@dataclass(eq=False, slots=True)
class Member:
    """A session in a pack. It has ended when there is either an inversion or an error."""

    session: Session
    slots: range  #: its pictures in each pass
    inversion: Inversion | None = None
    error: Exception | None = None

    def result(self) -> Inversion:
        """What was learned, or raise why nothing was."""
        if self.inversion is None:
            raise self.error or RuntimeError("the session still trains")
        return self.inversion

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Whatever is raised inside concerns this member only."""
        try:
            yield
        except Exception as error:
            self.error = error


class Pack:
    """Sessions that share the passes of a base model."""

    def __init__(self, base: BaseModel, *, slots: int, fixed: bool | None = None) -> None:
        """``slots`` pictures a pass at most; with ``fixed`` always as many, the empty ones weighing nothing.

        Passes of one width give each job the same bits whoever else is there, and one shape is what compiled kernels
        want. On a processor an empty slot costs as much as a full one, so there the width follows the jobs.
        """
        self.base, self.slots = base, slots
        self.fixed = base.device.type == "cuda" if fixed is None else fixed
        self.members: list[Member] = []

    def room_for(self, batch_size: int) -> range | None:
        """The first free slots in a row that a batch fits into; an empty pack grows to any width."""
        if not self.members:
            self.slots = max(self.slots, batch_size)
        taken = {slot for member in self.members for slot in member.slots}
        starts = range(self.slots - batch_size + 1)
        places = (range(start, start + batch_size) for start in starts)
        return next((place for place in places if taken.isdisjoint(place)), None)

    def join(self, session: Session) -> Member:
        """Take a session in from the next step on, or raise :class:`NoRoom`."""
        slots = self.room_for(session.config.batch_size)
        if slots is None:
            raise NoRoom
        member = Member(session, slots)
        self.members.append(member)
        return member

    def step(self) -> list[Member]:
        """Make one step of every session, draw what is to be drawn, and return those that ended."""
        for member in self._training():
            with member.alone():
                member.session.before_step()
        self._pass(self._training())
        orders: dict[Member, Order | None] = {}
        for member in self._training():
            with member.alone():
                orders[member] = member.session.after_step()
        for member in self._over():
            with member.alone():
                orders[member] = member.session.finish()
        self._draw({member: order for member, order in orders.items() if order is not None})
        for member in self._over():
            with member.alone():
                member.inversion = member.session.inversion()
        ended = [member for member in self.members if member.error or member.inversion]
        self.members = [member for member in self.members if member not in ended]
        return ended

    def away(self, seconds: float) -> None:
        """Say that so long no steps were made, so that it does not count as slow steps."""
        for member in self.members:
            member.session.report.away += seconds

    def _well(self) -> Iterator[Member]:
        return (member for member in self.members if member.error is None)

    def _training(self) -> list[Member]:
        return [member for member in self._well() if not member.session.over]

    def _over(self) -> list[Member]:
        return [member for member in self._well() if member.session.over]

    def _pass(self, members: Sequence[Member]) -> None:
        """One pass for all of them. Where memory does not suffice, the one that came last goes and takes its slots along."""
        if not members:
            return
        runs = [member.session.run for member in members]
        try:
            if self.fixed:
                packing.step(self.base, runs, slots=[member.slots for member in members], width=self.slots)
            else:
                packing.step(self.base, runs)
            return
        except torch.OutOfMemoryError:
            *others, last = members
        except Exception as error:
            for member in members:
                member.error = error
            return
        # Tried again only here, where nothing holds what the failed pass had allocated.
        last.error = NoRoom() if others else OutOfMemory(last.session.config.batch_size)
        self.shrink()
        self._pass(others)

    def shrink(self) -> None:
        """Take in no more than train now, since memory does not suffice for more."""
        self.slots = max((slot + 1 for member in self._well() for slot in member.slots), default=1)

    def _draw(self, orders: dict[Member, Order]) -> None:
        begun = time.monotonic()
        try:
            previews.fill(self.base, list(orders.values()))
        except Exception as error:
            for member in orders:
                member.error = error
        for member, order in orders.items():
            member.error = member.error or order.error
        if orders:
            self.away(time.monotonic() - begun)
