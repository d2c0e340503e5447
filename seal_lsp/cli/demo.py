"""`seal-lsp demo`: the whole loop on one library in a scratch project, driven over LSP as an editor drives it.

Everything below `OUT/demo` is made anew; only the model weights are the user's. What is shown is what the server and
the engine answer: nothing here computes a score itself (measure/ does) or decides (the gate does).
"""

from __future__ import annotations

import asyncio
import contextlib
import json as jsonlib
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seal_lsp.cli.complete import menu, settled_menu
from seal_lsp.cli.demo_report import Screen, report
from seal_lsp.cli.learn import decided
from seal_lsp.cli.lsp_client import Editor
from seal_lsp.cli.output import Json, err, show
from seal_lsp.cli.output import out as stdout
from seal_lsp.cli.private_home import private_home, stop_engine
from seal_lsp.core.errors import Cancelled, GateRejected, NothingToLearn, SealError, UsageError
from seal_lsp.core.library import LibraryId

if TYPE_CHECKING:
    from seal_lsp.cli.demo_project import Place, Project
    from seal_lsp.core.learning import Case, CycleOutcome
    from seal_lsp.core.protocol import Status, UsageLineReply
    from seal_lsp.store.paths import Paths

ANSWER_TOKENS = 32
ANSWERED = 12
PREFIX_CHARACTERS = 820  # about 256 tokens of code
MENU = 5
MODEL_WAIT_S = 120.0
NOTICE_WAIT_S = 90.0
HOVER_WAIT_S = 30.0
PATIENCE_MS = 120_000  # a number must not be lost to another program that has the processor for a while


@dataclass(frozen=True)
class Options:
    library: LibraryId
    out: Path
    cases: tuple[Case, ...] = ()
    case_file: Path | None = None
    budget_tokens: int | None = None
    pip_options: tuple[str, ...] = ()


def command(
    lib: Annotated[str, typer.Option("--lib", help="name==version of a pure-Python library.")] = "throttled-py==3.3.1",
    out: Annotated[Path, typer.Option(help="Folder for the scratch project and demo.json.")] = Path("build"),
    cases: Annotated[Path | None, typer.Option(help="Measure at the places of this case file instead.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=1000, help="The most tokens to train on.")] = None,
    pip_option: Annotated[list[str] | None, typer.Option(help="An option for pip install; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """The whole loop: install, notice, learn, gate, serve. Exit 3 when the gate rejects the adapter."""
    from seal_lsp.measure.cases import load_cases

    options = Options(
        library=LibraryId.parse(lib),
        out=out.absolute(),
        cases=tuple(load_cases(cases)) if cases else (),
        case_file=cases.absolute() if cases else None,
        budget_tokens=budget_tokens,
        pip_options=tuple(pip_option or ()),
    )
    others = sorted(
        {f"{c.library}=={c.version}" for c in options.cases} - {f"{options.library.name}=={options.library.version}"}
    )
    if others:
        raise UsageError(f"{cases} has places of {', '.join(others)}", hint=f"give its library: LIB={others[0]}")
    result, outcome = run(options, Screen(err() if json else stdout()))
    show(result, json, lambda console: None)
    why = "; ".join(outcome.reasons)
    if outcome.status == "rejected":
        raise typer.Exit(GateRejected.exit_code)
    if outcome.status != "promoted":
        raise NothingToLearn(f"{options.library} was not learned: {why}")


def run(options: Options, screen: Screen) -> tuple[dict[str, Any], CycleOutcome]:
    """The demo without the command line around it. Returns what it wrote to demo.json, and how learning ended."""
    return asyncio.run(_run(options, screen))


async def _run(options: Options, screen: Screen) -> tuple[dict[str, Any], CycleOutcome]:
    folder = options.out / "demo"
    environ = {"SEAL_HOME": str(folder / "home")}
    if options.budget_tokens:
        environ["SEAL_LEARN__MAX_TOKENS"] = str(options.budget_tokens)
    paths = await _fresh_home(folder)
    screen.section(f"a scratch project with its own environment, {options.library} in it")
    project = await _set_up(options, folder, paths)
    screen.line(f"{project.root}: {len(project.surface.symbols)} names in the library's API")
    screen.line(f"main.py, from {project.origin}:")
    screen.block(project.text)
    demo = _Demo(options, screen, paths, project)
    editor = Editor(configuration=_settings(options))
    task = asyncio.current_task()
    with contextlib.suppress(NotImplementedError):  # Windows
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await demo.run(editor, environ)
    except asyncio.CancelledError:
        raise Cancelled("the demo was stopped; nothing that it started goes on") from None
    finally:
        await editor.close_window()
        await stop_engine(paths)


class _Demo:
    """One conversation, in the order in which it is shown."""

    def __init__(self, options: Options, screen: Screen, paths: Paths, project: Project) -> None:
        from seal_lsp.cli.demo_project import hover_place, places
        from seal_lsp.languages.python.support import Python

        self.options = options
        self.screen = screen
        self.paths = paths
        self.project = project
        self.language = Python()
        self.library = str(options.library)
        self.places = places(project.text, project.surface, self.language)
        self.hover_at = hover_place(project.text, project.surface, self.language)

    async def run(self, editor: Editor, environ: dict[str, str]) -> tuple[dict[str, Any], CycleOutcome]:
        from seal_lsp.client.start import known_client

        self.editor = editor
        self.screen.section("an editor starts seal-lsp over stdio and opens main.py")
        began = self.screen.seconds
        await editor.open_window(self.project.root, environ=environ)
        self.screen.line(f"initialize answered after {1000 * (self.screen.seconds - began):.0f} ms")
        # Learning waits until the `before` half has been shown: it would take the processor from it.
        _no_error(await editor.command("seal.pause"))
        self.uri = editor.open_file(self.project.file, self.project.text)
        async with known_client(self.paths) as client:
            self.client = client
            await self._wait(lambda s: s.model and s.runtime, MODEL_WAIT_S, "the model did not load")
            menus_before, hover_before = await self._look("before", learned=False)
            before = await self._measure(self.options.cases, ()) if self.options.cases else {}
            outcome = await self._learn()
            promoted = outcome.status == "promoted"
            menus_after, hover_after = await self._look("after, in the same server", learned=promoted)
            self._changes(menus_before, menus_after)
            before, after = await self._arms(before, outcome)
            ledger = self._ledger()
        result = report(
            outcome, before, after, {"before": hover_before, "after": hover_after}, ledger, self.screen.seconds
        )
        target = self.options.out / "demo.json"
        target.write_text(jsonlib.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        self.screen.section(f"{outcome.status}; the numbers are in {target}")
        return result, outcome

    async def _look(self, when: str, *, learned: bool) -> tuple[list[tuple[str, str, list[str]]], str]:
        """Menus at the places and the hover, as the editor gets them."""
        self.screen.section(f"completions and a hover, {when}")
        rows = [(self._typed(place), place.name, await self._menu(place)) for place in self.places]
        self.screen.menus("menus, best first; [name] is what stands in the file:", rows)
        hover = await self._hover(learned=learned)
        if hover:
            self.screen.line(f"hover on {self.hover_at[0]}:")
            self.screen.block(hover)
        return rows, hover

    async def _menu(self, place: Place) -> list[str]:
        self.editor.replace(self.uri, place.text)
        try:
            answer = await settled_menu(self.editor, self.uri, place.line, place.column)
            return [item["label"] for item in menu(answer)[:MENU]]
        finally:
            self.editor.replace(self.uri, self.project.text)

    async def _hover(self, *, learned: bool) -> str:
        """The static part is there at once; the model's line is prepared in the background, for the next hover."""
        if self.hover_at is None:
            return ""
        name, line, column = self.hover_at
        text = await self.editor.hover(self.uri, line, column)
        if not learned:
            return text
        reply = await self._usage_line(name)
        if reply.state == "ready":
            await asyncio.sleep(0.2)
            return await self._settled_hover(line, column, text)
        self.screen.line(f"no usage line by the model: {reply.reason or reply.state}")
        return text

    async def _settled_hover(self, line: int, column: int, text: str) -> str:
        """The server has the line as soon as it has asked once more."""
        for _ in range(20):
            found = await self.editor.hover(self.uri, line, column)
            if found != text:
                return found
            await asyncio.sleep(0.2)
        return text

    async def _usage_line(self, name: str) -> UsageLineReply:
        from seal_lsp.client.wire import environment_to_dict
        from seal_lsp.core.protocol import UsageLineRequest

        request = UsageLineRequest(self.library, name, environment_to_dict(self.project.environment))
        end = self.screen.seconds + HOVER_WAIT_S
        reply = await self.client.usage_line(request)
        while reply.state == "preparing" and self.screen.seconds < end:
            await asyncio.sleep(0.5)
            reply = await self.client.usage_line(request)
        return reply

    async def _learn(self) -> CycleOutcome:
        self.screen.section("the watcher notices the import by itself")
        status = await self._wait(
            lambda s: self.library in s.queue, NOTICE_WAIT_S, f"the watcher did not ask for {self.library}"
        )
        self.screen.line(f"in the engine's queue: {', '.join(status.queue)}")
        self.screen.section("learning, as the editor's progress shows it")
        self.editor.on_progress = lambda token, value: self.screen.progress(value)
        _no_error(await self.editor.command("seal.resume"))
        async for event in self.client.events(reconnect=False):
            if event.kind == "problem" and event.data.get("library") == self.library:
                raise SealError(event.data.get("message", "learning failed"), hint=event.data.get("hint", ""))
            if event.kind == "status" and decided(await self.client.status(), self.library):
                break
        self.editor.on_progress = None
        outcome = self._cycle()[0]
        self.screen.section("the gate")
        edits = outcome.self_edits
        if edits:
            rejected = ", ".join(f"{reason} {n}" for reason, n in sorted(edits.get("rejected", {}).items())) or "none"
            self.screen.line(f"self-edits: {edits['written']} written, {edits['kept']} kept, rejected: {rejected}")
        if outcome.train:
            train = outcome.train
            self.screen.line(
                f"trained {train['steps']} steps, {train['tokens']} tokens, {train['seconds']:.1f} s, "
                f"at most {train['peak_rss_mb']} MB"
            )
        self.screen.gate(outcome)
        return outcome

    def _cycle(self) -> tuple[CycleOutcome, tuple[Case, ...]]:
        """How the newest cycle of the library ended, and its held-out places."""
        from seal_lsp.engine.cycles import all_cycles

        for cycle in reversed(all_cycles(self.paths.cycles)):
            outcome = cycle.outcome()
            if cycle.library == self.options.library and outcome is not None:
                return outcome, cycle.probes()
        raise SealError(f"the engine left no outcome for {self.library}", hint=f"see {self.paths.log}")

    async def _arms(self, before: dict[str, Any], outcome: CycleOutcome) -> tuple[dict[str, Any], dict[str, Any]]:
        """Base and adapter at the same places. When nothing went live the base is served on: `after` is `before`."""
        cases = self.options.cases or self._cycle()[1]
        source = "places of the case file" if self.options.cases else "held-out places"
        self.screen.section(f"measured at {len(cases)} {source}")
        before = before or await self._measure(cases, ())
        after = await self._measure(cases, (self.library,)) if outcome.status == "promoted" else dict(before)
        self.screen.arms(source, before, after)
        if outcome.status != "promoted":
            self.screen.line("no adapter went live: what is served is what was served before")
        return before, after

    async def _measure(self, cases: Sequence[Case], libraries: tuple[str, ...]) -> dict[str, Any]:
        """One arm. Every place is ranked; answers are written at `ANSWERED` of them, since they take the most time."""
        from seal_lsp.core.protocol import CompleteRequest, RankRequest
        from seal_lsp.measure.evaluate import evaluate, is_valid_answer, share

        async def rank(prefix: str, candidates: tuple[str, ...]) -> Sequence[float]:
            reply = await self.client.rank(RankRequest(prefix[-PREFIX_CHARACTERS:], candidates, libraries, PATIENCE_MS))
            _same_arm(reply.adapter, libraries)
            return reply.scores

        async def answer(prefix: str) -> str:
            shown = prefix[-PREFIX_CHARACTERS:]
            request = CompleteRequest(shown, "", libraries, max_tokens=ANSWER_TOKENS, deadline_ms=PATIENCE_MS)
            reply = await self.client.complete(request)
            _same_arm(reply.adapter, libraries)
            return reply.texts[0] if reply.texts else ""

        found = await evaluate(cases, rank, None, self.project.surface, self.language)
        asked = cases[:: max(1, -(-len(cases) // ANSWERED))]
        answers = [(case, await answer(case.prefix)) for case in asked]
        valid = [is_valid_answer(case.prefix, text, self.project.surface, self.language) for case, text in answers]
        return found | {"valid_share": share(valid), "answers": len(valid)}

    def _changes(self, before: list[tuple[str, str, list[str]]], after: list[tuple[str, str, list[str]]]) -> None:
        moved = sum(b[2] != a[2] for b, a in zip(before, after, strict=True))
        self.screen.line(f"{moved} of {len(after)} menus changed")

    def _ledger(self) -> dict[str, Any]:
        from seal_lsp.store.ledger import Ledger

        found = Ledger(self.paths.ledger).verify()
        self.screen.section("the ledger")
        self.screen.line(f"{found.rows} rows, " + ("the chain verifies" if found.ok else f"DAMAGED: {found.reason}"))
        return {"rows": found.rows, "verified": found.ok}

    def _typed(self, place: Place) -> str:
        return place.text.splitlines()[place.line]

    async def _wait(self, is_there, seconds: float, otherwise: str) -> Status:
        end = self.screen.seconds + seconds
        while True:
            status = await self.client.status()
            if is_there(status):
                return status
            if status.state == "problem" or self.screen.seconds > end:
                said = "; ".join(self.editor.messages[-3:])
                raise SealError(f"{otherwise}: {status.message}", hint=f"{said} see {self.paths.log}".strip())
            await asyncio.sleep(0.2)


async def _set_up(options: Options, folder: Path, paths: Paths) -> Project:
    """Environment and weights side by side; then the file that uses the library."""
    from seal_lsp.cli.demo_project import create_environment, lay_out
    from seal_lsp.languages.python.support import Python
    from seal_lsp.lm.registry import ModelRegistry

    root = folder / "project"
    registry = ModelRegistry(paths)
    await asyncio.gather(
        asyncio.to_thread(create_environment, root, options.library, options.pip_options),
        asyncio.to_thread(lambda: registry.current() or registry.pull("default")),
    )
    return await asyncio.to_thread(lay_out, root, options.library, Python())


async def _fresh_home(folder: Path) -> Paths:
    """`OUT/demo` empty, with a home of its own."""
    from seal_lsp.store.paths import Paths

    home = folder / "home"
    await stop_engine(Paths.default({"SEAL_HOME": str(home)}))  # of a demo that was killed
    shutil.rmtree(folder, ignore_errors=True)
    return private_home(home)


def _settings(options: Options) -> dict[str, Any]:
    learn: dict[str, Any] = {"enabled": True, "auto": True, "trust": "declared"}
    if options.budget_tokens:
        learn["max_tokens"] = options.budget_tokens
    if options.case_file:
        learn["held_out"] = [str(options.case_file)]
    return {"learn": learn}


def _same_arm(adapter: str, libraries: tuple[str, ...]) -> None:
    """A number must never be of another arm than it says."""
    if bool(adapter) != bool(libraries):
        raise SealError(f"asked for {libraries or 'the base'}, answered under {adapter or 'the base'}")


def _no_error(answer: Any) -> None:
    if isinstance(answer, dict) and answer.get("error"):
        raise SealError(answer["error"], hint=answer.get("hint", ""))
