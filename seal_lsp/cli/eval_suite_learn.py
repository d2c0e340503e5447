"""Learn a library that exists as documentation only (a suite's), with the normal collector, writers, checks and fit.

No gate: it has no usages to hold probes out from, and the suite itself is the examination. Each finished step is in the
folder, so the same run goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from seal_lsp.cli.eval_setup import SHAPE_AN_ADAPTER, code_digest
from seal_lsp.cli.vet_report import importable
from seal_lsp.collect.gather import gather
from seal_lsp.core.api import ApiSurface, Symbol
from seal_lsp.core.learning import Provenance, SelfEdit, digest_of
from seal_lsp.core.library import Environment, InstalledLibrary
from seal_lsp.core.progress import Progress
from seal_lsp.languages.python.support import Python
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.pipeline.cycle import item_of
from seal_lsp.pipeline.fit import fit_with
from seal_lsp.pipeline.journal import Journal
from seal_lsp.pipeline.records import edit_from
from seal_lsp.self_edits.layout import indent
from seal_lsp.self_edits.write import write
from seal_lsp.train.recipe import recipe_with
from seal_lsp.vet.review import VetContext, review

_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True)
class Stub:
    """A documented library as it lies in a folder. `held_out` are texts that may not train."""

    group: str
    library: InstalledLibrary
    environment: Environment
    surface: ApiSurface
    held_out: tuple[str, ...]


@dataclass(frozen=True)
class StubLearned:
    """`digest` is '' when nothing was left to learn from, `reason` says why. `weights` is the adapter's folder."""

    group: str
    digest: str
    weights: Path
    self_edits: dict
    train: dict
    reason: str = ""


@dataclass(frozen=True)
class Learning:
    """How all stubs of a run are learned. `overrides` are fields of the recipe."""

    folder: Path
    base: ModelFolder
    overrides: Mapping[str, object]
    seed: int
    device: str
    threads: int | None
    rehearsals: Path


def stub_in(group: str, environment: Environment, held_out: Sequence[str]) -> Stub:
    """Read back what was written into the environment's folder."""
    language = Python()
    library = language.installed(environment)[0]
    return Stub(group, library, environment, language.surface(library, environment), tuple(held_out))


def learn_stub(stub: Stub, how: Learning, progress: Progress) -> StubLearned:
    """The adapter of one documented library, or why there is none."""
    recipe = recipe_with(dict(how.overrides), how.seed)
    inputs = {
        "group": stub.group,
        "documentation": [[s.qualname, s.signature(), s.doc] for s in stub.surface.symbols.values()],
        "held_out": digest_of(stub.held_out),
        "base": how.base.digest,
        "recipe": recipe.as_dict(),
        "device": how.device,
        "code": code_digest(*SHAPE_AN_ADAPTER),
    }
    journal = Journal(how.folder / f"{stub.library.id.name}-{digest_of(inputs)[:12]}")
    journal.folder.mkdir(parents=True, exist_ok=True)
    characters = round(recipe.tokens * (1 - recipe.replay_share) / recipe.epochs * _CHARACTERS_A_TOKEN)
    recorded = journal.once("edits", lambda: _kept(stub, recipe.seed, characters))
    edits = [edit_from(edit) for edit in recorded["edits"]]
    counts = {key: recorded[key] for key in ("written", "kept", "rejected", "formats")}
    if not edits:
        return StubLearned(
            stub.group, "", journal.folder, counts, {}, f"none of {counts['written']} self-edits is left"
        )

    def open_model():
        from seal_lsp.lm.load import load

        return load(how.base, device=how.device, threads=how.threads, training=True)

    items = [item_of(edit, stub.surface, Python()) for edit in edits]
    fit = fit_with(open_model, how.rehearsals)
    fitted = journal.once("fitted", lambda: fit(items, recipe, journal.folder, progress=progress, cancel=None))
    train = {key: fitted[key] for key in ("steps", "tokens", "seconds", "peak_rss_mb")}
    return StubLearned(stub.group, fitted["digest"], journal.folder / fitted["folder"], counts, train)


def _documentation(stub: Stub, symbol: Symbol) -> SelfEdit:
    """A whole docstring under its signature: the writers take its first line, and here there is no other evidence."""
    text = f"def {symbol.signature()}:\n" + indent(f'"""{symbol.doc.strip()}\n"""') + "\n"
    library = stub.library.id
    origin = Provenance("surface", library.name, library.version, symbol.file, symbol.line, digest_of(text))
    return SelfEdit("documentation", "", text, library, (symbol.qualname,), (origin,), "template:documentation")


def _kept(stub: Stub, seed: int, characters: int) -> dict:
    language = Python()
    found = gather(stub.library, stub.surface, stub.environment, language=language, held_out=stub.held_out)
    edits = write(found.evidence, stub.surface, language, seed=seed, characters=characters)
    edits += [_documentation(stub, symbol) for symbol in stub.surface.symbols.values() if symbol.doc != symbol.summary]
    context = VetContext(
        surfaces=(stub.surface,),
        importable=importable(stub.library, stub.environment),
        language=language,
        held_out=stub.held_out,
        environment=stub.environment,
    )
    reviews = review(edits, context)
    kept = [r.edit for r in reviews if r.accepted]
    return {
        "written": len(edits),
        "kept": len(kept),
        "rejected": dict(Counter(r.rejection.check for r in reviews if r.rejection is not None)),
        "formats": dict(Counter(edit.format for edit in kept)),
        "edits": [asdict(edit) for edit in kept],
    }
