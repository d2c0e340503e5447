"""The learning queue with a learner that is a real process: coalescing, outcomes, crashes, pausing, taking back."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import psutil
import pytest
from rule_model import BASE

from seal_lsp.core.errors import UsageError
from seal_lsp.core.library import LibraryId
from seal_lsp.core.protocol import CompleteRequest, RankRequest
from seal_lsp.engine.engine import NO_EDITOR
from seal_lsp.engine.events import EventHub
from seal_lsp.engine.learner import PHASES, overall
from seal_lsp.engine.yielding import TYPING


def starts(paths, cycle: str) -> int:
    file = paths.cycles / cycle / "starts"
    return len(file.read_text().splitlines()) if file.exists() else 0


def last_row(running, kind: str, library: str = "acme@1.0") -> dict:
    return running.engine.ledger.rows(subject=library, kind=kind)[-1].data


async def first_place(running, *libraries: str) -> tuple[str, str]:
    """Which name is ranked first, and under which adapter."""
    names = ("a", "throttle")
    reply = await running.client.rank(RankRequest("acme.", names, libraries))
    return max(zip(reply.scores, names, strict=True))[1], reply.adapter


async def test_what_is_learned_goes_live_between_two_requests(start, paths):
    async with start() as running:
        assert await first_place(running, "acme@1.0") == ("a", "")
        reply = await running.learn(prefers=["throttle"])
        assert reply.state == "queued"
        await running.settled()
        name, adapter = await first_place(running, "acme@1.0")
        assert name == "throttle"
        assert adapter
        assert await first_place(running, "acme@2.0") == ("a", "")
        assert await first_place(running) == ("a", "")
        completed = await running.client.complete(CompleteRequest("acme.", libraries=("other@1", "acme@1.0")))
        assert (completed.texts, completed.adapter) == (("throttle()",), adapter)

        (library,) = await running.client.libraries()
        assert (library.library, library.state, library.adapter) == ("acme@1.0", "live", adapter)
        assert (library.snippets, library.gain, library.learned_at) == (3, 0.5, "2026-11-22T00:00:00Z")
        detail = await running.client.learned("acme@1.0")
        assert (detail.adapter, detail.snippets_by_symbol) == (adapter, {"acme.run": 2})
        assert [case.gold for case in await running.client.probes("acme@1.0")] == ["run"]
        row = last_row(running, "activate")
        assert (row["adapter"], row["cycle"], row["replaces"]) == (adapter, reply.cycle, "")
        assert running.kinds("gate", "live", "problem") == ["gate", "live"]
        fractions = [event.data["fraction"] for event in running.events if event.kind == "progress"]
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] < fractions[-1] <= 1
        assert running.engine.ledger.verify().ok
        assert (await running.learn()).state == "live"
        niceness = (paths.cycles / reply.cycle / "starts").read_text().split()[1]
        assert niceness == "19"


@pytest.mark.parametrize(
    ("overrides", "state", "refused"),
    [
        ({"end": "rejected", "reasons": ["drift 0.2 > 0.08"]}, "rejected", "drift 0.2"),
        ({"end": "skipped", "reasons": ["known: 0.4 bits"]}, "known", "0.4 bits"),
        ({"end": "NothingToLearn"}, "known", "no evidence"),
        ({"end": 1}, "failed", "ended 3 times (exit 1)"),
        ({"end": 9}, "failed", "the disk is on fire"),
    ],
)
async def test_a_word_against_a_library_is_remembered(start, paths, overrides, state, refused):
    async with start() as running:
        reply = await running.learn(**overrides)
        await running.settled()
        assert starts(paths, reply.cycle) == (3 if overrides["end"] == 1 else 1)
        (library,) = await running.client.libraries()
        assert library.state == state
        assert any(refused in reason for reason in library.reasons)
        assert await first_place(running, "acme@1.0") == ("a", "")
    async with start() as running:  # another engine remembers it too
        again = await running.learn(reason="watch")
        assert again.state == "refused"
        assert refused in again.reason
        assert (await running.learn(prefers=["throttle"], reason="watch", force=True)).state == "queued"
        await running.settled()
        assert (await first_place(running, "acme@1.0"))[0] == "throttle"


async def test_requests_coalesce_and_keep_their_first_cause(start, paths, tmp_path):
    go = tmp_path / "go"
    async with start() as running:
        first = await running.learn("acme@1.0", reason="watch", wait_for=str(go))
        await running.until(running.trains)
        asked = ["acme@1.0 command", "beta@1 watch", "Beta@1 command", "acme@2.0 watch", "gamma@1 watch"]
        replies = [await running.learn(line.split()[0], reason=line.split()[1]) for line in asked]
        states = [reply.state for reply in replies]
        assert states == ["coalesced", "queued", "coalesced", "queued", "queued"]
        assert replies[0].cycle == first.cycle
        assert replies[2].cycle == replies[1].cycle
        status = await running.client.status()
        assert status.state == "learning"
        assert status.learning.library == "acme@1.0"
        assert status.queue == ("beta@1", "acme@2.0", "gamma@1")
        go.touch()
        await running.settled()
        causes = {r.subject: r.data for r in running.engine.ledger.rows(kind="cycle")}
        assert list(causes) == ["acme@1.0", "beta@1", "acme@2.0", "gamma@1"]
        assert json.loads((paths.cycles / replies[1].cycle / "job.json").read_text())["reason"] == "watch"
        assert starts(paths, first.cycle) == 1


async def test_many_at_once_are_one_cycle(start, paths):
    async with start() as running:
        replies = await asyncio.gather(*(running.learn() for _ in range(8)))
        assert sorted(reply.state for reply in replies) == ["coalesced"] * 7 + ["queued"]
        await running.settled()
        assert len(list(paths.cycles.iterdir())) == 1


@pytest.mark.parametrize("phase", ["known", "vet", "train", "gate"])
async def test_a_killed_learner_goes_on(start, paths, phase):
    async with start() as running:
        reply = await running.learn(end="kill", at=phase, times=2, prefers=["throttle"])
        await running.settled()
        assert (await first_place(running, "acme@1.0"))[0] == "throttle"
        assert starts(paths, reply.cycle) == 3
        before = [name for name in PHASES if name != "live"][: list(PHASES).index(phase)]
        assert {(paths.cycles / reply.cycle / f"done-{name}").read_text() for name in before} <= {"1"}


async def test_a_learner_that_dies_at_one_place_is_given_up(start, paths):
    async with start() as running:
        reply = await running.learn(end="kill", at="train", times=99)
        await running.settled()
        (library,) = await running.client.libraries()
        assert (library.state, starts(paths, reply.cycle)) == ("failed", 3)
        assert "signal 9" in library.reasons[0]
        assert "in phase train" in library.reasons[0]
        assert running.kinds("problem") == ["problem"]


async def test_an_engine_that_ends_leaves_its_queue_to_the_next(start, paths, tmp_path):
    go = tmp_path / "go"
    async with start() as running:
        first = await running.learn("acme@1.0", wait_for=str(go), prefers=["throttle"])
        second = await running.learn("beta@1", prefers=["b"])
        await running.until(
            lambda: running.engine.learning.learning and running.engine.learning.learning.phase == "train"
        )
    assert not (paths.cycles / first.cycle / "outcome.json").exists()
    assert not (paths.cycles / first.cycle / "error.json").exists()
    go.touch()
    async with start() as running:
        await running.until(lambda: (paths.cycles / second.cycle / "settled.json").exists())
        await running.settled()
        assert [library.state for library in await running.client.libraries()] == ["live", "live"]
        assert starts(paths, first.cycle) == 2


@pytest.mark.parametrize(("asked", "read"), [(("other@1", "acme@1.0"), ["acme."]), (("acme@2.0",), []), ((), [])])
async def test_what_was_asked_last_is_read_under_an_adapter_before_it_goes_live(start, model, asked, read):
    async with start() as running:
        await running.client.complete(CompleteRequest("acme.", libraries=asked))
        seen, plain = [], model.generate

        def generate(prompts, *, adapter=None, **options):
            live = running.engine.store.live(LibraryId("acme", "1.0"), BASE)
            seen.append((prompts[0], bool(adapter), live is not None))
            return plain(prompts, adapter=adapter, **options)

        model.generate = generate
        await running.learn(prefers=["throttle"])
        await running.settled()
        assert running.kinds("live", "problem") == ["live"]
        assert seen == [(prompt, True, False) for prompt in read]


async def test_what_is_written_ahead_does_not_hold_the_learner(start):
    async with start() as running:
        await running.client.complete(CompleteRequest("acme.", background=True))
        assert running.engine.learning.held == ""
        await running.client.complete(CompleteRequest("acme."))
        assert running.engine.learning.held == TYPING
        await running.until(lambda: running.engine.learning.held == "")


async def test_promoted_but_not_yet_live_is_ended_by_the_next_engine(start, paths):
    async with start() as running:
        reply = await running.learn(prefers=["throttle"])
        await running.settled()
    cycle = paths.cycles / reply.cycle
    (cycle / "settled.json").unlink()  # as if killed after install, before the pointer moved
    (adapter,) = running.engine.store.list(BASE)
    (adapter.folder.parent / "live.json").unlink()
    async with start() as running:
        await running.until(lambda: (cycle / "settled.json").exists())
        assert (await first_place(running, "acme@1.0"))[0] == "throttle"
        assert len(running.engine.ledger.rows(kind="activate")) == 1


async def test_pause_stops_the_learner_and_outlives_the_engine(start, paths, tmp_path):
    async with start() as running:
        reply = await running.learn(wait_for=str(tmp_path / "go"))
        await running.until(
            lambda: running.engine.learning.learning and running.engine.learning.learning.phase == "train"
        )
        learner = psutil.Process(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"])
        status = await running.client.pause()
        assert (status.state, status.kind, status.paused) == ("paused", "Inactive", True)
        await running.until(lambda: learner.status() == psutil.STATUS_STOPPED)
        assert [one.state for one in await running.client.libraries()] == ["paused"]
        assert (await running.client.rank(RankRequest("a", ("b",)))).scores == (-1.0,)
        (tmp_path / "go").touch()
    assert not learner.is_running()
    async with start() as running:
        status = await running.client.status()
        assert (status.paused, status.learning, status.queue) == (True, None, ("acme@1.0",))
        assert not running.engine.learning.busy
        assert not (await running.client.resume()).paused
        await running.settled()
        assert [one.state for one in await running.client.libraries()] == ["live"]


async def test_learning_waits_while_somebody_types(start, paths, tmp_path):
    async with start() as running:
        running.engine.yielding._quiet_s = 1.0  # a busy machine may look late
        reply = await running.learn(wait_for=str(tmp_path / "go"))
        await running.until(
            lambda: running.engine.learning.learning and running.engine.learning.learning.phase == "train"
        )
        learner = psutil.Process(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"])
        for _ in range(2):
            await running.client.rank(RankRequest("a", ("b",)))
            assert learner.status() == psutil.STATUS_STOPPED  # before the answer, not some time after it
            assert (await running.client.status()).state == "learning"
        await running.until(lambda: learner.status() != psutil.STATUS_STOPPED)

        await running.client.rank(RankRequest("a", ("b",)))
        await running.client.pause()
        await running.until(lambda: not running.engine.learning.held)
        assert learner.status() == psutil.STATUS_STOPPED, "the end of typing ended a pause"
        await running.client.resume()
        (tmp_path / "go").touch()
        await running.settled()


async def test_learning_waits_for_the_machine_and_says_so(start, paths, tmp_path):
    strain = ["the machine runs on battery"]
    async with start(strain=lambda: strain[0]) as running:
        running.engine.yielding._look_s = 0.05
        await running.until(lambda: running.engine.learning.held)
        reply = await running.learn(wait_for=str(tmp_path / "go"))
        await running.until(lambda: (paths.cycles / reply.cycle / "learner.json").exists())
        learner = psutil.Process(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"])
        await running.until(lambda: learner.status() == psutil.STATUS_STOPPED)
        assert "waits, the machine runs on battery" in (await running.client.status()).message
        strain[0] = ""
        (tmp_path / "go").touch()
        await running.settled()
        assert [one.state for one in await running.client.libraries()] == ["live"]


async def test_without_an_editor_learning_waits_for_one_where_the_setting_says_so(start, paths, tmp_path, monkeypatch):
    editors = [0]  # `running` listens as well
    monkeypatch.setattr(EventHub, "listeners", property(lambda hub: editors[0]))
    async with start(without_editor=False) as running:
        running.engine.yielding._look_s = 0.05
        await running.until(lambda: running.engine.learning.held == NO_EDITOR)
        reply = await running.learn(wait_for=str(tmp_path / "go"))
        await running.until(lambda: (paths.cycles / reply.cycle / "learner.json").exists())
        learner = psutil.Process(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"])
        for editors[0], stopped in ((0, True), (1, False), (0, True), (1, False)):
            await running.until(lambda wanted=stopped: (learner.status() == psutil.STATUS_STOPPED) == wanted)
        (tmp_path / "go").touch()
        await running.settled()
        assert [one.state for one in await running.client.libraries()] == ["live"]


async def test_forget_and_rollback(start, paths):
    async with start() as running:
        await running.learn(prefers=["throttle"])
        await running.settled()
        first = (await first_place(running, "acme@1.0"))[1]
        await running.learn(prefers=["throttle", "x"], force=True, reason="command")
        await running.settled()
        second = (await first_place(running, "acme@1.0"))[1]
        assert second not in ("", first)
        assert running.model.read_under(second) == 1  # before it went live, while it was asked about under the first
        (library,) = await running.client.libraries()
        assert (library.adapter, library.previous) == (second, first)

        back = await running.client.rollback("acme@1.0")
        assert (back.live, await first_place(running, "acme@1.0")) == (first, ("throttle", first))
        assert running.model.read_under(first) == 1
        assert second not in running.model.adapters()
        assert last_row(running, "rollback") == {"from": second, "to": first, "base": BASE}

        gone = await running.client.forget("acme@1.0")
        assert (gone.live, sorted(gone.removed)) == ("", sorted((first, second)))
        assert await first_place(running, "acme@1.0") == ("a", "")
        assert not running.model.adapters()
        assert running.engine.store.list() == ()
        assert list(paths.cycles.iterdir()) == []
        assert sorted(last_row(running, "forget")["adapters"]) == sorted((first, second))
        assert await running.client.libraries() == ()
        assert running.kinds("live", "rolled_back", "forgotten") == ["live", "live", "rolled_back", "forgotten"]
        with pytest.raises(UsageError):
            await running.client.learned("acme@1.0")

        refused = await running.learn(reason="watch")  # the watcher must not undo what the user did
        assert (refused.state, "forget" in refused.reason) == ("refused", True)
        assert (await running.learn(reason="command")).state == "queued"
        await running.settled()
        assert (await running.client.rollback("acme@1.0")).live == ""
        assert (await running.client.rollback("acme@1.0")).live == ""


def folders(cycle) -> set[str]:
    return {path.name for path in cycle.iterdir() if path.is_dir()}


@pytest.mark.parametrize(
    ("end", "gone"),
    [
        ("promoted", ["checkpoints", "weights"]),
        ("rejected", ["adapter", "checkpoints", "weights"]),
        (9, ["checkpoints", "weights"]),
    ],
)
async def test_weights_of_a_settled_cycle_go_and_its_records_stay(start, paths, tmp_path, end, gone):
    async with start() as running:
        reply = await running.learn(end=end)
        cycle = paths.cycles / reply.cycle
        await running.settled()
        assert folders(cycle) == set()
        assert {"job.json", "settled.json"} < {path.name for path in cycle.iterdir()}
        assert (cycle / "outcome.json").exists() == (end != 9)
        row = last_row(running, "prune")
        assert (row["cycle"], row["folders"]) == (reply.cycle, gone)
        assert row["bytes"] >= 200
        other = await running.learn("beta@1", wait_for=str(tmp_path / "never"))
        await running.until(running.trains)
    unfinished = paths.cycles / other.cycle
    (cycle / "weights").mkdir()  # as if killed after the row was written
    (cycle / "weights" / "w.bin").write_bytes(b"half")
    async with start() as running:
        await running.until(lambda: not (cycle / "weights").exists())
        assert len(running.engine.ledger.rows(kind="prune")) == 1
        assert folders(unfinished) == {"checkpoints", "weights"}
        assert running.engine.ledger.verify().ok


async def test_adapters_that_nothing_goes_back_to_are_deleted(start, paths):
    digests = []
    async with start() as running:
        for day in range(1, 6):
            await running.learn(force=True, prefers=["throttle"], created=f"2026-11-0{day}T00:00:00Z")
            await running.settled()
            digests.append((await first_place(running, "acme@1.0"))[1])
        assert len(set(digests)) == 5
        assert {adapter.digest for adapter in running.engine.store.list(BASE)} == set(digests[2:])
        assert set(running.model.adapters()) <= set(digests[2:])
        rows = [row.data for row in running.engine.ledger.rows(kind="prune") if "adapter" in row.data]
        assert [(row["adapter"], row["base"]) for row in rows] == [(digest, BASE) for digest in digests[:2]]
        assert all(row["bytes"] for row in rows)
        assert [(await running.client.rollback("acme@1.0")).live for _ in range(3)] == [digests[3], digests[2], ""]


async def test_a_forget_that_was_killed_is_ended_by_the_next_engine(start, paths):
    async with start() as running:
        reply = await running.learn()
        await running.settled()
    (paths.cycles / reply.cycle).rename(paths.cycles / f".gone-{reply.cycle}")
    async with start() as running:
        await running.until(lambda: not list(paths.cycles.iterdir()))
        assert (await running.learn(reason="command")).state == "live"


async def test_forget_stops_what_is_being_learned(start, paths, tmp_path):
    async with start() as running:
        reply = await running.learn("acme@1.0", wait_for=str(tmp_path / "never"))
        await running.learn("beta@1", prefers=["b"])
        await running.until(
            lambda: running.engine.learning.learning and running.engine.learning.learning.phase == "train"
        )
        learner = psutil.Process(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"])
        await running.client.forget("acme@1.0")
        assert not learner.is_running()
        await running.settled()
        assert [(one.library, one.state) for one in await running.client.libraries()] == [("beta@1", "live")]


async def test_versions_never_touch_each_other(start):
    async with start() as running:
        await running.learn("acme@1.0", prefers=["throttle"])
        await running.settled()
        old = (await first_place(running, "acme@1.0"))[1]
        assert (await running.learn("acme@2.0", reason="upgrade", prefers=["throttle"])).state == "queued"
        await running.settled()
        new = (await first_place(running, "acme@2.0"))[1]
        assert (await first_place(running, "acme@1.0"))[1] == old != new
        assert running.kinds("unrouted") == ["unrouted"]
        row = last_row(running, "unroute", "acme@1.0")
        assert (row["adapter"], row["instead"], row["environment"]) == (old, "acme@2.0", "/venv")
        await running.client.forget("acme@2.0")
        assert (await first_place(running, "acme@1.0"))[1] == old


async def test_the_nearest_library_that_is_live_wins(start):
    async with start() as running:
        for library in ("acme@1.0", "beta@1"):
            await running.learn(library, prefers=["throttle"])
        await running.settled()
        acme, beta = (await first_place(running, "acme@1.0"))[1], (await first_place(running, "beta@1"))[1]
        for libraries, expected in (
            (("beta@1", "acme@1.0"), beta),
            (("acme@1.0", "beta@1"), acme),
            (("unknown@3", "beta@1"), beta),
            (("nonsense", "", "acme@1.0"), acme),
            (("acme@1.1",), ""),
        ):
            assert (await first_place(running, *libraries))[1] == expected


async def test_wrong_library_controls_and_parent_travel_with_the_job(start, paths):
    async with start() as running:
        await running.learn("acme@1.0")
        await running.learn("acme@2.0")
        await running.settled()
        folders = {str(a.library): str(a.folder) for a in running.engine.store.all_live(BASE)}
        reply = await running.learn("beta@1")
        again = await running.learn("acme@1.0", force=True)
        await running.settled()
        beta = json.loads((paths.cycles / reply.cycle / "job.json").read_text())
        assert sorted(beta["wrong_adapters"]) == sorted((folders["acme@1.0"], folders["acme@2.0"]))
        assert (beta["parent"], beta["model"]) == ("", "rules")
        acme = json.loads((paths.cycles / again.cycle / "job.json").read_text())
        (other,) = acme["wrong_adapters"]
        assert "beta@1" in other
        assert acme["parent"]


async def test_a_damaged_adapter_is_not_loaded_and_said_once(start):
    async with start() as running:
        await running.learn(prefers=["throttle"])
        await running.settled()
    (adapter,) = running.engine.store.list(BASE)
    adapter.weights.write_bytes(b'{"preferences": {"throttle": 0.9}}')
    for digest in running.model.adapters():
        running.model.unload_adapter(digest)
    async with start() as running:
        for _ in range(3):
            assert await first_place(running, "acme@1.0") == ("a", "")
        assert not running.model.adapters()
        await running.until(lambda: running.kinds("problem"))
        (event,) = [event for event in running.events if event.kind == "problem"]
        assert (event.data["type"], event.data["library"]) == ("StoreDamaged", "acme@1.0")
        assert len(running.engine.ledger.rows(kind="damaged")) == 1
        await running.client.forget("acme@1.0")
        await running.learn(reason="command", prefers=["throttle"])
        await running.settled()
        assert (await first_place(running, "acme@1.0"))[0] == "throttle"


async def test_learning_switched_off_still_obeys_a_command(start):
    async with start(learn=False) as running:
        assert (await running.learn(reason="watch")).state == "refused"
        assert (await running.learn(reason="command")).state == "queued"
        await running.settled()


async def test_the_engine_adjusts_what_a_learner_is_told(start, paths):
    async with start(adjust=lambda asked: {**asked, "tokens": 5}) as running:
        reply = await running.learn()
        await running.settled()
        assert json.loads((paths.cycles / reply.cycle / "job.json").read_text())["overrides"]["tokens"] == 5


async def test_a_signal_from_outside_to_the_learner_is_no_end(start, paths, tmp_path):
    async with start() as running:
        reply = await running.learn(wait_for=str(tmp_path / "go"))
        await running.until(
            lambda: running.engine.learning.learning and running.engine.learning.learning.phase == "train"
        )
        os.kill(json.loads((paths.cycles / reply.cycle / "learner.json").read_text())["pid"], signal.SIGTERM)
        await running.until(lambda: starts(paths, reply.cycle) == 2)
        (tmp_path / "go").touch()
        await running.settled()
        assert (await running.client.libraries())[0].state == "live"


@pytest.mark.parametrize(
    ("phase", "fraction", "expected"),
    [
        ("known", 0.0, 0.0),
        ("train", 0.0, 0.18),
        ("train", 1.0, 0.88),
        ("live", 1.0, 1.0),
        ("gate", 7.0, 0.99),
        ("?", 1, 0.0),
    ],
)
def test_overall(phase, fraction, expected):
    assert overall(phase, fraction) == pytest.approx(expected)
    assert sum(PHASES.values()) == pytest.approx(1.0)
