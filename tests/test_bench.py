"""What the benchmarks write past the models is what the models would take."""

from __future__ import annotations

import pytest

from bench.rig import instance
from subscribers.models import Subscriber

pytestmark = pytest.mark.django_db


def test_the_readers_of_the_benchmarks_are_readers() -> None:
    instance.add_readers(2, first=1_000_000)
    for reader in Subscriber.objects.all():
        reader.full_clean()
    assert Subscriber.objects.count() == 2
