"""The learner process: `python -m seal_lsp.pipeline.learner FOLDER` runs the cycle of FOLDER/job.json and exits.

Speaks JSON lines {"phase", "fraction", "message"} on stdout and nothing else there. SIGTERM stops it after the step
under way (exit 75); the same command goes on from there, also after a SIGKILL. Knows no engine: it leaves files.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from seal_lsp.core.errors import ModelError, SealError, UsageError
from seal_lsp.core.learning import WHERE, LearnJob
from seal_lsp.pipeline import records
from seal_lsp.store.disk import write_atomic

log = logging.getLogger("seal_lsp.learner")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code that the process ends with."""
    arguments = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1:
        log.error("usage: python -m seal_lsp.pipeline.learner FOLDER")
        return UsageError.exit_code
    lines = _own_stdout()
    cancel = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: cancel.set())

    def say(record: dict) -> None:
        try:
            print(json.dumps(record), file=lines, flush=True)
        except BrokenPipeError:  # the engine is gone: stop where the next one can go on
            cancel.set()

    return learn(Path(arguments[0]), say, cancel)


def learn(folder: Path, say, cancel: threading.Event) -> int:
    """Run the cycle; outcome.json or error.json tells how it ended."""
    (folder / "error.json").unlink(missing_ok=True)
    try:
        job = _job(folder)
        outcome = _run(job, folder, lambda p, f, m: say({"phase": p, "fraction": round(f, 4), "message": m}), cancel)
        write_atomic(folder / "outcome.json", json.dumps(outcome.as_dict(), ensure_ascii=False))
        return 0
    except SealError as error:
        if error.exit_code != 75:
            _leave_error(folder, type(error).__name__, error.message, error.hint, error.exit_code)
        log.warning("%s", error)
        return error.exit_code
    except Exception as error:
        log.exception("the cycle failed")
        _leave_error(folder, type(error).__name__, str(error), "see the engine's log", 1)
        return 1


def _run(job: LearnJob, folder: Path, progress, cancel: threading.Event):
    """Composition: the real parts, made here and handed to the cycle."""
    from seal_lsp.collect.package_index import fetch_sdist
    from seal_lsp.languages.registry import language_for
    from seal_lsp.lm.registry import ModelRegistry
    from seal_lsp.pipeline import cycle
    from seal_lsp.pipeline.fit import fit_with
    from seal_lsp.store.api_index import ApiIndex
    from seal_lsp.store.ledger import Ledger
    from seal_lsp.store.paths import Paths
    from seal_lsp.store.writers import Writers

    paths = Paths.default()
    registry = ModelRegistry(paths)
    model = registry.find(job.model)
    if model is None:
        raise ModelError(f"the model {job.model} is not here", hint=f"seal-lsp model pull {job.model}")
    device, runtime, weights = (str(job.overrides.get(name, "auto")) for name in WHERE)

    def load(**options):
        # torch, transformers and peft take seconds to import: a job that is refused never waits for them.
        from seal_lsp.lm.load import load as load_now

        return load_now(model, device=device, weights=weights, **options)

    writers = Writers(paths.writers)
    tools = cycle.Tools(
        language=language_for("python"),
        open_model=partial(load, runtime=runtime),
        fit=fit_with(partial(load, training=True), paths.rehearsals),
        index=ApiIndex(paths.index),
        ledger=Ledger(paths.ledger),
        now=lambda: datetime.now(UTC).isoformat(timespec="seconds"),
        recorded_mix=lambda library: writers.mix_for(library, model.digest),
        writer=writers.current(model.digest),
        fetch_sdist=partial(fetch_sdist, folder=paths.sdists),
    )
    return cycle.run(job, folder, tools, progress=progress, cancel=cancel)


def _job(folder: Path) -> LearnJob:
    try:
        return records.job_from(json.loads((folder / "job.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder / 'job.json'} is not a learning job: {error}", hint="the engine writes it"
        ) from error


def _leave_error(folder: Path, kind: str, message: str, hint: str, code: int) -> None:
    try:
        record = {"type": kind, "message": message, "hint": hint, "exit_code": code}
        write_atomic(folder / "error.json", json.dumps(record, ensure_ascii=False))
    except (OSError, SealError):
        log.exception("the error could not be recorded")


def _own_stdout():
    """Keep stdout for the protocol; whatever prints goes to stderr."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return lines


if __name__ == "__main__":
    sys.exit(main())
