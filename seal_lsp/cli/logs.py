"""Where log lines go: the one place in the project that configures logging.

stdout belongs to the protocol and to `--json`, so nothing is ever logged there. The server and the engine write to a
rotating file in the cache folder and warnings to stderr; `SEAL_LOG` (DEBUG, INFO ...) says from which level on.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path

FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
NOISY = ("pygls", "httpx", "httpcore", "asyncio", "watchfiles", "parso", "jedi", "urllib3", "filelock", "sse_starlette")


def configure(process: str, folder: Path | None = None) -> None:
    """`process` names the file (server.log, engine.log); with no folder given, the one of `Paths.default()`."""
    level = logging.getLevelNamesMapping().get(os.environ.get("SEAL_LOG", "INFO").upper(), logging.INFO)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    handlers[0].setLevel(max(level, logging.WARNING))
    warnings.filterwarnings("ignore", module="platformdirs")  # a machine without XDG_RUNTIME_DIR is not a fault
    problem = ""
    try:
        handlers.append(_file(process, folder))
    except OSError as error:
        problem = f"no log file: {error}"
    logging.basicConfig(level=level, format=FORMAT, handlers=handlers, force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)  # at INFO pygls prints whole payloads: the user's code
    if problem:
        logging.getLogger(__name__).warning(problem)


def configure_console() -> None:
    """For commands: warnings only, on stderr."""
    warnings.filterwarnings("ignore", module="platformdirs")
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")  # PEFT's to heed, not the user's
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr, force=True)


def _file(process: str, folder: Path | None) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    if folder is None:
        from seal_lsp.store.paths import Paths

        folder = Paths.default().log
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{process}.log"
    return RotatingFileHandler(file, maxBytes=2_000_000, backupCount=2, encoding="utf-8", delay=True)
