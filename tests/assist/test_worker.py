"""The analysis worker as a real process: it hangs, dies, fails and is told to stop."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from seal_lsp.assist.worker import AnalysisWorker, TaskCrashed, TaskTimeout

sys.path.insert(0, str(Path(__file__).parent))
import worker_tasks


@pytest.fixture
def worker(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    made = AnalysisWorker(worker_tasks.start, (str(tmp_path),))
    yield made
    made.close()


async def test_what_hangs_is_killed_and_the_next_task_runs(worker, tmp_path):
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3
    first = await worker.run(worker_tasks.pid, timeout=60)
    with pytest.raises(TaskTimeout, match="hang"):
        await worker.run(worker_tasks.hang, timeout=0.3)
    assert await worker.run(worker_tasks.pid, timeout=60) != first
    assert not psutil.pid_exists(first)
    assert worker.restarts == 1
    assert len((tmp_path / "starts").read_text().split()) == 2


async def test_what_dies_is_replaced(worker):
    with pytest.raises(TaskCrashed):
        await worker.run(worker_tasks.die, timeout=60)
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3


@pytest.mark.parametrize(("task", "error"), [(worker_tasks.fail, ValueError), (worker_tasks.late, TimeoutError)])
async def test_a_tasks_own_error_passes_through(worker, task, error):
    process = await worker.run(worker_tasks.pid, timeout=60)
    with pytest.raises(error):
        await worker.run(task, timeout=60)
    assert await worker.run(worker_tasks.pid, timeout=60) == process


async def test_an_answer_that_cannot_travel_is_an_error_not_the_end(worker):
    with pytest.raises(TaskCrashed):
        await worker.run(worker_tasks.unpicklable, timeout=60)
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3


async def test_cancelling_leaves_the_process_and_drops_what_waits(worker, tmp_path):
    process = await worker.run(worker_tasks.pid, timeout=60)
    ran, waited = tmp_path / "ran", tmp_path / "waited"
    running = asyncio.create_task(worker.run(worker_tasks.nap, 0.5, str(ran), timeout=60))
    await asyncio.sleep(0.2)
    waiting = asyncio.create_task(worker.run(worker_tasks.nap, 0, str(waited), timeout=60))
    await asyncio.sleep(0.1)
    waiting.cancel()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await worker.run(worker_tasks.pid, timeout=60) == process
    assert ran.exists()
    assert not waited.exists()


async def test_a_killed_idle_process_is_replaced(worker):
    process = psutil.Process(await worker.run(worker_tasks.pid, timeout=60))
    process.kill()
    await asyncio.sleep(1)
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3


async def test_a_process_that_nobody_hears_of_any_more_is_given_up(worker, monkeypatch):
    monkeypatch.setattr("seal_lsp.assist.worker.START_S", 1.0)
    process = psutil.Process(await worker.run(worker_tasks.pid, timeout=60))
    process.kill()
    await asyncio.to_thread(process.wait, 10)  # reaps it behind pebble's back
    with pytest.raises(TaskTimeout):
        await worker.run(worker_tasks.add, 1, 2, timeout=0.5)
    monkeypatch.setattr("seal_lsp.assist.worker.START_S", 60.0)
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3


async def test_rest_ends_the_process_until_it_is_needed(worker):
    process = await worker.run(worker_tasks.pid, timeout=60)
    await worker.rest()
    assert not psutil.pid_exists(process)
    assert await worker.run(worker_tasks.add, 1, 2, timeout=60) == 3


async def test_nothing_is_printed_to_our_stdout(worker, capfd):
    assert await worker.run(worker_tasks.shout, timeout=60) == 1
    worker.close()
    assert capfd.readouterr().out == ""


async def test_after_closing_every_task_is_refused(worker):
    await worker.run(worker_tasks.add, 1, 2, timeout=60)
    waiting = asyncio.create_task(worker.run(worker_tasks.hang, timeout=60))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(worker.close)
    with pytest.raises((TaskCrashed, TaskTimeout)):
        await asyncio.wait_for(waiting, 10)
    with pytest.raises(TaskCrashed):
        await worker.run(worker_tasks.add, 1, 2, timeout=60)


async def test_the_most_urgent_is_next(worker, tmp_path):
    order: list[str] = []

    async def run(name: str, urgency: int) -> None:
        await worker.run(worker_tasks.nap, 0.2, str(tmp_path / name), timeout=60, urgency=urgency)
        order.append(name)

    tasks = [asyncio.create_task(run("first", 5))]
    await asyncio.sleep(0.05)
    tasks += [asyncio.create_task(run(name, urgency)) for name, urgency in (("big", 9), ("small", 2), ("scan", 0))]
    await asyncio.sleep(0.05)
    tasks.append(asyncio.create_task(run("gone", 1)))
    await asyncio.sleep(0.05)
    tasks.pop().cancel()
    await asyncio.gather(*tasks)
    assert order == ["first", "scan", "small", "big"]
