"""The command line: the command groups are put together here, and every failure becomes its exit code here.

Commands raise `SealError`s and know nothing of exit codes; heavy imports happen inside the commands.
"""

from __future__ import annotations

import errno
import logging
from typing import Annotated

import typer

from seal_lsp.cli import (
    audit,
    bench,
    complete,
    demo,
    doctor,
    engine,
    eval,
    forget,
    hover,
    improve_writer,
    learn,
    libraries,
    model,
    pause,
    rollback,
    settings,
    stats,
    status,
    vet_report,
)
from seal_lsp.cli.entry import DEFAULT_HOST, DEFAULT_PORT
from seal_lsp.cli.logs import configure_console
from seal_lsp.cli.output import EPILOG, report, report_error
from seal_lsp.core.errors import NoSpaceLeft, SealError

log = logging.getLogger(__name__)

app = typer.Typer(
    name="seal-lsp",
    help="A language server that learns the libraries you use. Without a command it serves an editor on stdio.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for name, function in {
    "learn": learn.command,
    "forget": forget.command,
    "rollback": rollback.command,
    "pause": pause.pause,
    "resume": pause.resume,
    "stop": pause.stop,
    "libraries": libraries.command,
    "complete": complete.command,
    "hover": hover.command,
    "status": status.command,
    "stats": stats.command,
    "settings": settings.command,
    "engine": engine.command,
    "demo": demo.command,
    "doctor": doctor.command,
    "improve-writer": improve_writer.command,
    "vet-report": vet_report.vet_report,
}.items():
    app.command(name, epilog=EPILOG)(function)

app.add_typer(audit.app, name="audit")
app.add_typer(bench.app, name="bench")
app.add_typer(eval.app, name="eval")
app.add_typer(model.app, name="model")


@app.command(epilog=EPILOG)
def serve(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak LSP on stdin and stdout (the default).")] = False,
    tcp: Annotated[bool, typer.Option("--tcp", help="Listen on a TCP port.")] = False,
    ws: Annotated[bool, typer.Option("--ws", help="Listen for WebSockets.")] = False,
    host: Annotated[str, typer.Option(help="With --tcp and --ws.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --tcp and --ws.")] = DEFAULT_PORT,
) -> None:
    """Serve an editor; the bare `seal-lsp` does the same, faster."""
    from seal_lsp.cli.serve import start

    if stdio + tcp + ws > 1:
        raise typer.BadParameter("give one of --stdio, --tcp, --ws")
    raise typer.Exit(start("tcp" if tcp else "ws" if ws else "stdio", host, port))


# Click's, or typer's own copy of it: the tree is the same, the place differs between typer's versions.
_Wrong = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit code, having told of any failure."""
    configure_console()
    as_json = "--json" in arguments
    try:
        ended = app(args=arguments, prog_name="seal-lsp", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except SealError as error:
        return report_error(error, as_json)
    except _Wrong as error:
        hint = getattr(getattr(error, "ctx", None), "command_path", "seal-lsp") + " --help tells how"
        return report("UsageError", error.format_message(), hint, 2, as_json)
    except (KeyboardInterrupt, typer.Abort):
        return report("Interrupted", "interrupted", "", 130, as_json)
    except BrokenPipeError:  # `seal-lsp audit export | head`: the reader has had enough
        return 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return report_error(NoSpaceLeft(str(error), hint="make room and run the command again"), as_json)
        return report(type(error).__name__, str(error), "", 1, as_json)
    except Exception as error:
        log.error("a defect in seal-lsp", exc_info=error)
        hint = "this is a defect: please report it with the text above"
        return report(type(error).__name__, str(error), hint, 1, as_json)
