"""A model server becomes a LanguageModel: which server it is, what it can do, and whether it serves the same base.

Adapters fit the weights they were trained on and no others. A server does not tell the digest of its weights; what can
be compared is: how it cuts a text into tokens, how many parameters it has or what its config.json says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from seal_lsp.core.errors import ModelError
from seal_lsp.core.lm import ModelInfo
from seal_lsp.lm.prompts import fim_format
from seal_lsp.lm.registry import ModelFolder
from seal_lsp.lm.remote_dialects import Dialect, LlamaCpp, Vllm
from seal_lsp.lm.remote_http import ModelServer, Refused, ServerAddress
from seal_lsp.lm.remote_model import RemoteLanguageModel
from seal_lsp.lm.remote_tokens import ServerTokens
from seal_lsp.lm.tokens import Tokens
from seal_lsp.lm.written import Limits

PROBE = "def résumé(self, x: int = 42) -> None:\n    return await self._get(f'{x!r}')  # naïve 日本\n"
SIZES = ("hidden_size", "num_hidden_layers", "intermediate_size", "num_attention_heads")


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """`base` is the name that requests use, `root` where the server says that its weights are. `context` is in tokens;
    `parameters` 0 where it is not told. `adapters` says in words how adapters come to it."""

    kind: str
    version: str
    base: str
    root: str
    context: int
    parameters: int
    scores: bool
    adapters: str


def connect(
    address: ServerAddress, folder: ModelFolder | None, digest: str, *, anchored: bool = False
) -> RemoteLanguageModel:
    """The model that a server serves. `folder` are the weights of the same base here, None where there are none: then
    it stays bare, known as `digest`. Raises ModelError with what to do, UsageError for an address not allowed."""
    server = ModelServer(address)
    try:
        facts = server.wait(look(server), Limits(None, None))
        identity = _identity(server.wait(_served(server), Limits(None, None)))
        dialect = (Vllm if facts.kind == Vllm.kind else LlamaCpp)(server, facts.base)
        fim = None
        if folder is None:
            tokens = ServerTokens(server, dialect)
        else:
            tokenizer = _tokenizer(folder)
            fim = fim_format(tokenizer.get_vocab())
            tokens = _tokens(folder, tokenizer, fim.ends if fim else ())
            server.wait(_check_base(server, dialect, facts, folder, tokens), Limits(None, None))
    except BaseException:
        server.close()
        raise
    cut = "its own tokenizer" if folder is None else "the tokenizer here"
    info = ModelInfo(
        id=folder.id if folder else facts.base,
        digest=digest,
        parameters=folder.parameters if folder else facts.parameters,
        context=facts.context,
        runtime=f"remote {facts.kind} {facts.version}, prompts cut by {cut}" + ("" if facts.scores else ", no scores"),
        device=address.url,
        scores=facts.scores,
    )
    look_again = partial(_look_again, server, identity)
    return RemoteLanguageModel(server, dialect, tokens, info, look_again, fim=fim, anchored=anchored)


def describe(address: ServerAddress) -> ServerFacts:
    """What a server says of itself, for people. Raises ModelError, UsageError."""
    server = ModelServer(address)
    try:
        return server.wait(look(server), Limits(None, None))
    finally:
        server.close()


async def look(server: ModelServer) -> ServerFacts:
    model = await _served(server)
    kind = model.get("owned_by", "")
    with server.reading("/"):
        if kind == "vllm":
            return await _look_at_vllm(server, model)
        if kind == "llamacpp":
            return await _look_at_llama(server, model)
    raise ModelError(
        f"the server at {server.address.url} is neither vLLM nor llama.cpp's (owned_by: {kind or 'nobody'})",
        hint="others have no adapters by name; start one of these two, or set model.runtime to auto",
    )


async def _look_at_vllm(server: ModelServer, model: dict) -> ServerFacts:
    version = (await server.get("/version"))["version"]
    try:
        routes = (await server.get("/openapi.json"))["paths"]
        taken = "/v1/load_lora_adapter" in routes
        how = "taken while it runs" if taken else "not taken: start it with VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"
    except Refused:
        how = "it does not tell whether it takes them (no openapi.json)"
    root = str(model.get("root") or "")
    return ServerFacts("vllm", version, model["id"], root, int(model["max_model_len"]), 0, Vllm.scores, how)


async def _look_at_llama(server: ModelServer, model: dict) -> ServerFacts:
    props = await server.get("/props")
    adapters = await server.get("/lora-adapters")
    how = f"{len(adapters)} loaded; others need a start with --lora"
    context, meta = int(props["default_generation_settings"]["n_ctx"]), model.get("meta") or {}
    version, root = str(props.get("build_info", "")), str(props.get("model_path", ""))
    parameters = int(meta.get("n_params", 0))
    return ServerFacts("llama.cpp", version, model["id"], root, context, parameters, LlamaCpp.scores, how)


async def _served(server: ModelServer) -> dict:
    """The base's entry among the server's models."""
    listed = await server.get("/v1/models")
    address = server.address
    with server.reading("/v1/models"):
        bases = [model for model in listed["data"] if not model.get("parent")]
        found = [model for model in bases if address.name in ("", model["id"])]
        if len(found) == 1:
            return found[0]
        names = ", ".join(model["id"] for model in bases) or "nothing"
    what = f"no {address.name!r}" if address.name else "several models"
    raise ModelError(f"the server at {address.url} serves {what}: {names}", hint="set model.served_name to one of them")


def _identity(model: dict) -> tuple:
    return tuple(model.get(word) for word in ("owned_by", "id", "root", "meta"))


async def _look_again(server: ModelServer, before: tuple) -> None:
    now = _identity(await _served(server))
    if now != before:
        raise ModelError(
            f"the server at {server.address.url} was started with another model: {now[1]}, not {before[1]}",
            hint="start it with the one that it had, or end the engine: the next one looks anew",
        )


async def _check_base(
    server: ModelServer, dialect: Dialect, facts: ServerFacts, folder: ModelFolder, tokens: Tokens
) -> None:
    """Raises ModelError where the server's base cannot be the one in `folder`."""
    theirs = await dialect.tokenize(PROBE, special=False)
    found = ""
    if theirs != tokens.encode(PROBE):
        found = "it cuts text into other tokens"
    elif facts.parameters and abs(facts.parameters / folder.parameters - 1) > 0.2:
        found = f"it has {facts.parameters / 1e6:.0f} million parameters, not {folder.parameters / 1e6:.0f}"
    elif differing := _differing(Path(facts.root), folder.path):
        found = f"its {differing} is another"
    if found:
        raise ModelError(
            f"the server at {server.address.url} does not serve {folder.id}: {found}",
            hint=f"serve the weights in {folder.path}, or name the served base in model.id and pull it here",
        )


def _differing(theirs: Path, ours: Path) -> str:
    """The first size in which two folders' configurations differ; '' where theirs is not on this machine."""
    if not theirs.is_absolute():
        return ""
    try:
        one, two = (json.loads((path / "config.json").read_text(encoding="utf-8")) for path in (theirs, ours))
    except (OSError, ValueError):
        return ""
    return next((size for size in SIZES if one.get(size) != two.get(size)), "")


def _tokenizer(folder: ModelFolder):
    try:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
    except (ImportError, OSError, ValueError) as error:
        raise ModelError(
            f"the tokenizer in {folder.path} does not load: {error}", hint="run: seal-lsp doctor"
        ) from error
    if not tokenizer.is_fast:
        raise ModelError(f"{folder.id} has no fast tokenizer", hint="take a model with a tokenizer.json")
    return tokenizer


def _tokens(folder: ModelFolder, tokenizer, infill: tuple[str, ...]) -> Tokens:
    """With the ends that the base's configuration and its infill format name, as a model in this process has them."""
    ends: list[int] = []
    for name in ("generation_config.json", "config.json"):
        try:
            found = json.loads((folder.path / name).read_text(encoding="utf-8")).get("eos_token_id")
        except (OSError, ValueError):
            continue
        if found is not None:
            ends = [found] if isinstance(found, int) else list(found)
            break
    known = tokenizer.get_vocab()
    return Tokens(tokenizer, ends=[*ends, *(known[end] for end in infill if end in known)])
