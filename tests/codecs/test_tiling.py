"""Tiles side by side, and the number of torch threads that everyone else has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
import torch

from provenance.codecs.learned.tiling import Region, for_each_tile

USUAL = 3


@pytest.fixture(autouse=True)
def usual_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(USUAL)
    yield
    torch.set_num_threads(threads)


def in_new_thread(work: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def test_every_place_is_worked_on_once() -> None:
    seen = torch.zeros(50, 70)

    def work(region: Region) -> None:
        region.of(seen).add_(1)

    for_each_tile(50, 70, 16, work)
    assert bool((seen == 1).all())


def test_tiles_have_one_thread_each_and_all_others_what_they_had() -> None:
    together, found = Barrier(USUAL), []

    def work(_: Region) -> None:
        together.wait(60)
        found.append((torch.get_num_threads(), in_new_thread(torch.get_num_threads)))

    for_each_tile(16 * USUAL, 16, 16, work)
    assert found == [(1, USUAL)] * USUAL
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == USUAL


def test_an_error_in_a_tile_is_told_and_changes_no_number() -> None:
    def work(region: Region) -> None:
        if region.top:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        for_each_tile(64, 64, 16, work)
    assert torch.get_num_threads() == in_new_thread(torch.get_num_threads) == USUAL


def test_calls_that_overlap_keep_their_callers_numbers() -> None:
    first_began, second_ended = Event(), Event()

    def long(_: Region) -> None:
        first_began.set()
        assert second_ended.wait(60)

    def call(work: Callable[[Region], None]) -> int:
        for_each_tile(32, 32, 16, work)
        return torch.get_num_threads()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(call, long)
        assert first_began.wait(60)
        second = pool.submit(call, lambda _: None).result()
        second_ended.set()
        assert (first.result(), second) == (USUAL, USUAL)
    assert in_new_thread(torch.get_num_threads) == USUAL
