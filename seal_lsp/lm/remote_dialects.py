"""vLLM's server and llama.cpp's, where they differ: adapters, what is asked and read beside OpenAI's API, scores.

Sources: vLLM's docs/features/lora.md and its completion protocol; llama.cpp's tools/server/README.md.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from seal_lsp.core.errors import AdapterUnavailable, ModelError
from seal_lsp.lm.remote_http import ModelServer, Refused

TOP = 20  # tokens whose probability is asked for at one place: what vLLM allows unless told otherwise
GREEDY = {"temperature": 0, "presence_penalty": 0.0, "frequency_penalty": 0.0}


@dataclass(frozen=True, slots=True)
class LoadedAdapter:
    """`scale` multiplies its update."""

    folder: Path
    digest: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was written, its natural-log probability, and those of the likeliest ones at its place."""

    id: int
    logprob: float
    top: dict[int, float]


class Dialect(Protocol):
    kind: str
    scores: bool

    async def under(self, adapter: LoadedAdapter | None) -> dict:
        """What makes a request run under an adapter, or under none. Raises AdapterUnavailable."""
        ...

    async def drop(self, digest: str) -> None: ...

    def forget(self) -> None:
        """The server was started again: nothing of what it was told still holds."""
        ...

    def writing(self, ends: Sequence[int], top: int) -> dict:
        """What a request for text says beside its prompt; `top` likeliest tokens are told at each place."""
        ...

    def beginning(self, rest: str, allowed: Sequence[int]) -> dict:
        """What makes the next token begin with `rest`, or be a beginning of it: one of `allowed`."""
        ...

    def tokens(self, choice: dict) -> list[Token]: ...

    async def tokenize(self, text: str, *, special: bool) -> list[int]: ...

    async def detokenize(self, ids: Sequence[int]) -> str: ...

    async def score(
        self, under: dict, rows: Sequence[Sequence[int]], top: int
    ) -> list[tuple[list[float], dict[int, float]]]:
        """(natural-log probability of each token of a row, 0 for the first; the `top` likeliest tokens after it)."""
        ...


class Vllm:
    """Adapters are loaded by name while it runs (VLLM_ALLOW_RUNTIME_LORA_UPDATING); the name is the digest. It has no
    scale: an adapter at another scale is loaded from a folder whose lora_alpha is multiplied."""

    kind, scores = "vllm", True

    def __init__(self, server: ModelServer, base: str) -> None:
        self._server = server
        self._base = base
        self._there: set[str] = set()
        self._scaled = tempfile.TemporaryDirectory(prefix="seal-adapters-")

    async def under(self, adapter: LoadedAdapter | None) -> dict:
        if adapter is None:
            return {"model": self._base}
        name = adapter.digest if adapter.scale == 1.0 else f"{adapter.digest}-x{adapter.scale:g}"
        if name not in self._there:
            listed = await self._server.get("/v1/models")
            if all(model["id"] != name for model in listed["data"]):
                await self._load(name, adapter)
            self._there.add(name)
        return {"model": name}

    async def _load(self, name: str, adapter: LoadedAdapter) -> None:
        try:
            body = {"lora_name": name, "lora_path": str(self._folder(name, adapter))}
            await self._server.post("/v1/load_lora_adapter", body)
        except Refused as error:
            raise AdapterUnavailable(
                f"vLLM at {self._server.address.url} does not take adapter {adapter.digest[:12]}: {error.said}",
                hint="start it on this machine with --enable-lora, a --max-lora-rank that is large enough, and"
                " VLLM_ALLOW_RUNTIME_LORA_UPDATING=True",
            ) from error

    def _folder(self, name: str, adapter: LoadedAdapter) -> Path:
        if adapter.scale == 1.0:
            return adapter.folder
        folder = Path(self._scaled.name) / name
        folder.mkdir(exist_ok=True)
        config = json.loads((adapter.folder / "adapter_config.json").read_text(encoding="utf-8"))
        config["lora_alpha"] *= adapter.scale
        (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        (folder / "adapter_model.safetensors").unlink(missing_ok=True)
        (folder / "adapter_model.safetensors").symlink_to(adapter.folder.absolute() / "adapter_model.safetensors")
        return folder

    async def drop(self, digest: str) -> None:
        for name in [n for n in self._there if n.startswith(digest)]:
            self._there.discard(name)
            await self._server.post("/v1/unload_lora_adapter", {"lora_name": name})

    def forget(self) -> None:
        self._there.clear()

    def writing(self, ends: Sequence[int], top: int) -> dict:
        # repetition_penalty: a model's own generation_config.json may set another, greedy or not
        extra = {"repetition_penalty": 1.0, "stop_token_ids": list(ends), "return_tokens_as_token_ids": True}
        return {**GREEDY, **extra, "logprobs": top}

    def beginning(self, rest: str, allowed: Sequence[int]) -> dict:
        return {"allowed_token_ids": list(allowed)}

    def tokens(self, choice: dict) -> list[Token]:
        found = choice.get("logprobs")
        if not found:
            return []
        tops = [{_id(t): p for t, p in (top or {}).items()} for top in found["top_logprobs"]]
        return [
            Token(_id(token), logprob, top)
            for token, logprob, top in zip(found["tokens"], found["token_logprobs"], tops, strict=True)
        ]

    async def tokenize(self, text: str, *, special: bool) -> list[int]:
        body = {"model": self._base, "prompt": text, "add_special_tokens": special}
        return (await self._server.post("/tokenize", body))["tokens"]

    async def detokenize(self, ids: Sequence[int]) -> str:
        return (await self._server.post("/detokenize", {"model": self._base, "tokens": list(ids)}))["prompt"]

    async def score(
        self, under: dict, rows: Sequence[Sequence[int]], top: int
    ) -> list[tuple[list[float], dict[int, float]]]:
        asked = {**under, **self.writing((), top), "prompt": [list(r) for r in rows], "prompt_logprobs": 1}
        answer = await self._server.post("/v1/completions", {**asked, "max_tokens": 1})
        found = []
        for row, choice in zip(rows, sorted(answer["choices"], key=lambda c: c["index"]), strict=True):
            places = choice["prompt_logprobs"]
            read = [place[str(token)]["logprob"] for token, place in zip(row[1:], places[1:], strict=True)]
            found.append(([0.0, *read], self.tokens(choice)[0].top))
        return found


class LlamaCpp:
    """Adapters are GGUF files that it was started with, chosen and scaled per request; one is ours when its path has
    the first 16 digits of the digest. Its kept prompts do not know under which adapter they were read (llama.cpp issue
    26207), so that with adapters every prompt is read anew. It does not tell the probability of a prompt's tokens."""

    kind, scores = "llama.cpp", False

    def __init__(self, server: ModelServer, base: str) -> None:
        self._server = server
        self._base = base

    async def under(self, adapter: LoadedAdapter | None) -> dict:
        listed = await self._server.get("/lora-adapters")  # each time: started again, it may number them otherwise
        ours = [one["id"] for one in listed if adapter is not None and adapter.digest[:16] in one["path"]]
        if adapter is not None and not ours:
            file = f"{adapter.digest[:16]}.gguf"
            raise AdapterUnavailable(
                f"llama-server at {self._server.address.url} was started without adapter {adapter.digest[:12]}",
                hint=f"convert_lora_to_gguf.py {adapter.folder} --outfile {file}, then start it with --lora {file}"
                " --lora-init-without-apply",
            )
        scales = {one["id"]: 0.0 for one in listed} | ({ours[0]: adapter.scale} if adapter is not None else {})
        lora = [{"id": number, "scale": scale} for number, scale in scales.items()]
        return {"model": self._base, "lora": lora, "cache_prompt": not listed}

    async def drop(self, digest: str) -> None:
        return None  # it keeps what it was started with

    def forget(self) -> None:
        return None

    def writing(self, ends: Sequence[int], top: int) -> dict:
        return {**GREEDY, "repeat_penalty": 1.0, "n_probs": top}

    def beginning(self, rest: str, allowed: Sequence[int]) -> dict:
        spelled = "".join(f"\\U{ord(c):08x}" for c in rest)
        return {"grammar": f'root ::= "{spelled}" .*'}

    def tokens(self, choice: dict) -> list[Token]:
        found = (choice.get("logprobs") or {}).get("content") or []
        return [Token(t["id"], t["logprob"], {o["id"]: o["logprob"] for o in t["top_logprobs"]}) for t in found]

    async def tokenize(self, text: str, *, special: bool) -> list[int]:
        return (await self._server.post("/tokenize", {"content": text, "add_special": special}))["tokens"]

    async def detokenize(self, ids: Sequence[int]) -> str:
        return (await self._server.post("/detokenize", {"tokens": list(ids)}))["content"]

    async def score(
        self, under: dict, rows: Sequence[Sequence[int]], top: int
    ) -> list[tuple[list[float], dict[int, float]]]:
        raise ModelError(
            f"llama-server at {self._server.address.url} does not tell how likely given text is: names keep their"
            " static order",
            hint="vLLM can, and so can the runtimes in this process (model.runtime auto)",
        )


def _id(token: str) -> int:
    return int(token.removeprefix("token_id:"))
