"""The developer's own package index, as pip is configured: fetches a source distribution, and builds and runs nothing.

The only code of the learner that reaches a network, and only where `collect.sdist` is on. Not `pip download`: to ask an
sdist for its metadata it runs the build backend that the sdist names. unearth finds, checks and downloads as pip does,
and pip says where (`pip config list`).
"""

from __future__ import annotations

import ast
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.library import LibraryId

_SECTIONS = (":env:.", "download.", "global.")  # as `pip download` reads them, the strongest first
_TRUE = frozenset({"1", "y", "yes", "t", "true", "on"})
_SETTING = re.compile(r"""([\w:.-]+)=('.*'|".*")""")
_ASKED_S = 30


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """Where pip looks. No `index_url` is pip's own default; `no_index` leaves `find_links` alone."""

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    no_index: bool = False
    cert: str = ""


def configured_index() -> PackageIndex:
    """As the pip beside this interpreter is configured, else the one on PATH. Raises EnvironmentProblem without pip."""
    for command in ([sys.executable, "-m", "pip"], [shutil.which("pip") or "pip"]):
        try:
            asked = subprocess.run(
                [*command, "config", "list"], capture_output=True, text=True, timeout=_ASKED_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if asked.returncode == 0:
            return index_from(asked.stdout)
    raise EnvironmentProblem(
        "which package index to ask is not known: no pip answers", hint="install pip, or turn collect.sdist off"
    )


def index_from(listed: str) -> PackageIndex:
    """From what `pip config list` prints: a line `section.name='value'` for each setting."""
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        if found := _SETTING.fullmatch(line.strip()):
            settings[found[1]] = ast.literal_eval(found[2])

    def said(name: str) -> str:
        return next((settings[s + name] for s in _SECTIONS if s + name in settings), "")

    return PackageIndex(
        said("index-url"),
        tuple(said("extra-index-url").split()),
        tuple(said("find-links").split()),
        tuple(said("trusted-host").split()),
        said("no-index").lower() in _TRUE,
        said("cert"),
    )


def fetch_sdist(library: LibraryId, folder: Path, index: PackageIndex | None = None) -> Path:
    """The archive of exactly this version, kept in `folder`; its hash is checked where the index gives one. Raises
    EnvironmentProblem when the index has none, does not answer, or pip may ask none."""
    from unearth.errors import UnpackError
    from unearth.preparer import HTTPErrors, download_link

    kept = folder / f"{library.name}-{library.version}"
    if ready := sorted(kept.glob("*")):
        return ready[0]
    try:
        finder = _finder(index or configured_index())
        best = finder.find_best_match(f"{library.name}=={library.version}", allow_yanked=True).best
        if best is None:
            raise EnvironmentProblem(
                f"no package index gave a source distribution of {library}",
                hint="`pip config list` says which are asked; many libraries publish none",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as half:
            archive = download_link(finder.session, best.link, Path(half, "got"), best.link.hash_option)
            whole = Path(half, "kept")
            whole.mkdir()
            shutil.copyfile(archive, whole / best.link.filename)
            whole.replace(kept)
    except (*HTTPErrors, UnpackError, OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"the source distribution of {library} could not be fetched: {error}",
            hint="learn again when the package index answers, or turn collect.sdist off",
        ) from error
    return kept / best.link.filename


def _finder(index: PackageIndex):
    from unearth import PackageFinder
    from unearth.auth import MultiDomainBasicAuth
    from unearth.fetchers import PyPIClient

    default = PackageFinder().sources[0]["url"]  # the index that pip asks, too, when it is told no other
    urls = () if index.no_index else (index.index_url or default, *index.extra_index_urls)
    if not urls and not index.find_links:  # unearth would ask its default
        raise EnvironmentProblem("pip is told to ask no index", hint="see `pip config list`, or turn collect.sdist off")
    session = PyPIClient(
        trusted_hosts=index.trusted_hosts,
        verify=ssl.create_default_context(cafile=index.cert) if index.cert else True,
        follow_redirects=True,
    )
    session.auth = MultiDomainBasicAuth(prompting=False, index_urls=urls)
    return PackageFinder(session, index_urls=urls, find_links=index.find_links, no_binary=[":all:"])
