"""A model server on loopback over a local model, speaking real HTTP as vLLM does or as llama.cpp's server does.

Every token is computed plainly, one row at a time, no cache: what a client reads is what the model says. Faults are
switches on the object. What was asked is kept in `asked`.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from seal_lsp.lm.files import sha256_of


@dataclass
class Served:
    """An adapter: its digest in the local model, and the lora_alpha of the folder that it was loaded from."""

    digest: str
    folder: Path
    alpha: float


class Refusal(Exception):
    """(status, message)"""


class TinyServer:
    """`adapters` are (folder, digest) pairs that it has from the start. `key`: asked of everybody."""

    name = "tiny"

    def __init__(self, model, folder: Path, *, adapters=(), key: str = "", max_logprobs: int = 20) -> None:
        self.model, self.folder, self.key, self.max_logprobs = model, folder, key, max_logprobs
        self.asked: list[tuple[str, dict]] = []
        self.abandoned = self.tokens = 0
        self.pause_s = 0.0  # before each token
        self.broken: int | None = None  # after so many tokens a stream ends, `torn` or as if all was said
        self.torn = True
        self.failing = False  # every request is answered 500
        self.served: dict[str, Served] = {}
        self._alphas: dict[str, float] = {}
        for adapter_folder, digest in adapters:
            self.serve(digest, adapter_folder)
        self.port = 0
        self._running: uvicorn.Server | None = None

    # --- the process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        listener.listen()  # who asks before the thread is up waits instead of being refused
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        self._running = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._running.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        """As a process that ends: what it was told is gone."""
        if self._running is not None:
            self._running.should_exit = True
            self._thread.join(10)
            self._running = None
        self.served = {}

    def bodies(self, path: str = "/v1/completions") -> list[dict]:
        return [body for asked, body in self.asked if asked == path]

    def serve(self, name: str, folder: Path) -> None:
        digest = sha256_of(folder / "adapter_model.safetensors")
        alpha = json.loads((folder / "adapter_config.json").read_text())["lora_alpha"]
        if digest not in self.model.adapters():
            self.model.load_adapter(folder, digest)
        self._alphas.setdefault(digest, alpha)
        self.served[name] = Served(digest, folder, alpha)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        body = json.loads(await request.body() or b"{}")
        self.asked.append((path, body))
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return JSONResponse({"error": "Unauthorized"}, 401)
        if self.failing:
            return JSONResponse({"error": {"message": "out of memory"}}, 500)
        try:
            found = self.answer(path, body)
        except Refusal as refusal:
            status, message = refusal.args
            return JSONResponse({"error": {"message": message, "code": status}}, status)
        if isinstance(found, AsyncIterator):
            return StreamingResponse(found, media_type="text/event-stream")
        return PlainTextResponse(found) if isinstance(found, str) else JSONResponse(found)

    # --- the model

    def run(self, digest: str | None, scale: float, ids: list[int]) -> torch.Tensor:
        """Log-probabilities after each token, [len(ids), vocabulary]."""
        if digest is not None:
            self.model.set_scale(digest, scale)
        with self.model._running(digest):
            return self.model.network(input_ids=torch.tensor([ids])).logits[0].float().log_softmax(-1)

    def spelled(self, ids: list[int]) -> str:
        return b"".join(self.model.tokens.bytes_of[t] for t in ids).decode("utf-8", "replace")

    def ids(self, prompt) -> list[int]:
        return list(prompt) if isinstance(prompt, list) else self.model.tokens.start + self.model.tokens.encode(prompt)

    def write(self, body: dict, prompt, under, allowed, stop_ids) -> Iterator[tuple[str, int, torch.Tensor, str]]:
        """(text to show now, token, log-probabilities at its place, finish)."""
        ids = self.ids(prompt)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        stops = body.get("stop") or []
        text, shown, rest = "", 0, body["max_tokens"]
        while rest:
            rest -= 1
            at = self.run(*under, ids)[-1]
            token = max(allowed, key=lambda t: float(at[t])) if allowed else int(at.argmax())
            ids.append(token)
            if token == self.model.network.config.eos_token_id or token in stop_ids:
                yield text[shown:], token, at, "stop"
                return
            text += decoder.decode(self.model.tokens.bytes_of[token])
            hits = [h for h in (text.find(s) for s in stops) if h >= 0]
            if hits:
                yield text[shown : min(hits)], token, at, "stop"
                return
            held = 0 if not rest else self.held(text, stops)
            upto = max(shown, len(text) - held)
            yield text[shown:upto], token, at, "" if rest else "length"
            shown = upto

    async def stream(self, body: dict, written, choice) -> AsyncIterator[str]:
        done = False
        try:
            for n, (text, token, at, finish) in enumerate(written):
                await asyncio.sleep(self.pause_s)
                if n == self.broken:
                    if self.torn:
                        raise OSError("gone")
                    return
                self.tokens += 1
                for event in choice(text, token, at, finish):
                    yield f"data: {json.dumps({'choices': [event], 'model': self.name})}\n\n"
            yield "data: [DONE]\n\n"
            done = True
        finally:
            self.abandoned += not done


class VllmServer(TinyServer):
    """`live`: adapters may be loaded while it runs."""

    live = True

    def held(self, text: str, stops: list[str]) -> int:
        return max((len(s) - 1 for s in stops), default=0)

    def answer(self, path: str, body: dict):
        match path:
            case "/v1/models":
                base = {"id": self.name, "owned_by": "vllm", "root": str(self.folder), "parent": None}
                loras = [{"id": n, "owned_by": "vllm", "parent": self.name, "root": str(s.folder)}
                         for n, s in self.served.items()]  # fmt: skip
                return {"data": [base | {"max_model_len": self.model.info.context}, *loras]}
            case "/version":
                return {"version": "0.99.0"}
            case "/openapi.json":
                return {"paths": {"/v1/load_lora_adapter": {}} if self.live else {}}
            case "/tokenize":
                start = self.model.tokens.start if body["add_special_tokens"] else []
                return {"tokens": start + self.model.tokens.encode(body["prompt"])}
            case "/detokenize":
                return {"prompt": self.spelled(body["tokens"])}
            case "/v1/load_lora_adapter" if self.live:
                folder = Path(body["lora_path"])
                if not (folder / "adapter_config.json").is_file():
                    raise Refusal(404, f"No adapter found for {folder}")
                if body["lora_name"] in self.served:
                    raise Refusal(400, "has already been loaded")
                self.serve(body["lora_name"], folder)
                return "Success: LoRA adapter added successfully."
            case "/v1/unload_lora_adapter" if self.live:
                if self.served.pop(body["lora_name"], None) is None:
                    raise Refusal(404, "cannot be found")
                return "Success: LoRA adapter removed successfully."
            case "/v1/completions":
                return self.complete(body)
        raise Refusal(404, "Not Found")

    def complete(self, body: dict):
        if body["model"] != self.name and body["model"] not in self.served:
            raise Refusal(404, f"The model `{body['model']}` does not exist.")
        if max(body.get("logprobs", 0), body.get("prompt_logprobs", 0)) > self.max_logprobs:
            raise Refusal(400, f"Requested more logprobs than max allowed: {self.max_logprobs}")
        one = self.served.get(body["model"])
        under = (one.digest, one.alpha / self._alphas[one.digest]) if one else (None, 1.0)
        prompts = body["prompt"] if isinstance(body["prompt"][0], list) else [body["prompt"]]
        assert body["temperature"] == 0
        assert body["repetition_penalty"] == 1.0
        allowed, stops = body.get("allowed_token_ids"), body.get("stop_token_ids", [])
        if body.get("stream"):
            written = self.write(body, prompts[0], under, allowed, stops)
            return self.stream(body, written, lambda *one: [self.choice(body, 0, [one])])
        choices = []
        for n, prompt in enumerate(prompts):
            choice = self.choice(body, n, list(self.write(body, prompt, under, allowed, stops)))
            if "prompt_logprobs" in body:
                ids = self.ids(prompt)
                logprobs = self.run(*under, ids)
                choice["prompt_logprobs"] = [None] + [
                    {str(t): {"logprob": float(at[t]), "rank": 1}, str(int(at.argmax())): {"logprob": float(at.max())}}
                    for t, at in zip(ids[1:], logprobs, strict=False)
                ]
            choices.append(choice)
        return {"choices": choices[::-1]}  # in no order that was promised

    def choice(self, body: dict, index: int, written: list) -> dict:
        tops = [at.topk(body["logprobs"]) for _, _, at, _ in written]
        logprobs = {
            "tokens": [f"token_id:{token}" for _, token, _, _ in written],
            "token_logprobs": [float(at[token]) for _, token, at, _ in written],
            "top_logprobs": [
                {f"token_id:{t}": float(p) for p, t in zip(top.values, top.indices, strict=True)}
                | {f"token_id:{token}": float(at[token])}
                for top, (_, token, at, _) in zip(tops, written, strict=True)
            ],
        }
        text = "".join(text for text, _, _, _ in written)
        return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": written[-1][3] or None}


class LlamaServer(TinyServer):
    """Adapters are files whose path has the digest's beginning; at scale 1 unless a request says otherwise."""

    parameters = 0

    def held(self, text: str, stops: list[str]) -> int:
        return max((n for s in stops for n in range(1, len(s)) if text.endswith(s[:n])), default=0)

    def answer(self, path: str, body: dict):
        match path:
            case "/v1/models":
                meta = {"n_params": self.parameters}
                return {"data": [{"id": self.name, "owned_by": "llamacpp", "meta": meta}]}
            case "/props":
                context = {"n_ctx": self.model.info.context}
                return {"default_generation_settings": context, "build_info": "b9999-tiny", "model_path": "tiny.gguf"}
            case "/lora-adapters":
                return [{"id": n, "path": f"/adapters/{d[:16]}.gguf", "scale": 1.0} for n, d in enumerate(self.served)]
            case "/tokenize":
                start = self.model.tokens.start if body.get("add_special") else []
                return {"tokens": start + self.model.tokens.encode(body["content"])}
            case "/detokenize":
                return {"content": self.spelled(body["tokens"])}
            case "/v1/completions":
                return self.complete(body)
        raise Refusal(404, "File Not Found")

    def complete(self, body: dict):
        digests = list(self.served)
        every = range(len(digests))
        scales = {one["id"]: one["scale"] for one in body["lora"]} if "lora" in body else dict.fromkeys(every, 1.0)
        if any(n not in every for n in scales):
            raise Refusal(400, "invalid adapter id")
        on = [(digests[n], scale) for n, scale in scales.items() if scale]
        assert len(on) <= 1, "two adapters at once"
        assert body["temperature"] == 0
        allowed = self.beginning(body["grammar"]) if "grammar" in body else None
        written = self.write(body, body["prompt"], on[0] if on else (None, 1.0), allowed, ())
        if body.get("stream"):
            return self.stream(body, written, lambda *one: self.choices(body, *one))
        text, found = "", []
        for *one, _ in written:
            text += one[0]
            found.append(self.token(body, *one[1:]))
        return {"choices": [{"index": 0, "text": text, "logprobs": {"content": found}, "finish_reason": "length"}]}

    def choices(self, body: dict, text: str, token: int, at: torch.Tensor, finish: str) -> list[dict]:
        """One for the token; the reason comes with a last one that is empty."""
        content = [self.token(body, token, at)]
        one = {"index": 0, "text": text, "logprobs": {"content": content}, "finish_reason": None}
        last = {"index": 0, "text": "", "logprobs": None, "finish_reason": finish}
        return [one, last] if finish else [one]

    def token(self, body: dict, token: int, at: torch.Tensor) -> dict:
        top = at.topk(body["n_probs"])
        likeliest = [{"id": int(t), "logprob": float(p)} for p, t in zip(top.values, top.indices, strict=True)]
        return {"id": token, "logprob": float(at[token]), "top_logprobs": likeliest}

    def beginning(self, grammar: str) -> list[int]:
        found = re.fullmatch(r'root ::= "((?:\\U[0-9a-f]{8})+)" \.\*', grammar)
        rest = "".join(chr(int(code, 16)) for code in re.findall(r"\\U([0-9a-f]{8})", found[1]))
        return self.model.tokens.beginning_with(rest.encode())
