"""Every setting, for all editors and the command line: its type, default, limits and one sentence on what it does.

The JSON schema that editors show is made from this. Where values come from and what happens to a bad one is load.py's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

TRUST = ("none", "ask", "declared", "all")  # from the narrowest to the widest


@dataclass(frozen=True, slots=True)
class Closed:
    """A value that cannot be read becomes `value`, not the default: consent is never guessed."""

    value: object


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a file in the workspace may do with the setting; without this mark, anything that passes validation.

    narrow: only towards the first of `order` (or a smaller number, or False); add: its entries are added;
    never: nothing, because it decides what runs on this machine or where text is sent.
    """

    may: Literal["narrow", "add", "never"]
    order: tuple = (False, True)


def _entries(value: object) -> object:
    """A list from one text: JSON, or entries between commas (environment variables are texts)."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [entry.strip() for entry in value.split(",") if entry.strip()]


Entries = Annotated[tuple[str, ...], BeforeValidator(_entries)]
Switch = Annotated[bool, Closed(False), Workspace("narrow")]


_MODEL_SHARE = 0.25  # of the characters, where somebody wants it whatever the model


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PythonSettings(_Group):
    interpreter: Annotated[str, Workspace("never")] = Field(
        "",
        description="Path of the workspace's Python interpreter or environment; empty: found by VIRTUAL_ENV, .venv,"
        " venv, conda and pyvenv.cfg. It is read, never run.",
    )


class LearnSettings(_Group):
    enabled: Switch = Field(True, description="Whether libraries are learned at all.")
    auto: Switch = Field(
        True, description="Whether learning starts by itself when a library is used; if not, only on command."
    )
    trust: Annotated[Literal["none", "ask", "declared", "all"], Closed("none"), Workspace("narrow", TRUST)] = Field(
        "declared",
        description="Which libraries may be learned by themselves: those that the project's manifest or lock file"
        " declares, those that you were asked about, all that are used, or none.",
    )
    exclude: Annotated[Entries, Workspace("add")] = Field(
        (), description="Names of distributions that are never learned; lists from all places are joined."
    )
    held_out: Annotated[Entries, Workspace("add")] = Field(
        (),
        description="Case files (JSONL) that you judge suggestions with: nothing that shares 13 words with one of their"
        " places is trained on; lists from all places are joined.",
    )
    max_tokens: Annotated[int, Workspace("narrow")] = Field(
        120_000, ge=1_000, le=10_000_000, description="The most tokens that one learning cycle trains on."
    )
    on_battery: Annotated[bool, Workspace("never")] = Field(
        False, description="Whether learning goes on while the machine runs on its battery."
    )
    without_editor: Annotated[bool, Workspace("never")] = Field(
        True, description="Whether learning goes on while no editor is open; if not, it does with the next one."
    )
    model_writes: Annotated[Literal["auto", "never", "always"], Workspace("never")] = Field(
        "auto",
        description="Whether the model itself writes some of what it is trained on, vetted like the rest; `auto`: from"
        " 1.5 billion parameters on, and where `seal-lsp improve-writer` measured that it helps.",
    )


class CompletionSettings(_Group):
    enabled: bool = Field(True, description="Whether the completion menu is filled with names that exist.")
    rank_deadline_ms: int = Field(
        800,
        ge=0,
        le=10_000,
        description="How long, in milliseconds, the menu waits for the model's order; 0: it does not ask the model.",
    )


class InlineSettings(_Group):
    enabled: bool = Field(True, description="Whether the model suggests how the line goes on (ghost text).")
    max_tokens: int = Field(48, ge=1, le=512, description="The most tokens in one suggestion.")
    deadline_ms: int = Field(
        2500, ge=50, le=60_000, description="How long, in milliseconds, one suggestion may take before it is given up."
    )
    first_ms: int = Field(
        250,
        ge=50,
        le=60_000,
        description="How long, in milliseconds, a suggestion that comes by itself is worked on before it is shown as"
        " far as it is; the rest is written while you read, and appears as you type along.",
    )
    debounce_ms: int = Field(
        10,
        ge=0,
        le=5_000,
        description="How long at most, in milliseconds, typing must rest before a suggestion is asked for; less where"
        " you type slowly enough to see the answer before the next key.",
    )
    min_confidence: float = Field(
        0.2,
        ge=0.0,
        le=1.0,
        description="A suggestion that comes by itself is shown when the model is at least so sure of its name, or of"
        " its text where no name is due; `seal-lsp eval` prints what a threshold shows and how much of that is right.",
    )
    context_tokens: int = Field(
        256,
        ge=0,
        le=512,
        description="How many tokens the model reads before the file: signatures of what the file uses, at most half,"
        " and places of other open files that are like the one you are at; 0: none.",
    )


class HoverSettings(_Group):
    enabled: bool = Field(True, description="Whether hovers are answered.")
    model_line: bool = Field(
        True, description="Whether a hover shows a usage line that the model wrote, marked as such, once it is vetted."
    )


class EngineSettings(_Group):
    url: Annotated[str, Workspace("never")] = Field(
        "",
        pattern=r"^(|https?://[^\s/]+.*|unix:.+)$",
        description="Where the engine answers (http://, https:// or unix:); empty: your own, started on this machine."
        " Text around your cursor is sent there, and of other open files as much as inline.context_tokens says.",
    )
    idle_exit_s: Annotated[int, Workspace("never")] = Field(
        1800, ge=10, le=31_536_000, description="Seconds without a request after which the engine ends."
    )
    threads: Annotated[int, Workspace("never")] = Field(
        0, ge=0, le=1024, description="Processor threads for the model; 0: as many as there are physical cores."
    )


class ModelSettings(_Group):
    id: Annotated[str, Workspace("never")] = Field(
        "default",
        min_length=1,
        description="Which base model is used: `default`, or one that `seal-lsp model list` shows.",
    )
    device: Annotated[str, Workspace("never")] = Field(
        "auto",
        pattern=r"^(auto|cpu|mps|xpu|cuda(:\d+)?)$",
        description="What the model runs on: auto, cpu, cuda, cuda:N, mps or xpu.",
    )
    runtime: Annotated[Literal["auto", "torch", "onnx", "remote"], Workspace("never")] = Field(
        "auto",
        description="What runs the model while you type: onnx is ONNX Runtime with 8-bit weights on the CPU, torch is"
        " exact and knows GPUs; auto takes the faster one that this machine and model allow; remote is a model server"
        " that you run. Learning is torch's.",
    )
    weights: Annotated[Literal["auto", "full", "4bit"], Workspace("never")] = Field(
        "auto",
        description="How torch holds the base's weights: full (bfloat16 on a GPU), 4bit (bitsandbytes), or auto: 4bit"
        " on a GPU that has no room for the full ones. What is learned is a LoRA adapter either way.",
    )
    url: Annotated[str, Workspace("never")] = Field(
        "",
        pattern=r"^(|https?://[^\s/]+.*)$",
        description="Where your model server answers (vLLM, or llama.cpp's llama-server), for the runtime remote:"
        " http://127.0.0.1:8000/v1. It must serve the base that model.id names. Text around your cursor is"
        " sent there, and of other open files as much as inline.context_tokens says.",
    )
    served_name: Annotated[str, Workspace("never")] = Field(
        "", description="What your model server calls the base; empty: it serves only one."
    )
    key_variable: Annotated[str, Workspace("never")] = Field(
        "",
        pattern=r"^(|[A-Za-z_][A-Za-z0-9_]*)$",
        description="The environment variable that holds your model server's API key; empty: it asks for none.",
    )
    allow_host: Annotated[str, Workspace("never")] = Field(
        "", description="The host other than this machine that model.url may name; empty: only this machine."
    )


class FilesSettings(_Group):
    exclude: Annotated[Entries, Workspace("add")] = Field(
        (
            ".env",
            ".env.*",
            ".envrc",
            ".netrc",
            ".npmrc",
            ".pypirc",
            ".aws/",
            ".ssh/",
            ".gnupg/",
            "*.pem",
            "*.key",
            "*.p12",
            "*.pfx",
            "*.kdbx",
            "id_rsa*",
            "id_ed25519*",
            "id_ecdsa*",
            "credentials",
            "credentials.json",
            "secrets.*",
        ),
        description="Files that are never read, sent or learned from, as patterns of .gitignore (which is obeyed too);"
        " lists from all places are joined, a later !pattern takes one back.",
    )
    max_kb: Annotated[int, Workspace("narrow")] = Field(
        1024, ge=1, le=102_400, description="Files larger than this many kilobytes are not read."
    )


class CollectSettings(_Group):
    workspace: Switch = Field(
        True, description="Whether call sites in your own workspace are evidence; they stay on this machine."
    )
    dependents: Switch = Field(True, description="Whether other installed packages that use the library are evidence.")
    sdist: Switch = Field(
        False, description="Whether tests and docs from the library's source distribution are fetched as evidence."
    )


class FeedbackSettings(_Group):
    enabled: Annotated[bool, Workspace("never")] = Field(
        True,
        description="Whether it is counted on this machine what became of suggestions (`seal-lsp stats`); numbers, no"
        " text.",
    )


class Settings(_Group):
    """All settings of seal-lsp."""

    python: PythonSettings = Field(PythonSettings(), description="The workspace's Python environment.")
    learn: LearnSettings = Field(LearnSettings(), description="What is learned, and when.")
    completion: CompletionSettings = Field(CompletionSettings(), description="The completion menu.")
    inline: InlineSettings = Field(InlineSettings(), description="Ghost text.")
    hover: HoverSettings = Field(HoverSettings(), description="Hovers.")
    engine: EngineSettings = Field(EngineSettings(), description="The process that holds the model.")
    model: ModelSettings = Field(ModelSettings(), description="The base model.")
    feedback: FeedbackSettings = Field(FeedbackSettings(), description="What became of suggestions.")
    files: FilesSettings = Field(FilesSettings(), description="Which files may be looked at.")
    collect: CollectSettings = Field(CollectSettings(), description="Where evidence about a library may come from.")

    def learn_overrides(self) -> dict:
        """What a LearnRequest tells the learner of these settings."""
        capped = self.learn.max_tokens != LearnSettings.model_fields["max_tokens"].default
        share = {"never": {"write.model_share": 0.0}, "always": {"write.model_share": _MODEL_SHARE}}
        return {
            "collect.dependents": self.collect.dependents,
            "collect.exclude": list(self.files.exclude),
            **({"collect.sdist": True} if self.collect.sdist else {}),
            **({"tokens_at_most": self.learn.max_tokens} if capped else {}),
            **share.get(self.learn.model_writes, {}),
        }

    @classmethod
    def to_json_schema(cls) -> dict:
        """The nested schema, with `$defs`, as editors and TOML checkers read it."""
        return cls.model_json_schema()
