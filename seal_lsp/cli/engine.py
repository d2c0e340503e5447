"""`seal-lsp engine`: run the engine in this process until it is idle or told to stop.

Editors start it as `python -m seal_lsp.cli.engine`, which imports neither typer nor rich on its way.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seal_lsp.core.learning import WHERE

if TYPE_CHECKING:
    from seal_lsp.settings.schema import Settings

log = logging.getLogger(__name__)

HELP = {
    "socket": "Listen at this Unix socket; its folder must be closed to others (mode 0700).",
    "host": "Listen on TCP at this address instead; a bearer token is then asked of every client.",
    "port": "With --host; 0 chooses one.",
    "token_file": "File with the token, mode 0600; made when it does not exist. Needed when --host is not loopback.",
    "idle_exit": "Leave after so many seconds without requests, listeners and learning.",
    "model": "Serve this pulled model instead of the one in use; scripted:FILE (for tests) has rules, no weights.",
    "learner": "For tests: the command that learns, its argument being the cycle's folder.",
}


def run(
    *,
    socket: Path | None = None,
    host: str = "",
    port: int = 0,
    token_file: Path | None = None,
    idle_exit: float | None = None,
    model: str = "",
    learner: str = "",
) -> int:
    """Returns the exit code; raises SealError."""
    from seal_lsp.lm.heap import few_arenas

    few_arenas()
    from seal_lsp.cli.logs import configure
    from seal_lsp.store.paths import Paths

    paths = Paths.default()
    configure("engine", paths.log)
    from seal_lsp.engine.daemon import serve
    from seal_lsp.engine.engine import Engine
    from seal_lsp.engine.learner import LEARNER
    from seal_lsp.engine.model_host import resolve_model, server_address
    from seal_lsp.engine.yielding import machine_strain
    from seal_lsp.settings.load import load

    settings, problems = load()
    for problem in problems:
        log.warning("settings: %s", problem)
    spec = model or settings.model.id

    def make_engine() -> Engine:
        return Engine(
            paths,
            lambda: resolve_model(
                paths,
                spec,
                device=settings.model.device,
                threads=settings.engine.threads,
                runtime=settings.model.runtime,
                weights=settings.model.weights,
                server=server_address(settings.model) if settings.model.runtime == "remote" else None,
            ),
            learn=settings.learn.enabled,
            adjust=partial(adjusted, settings),
            learner_command=tuple(shlex.split(learner)) or LEARNER,
            strain=partial(machine_strain, on_battery=settings.learn.on_battery),
            without_editor=settings.learn.without_editor,
        )

    idle = settings.engine.idle_exit_s if idle_exit is None else idle_exit
    return serve(paths, make_engine, socket_path=socket, host=host, port=port, token_file=token_file, idle_exit_s=idle)


def adjusted(settings: Settings, overrides: dict) -> dict:
    """What a learner is told: the budgets of the engine's settings and of the editor's (`tokens_at_most`) are ceilings,
    of the recipe's tokens and of those that are asked for; the settings' device, runtime and weights are defaults."""
    ceiling = min(settings.learn.max_tokens, int(overrides.get("tokens_at_most", settings.learn.max_tokens)))
    where = {name: getattr(settings.model, name) for name in WHERE}
    where = {name: value for name, value in where.items() if value not in ("auto", "remote")}
    asked = {"tokens": min(int(overrides["tokens"]), ceiling)} if "tokens" in overrides else {}
    return {**where, **overrides, **asked, "tokens_at_most": ceiling}


def main(arguments: list[str] | None = None) -> int:
    """The fast way, without typer. Errors end as their exit code with one line on stderr."""
    from seal_lsp.core.errors import SealError

    parser = argparse.ArgumentParser("seal-lsp engine", description=__doc__.partition("\n")[0])
    for name, kind in (
        ("socket", Path),
        ("host", str),
        ("port", int),
        ("token_file", Path),
        ("idle_exit", float),
        ("model", str),
        ("learner", str),
    ):
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, help=HELP[name])
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        return run(**given)
    except SealError as error:
        print(f"seal-lsp engine: {error}", file=sys.stderr)
        return error.exit_code


def command(
    socket: Path | None = None,
    host: str = "",
    port: int = 0,
    token_file: Path | None = None,
    idle_exit: float | None = None,
    model: str = "",
) -> int:
    """Run the engine here until it is idle: at a Unix socket (--socket, or the usual one), or at --host and --port with
    a bearer token from --token-file (mode 0600; made on loopback). --model serves another pulled model."""
    return run(socket=socket, host=host, port=port, token_file=token_file, idle_exit=idle_exit, model=model)


if __name__ == "__main__":
    sys.exit(main())
