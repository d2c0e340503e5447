---@meta
-- Written from the server's schema by tests/write_neovim_settings.py.

---@class seal.Settings
---@field python? seal.Settings.python
---@field learn? seal.Settings.learn
---@field completion? seal.Settings.completion
---@field inline? seal.Settings.inline
---@field hover? seal.Settings.hover
---@field engine? seal.Settings.engine
---@field model? seal.Settings.model
---@field feedback? seal.Settings.feedback
---@field files? seal.Settings.files
---@field collect? seal.Settings.collect

---@class seal.Settings.python The workspace's Python environment.
---@field interpreter? string Path of the workspace's Python interpreter or environment; empty: found by VIRTUAL_ENV, .venv, venv, conda and pyvenv.cfg. It is read, never run. Default: "".

---@class seal.Settings.learn What is learned, and when.
---@field enabled? boolean Whether libraries are learned at all. Default: true.
---@field auto? boolean Whether learning starts by itself when a library is used; if not, only on command. Default: true.
---@field trust? 'none'|'ask'|'declared'|'all' Which libraries may be learned by themselves: those that the project's manifest or lock file declares, those that you were asked about, all that are used, or none. Default: "declared".
---@field exclude? string[] Names of distributions that are never learned; lists from all places are joined. Default: [].
---@field held_out? string[] Case files (JSONL) that you judge suggestions with: nothing that shares 13 words with one of their places is trained on; lists from all places are joined. Default: [].
---@field max_tokens? integer The most tokens that one learning cycle trains on. Default: 120000.
---@field on_battery? boolean Whether learning goes on while the machine runs on its battery. Default: false.
---@field without_editor? boolean Whether learning goes on while no editor is open; if not, it does with the next one. Default: true.
---@field model_writes? 'auto'|'never'|'always' Whether the model itself writes some of what it is trained on, vetted like the rest; `auto`: from 1.5 billion parameters on, and where `seal-lsp improve-writer` measured that it helps. Default: "auto".

---@class seal.Settings.completion The completion menu.
---@field enabled? boolean Whether the completion menu is filled with names that exist. Default: true.
---@field rank_deadline_ms? integer How long, in milliseconds, the menu waits for the model's order; 0: it does not ask the model. Default: 800.

---@class seal.Settings.inline Ghost text.
---@field enabled? boolean Whether the model suggests how the line goes on (ghost text). Default: true.
---@field max_tokens? integer The most tokens in one suggestion. Default: 48.
---@field deadline_ms? integer How long, in milliseconds, one suggestion may take before it is given up. Default: 2500.
---@field first_ms? integer How long, in milliseconds, a suggestion that comes by itself is worked on before it is shown as far as it is; the rest is written while you read, and appears as you type along. Default: 250.
---@field debounce_ms? integer How long at most, in milliseconds, typing must rest before a suggestion is asked for; less where you type slowly enough to see the answer before the next key. Default: 10.
---@field min_confidence? number A suggestion that comes by itself is shown when the model is at least so sure of its name, or of its text where no name is due; `seal-lsp eval` prints what a threshold shows and how much of that is right. Default: 0.2.
---@field context_tokens? integer How many tokens the model reads before the file: signatures of what the file uses, at most half, and places of other open files that are like the one you are at; 0: none. Default: 256.

---@class seal.Settings.hover Hovers.
---@field enabled? boolean Whether hovers are answered. Default: true.
---@field model_line? boolean Whether a hover shows a usage line that the model wrote, marked as such, once it is vetted. Default: true.

---@class seal.Settings.engine The process that holds the model.
---@field url? string Where the engine answers (http://, https:// or unix:); empty: your own, started on this machine. Text around your cursor is sent there, and of other open files as much as inline.context_tokens says. Default: "".
---@field idle_exit_s? integer Seconds without a request after which the engine ends. Default: 1800.
---@field threads? integer Processor threads for the model; 0: as many as there are physical cores. Default: 0.

---@class seal.Settings.model The base model.
---@field id? string Which base model is used: `default`, or one that `seal-lsp model list` shows. Default: "default".
---@field device? string What the model runs on: auto, cpu, cuda, cuda:N, mps or xpu. Default: "auto".
---@field runtime? 'auto'|'torch'|'onnx'|'remote' What runs the model while you type: onnx is ONNX Runtime with 8-bit weights on the CPU, torch is exact and knows GPUs; auto takes the faster one that this machine and model allow; remote is a model server that you run. Learning is torch's. Default: "auto".
---@field weights? 'auto'|'full'|'4bit' How torch holds the base's weights: full (bfloat16 on a GPU), 4bit (bitsandbytes), or auto: 4bit on a GPU that has no room for the full ones. What is learned is a LoRA adapter either way. Default: "auto".
---@field url? string Where your model server answers (vLLM, or llama.cpp's llama-server), for the runtime remote: http://127.0.0.1:8000/v1. It must serve the base that model.id names. Text around your cursor is sent there, and of other open files as much as inline.context_tokens says. Default: "".
---@field served_name? string What your model server calls the base; empty: it serves only one. Default: "".
---@field key_variable? string The environment variable that holds your model server's API key; empty: it asks for none. Default: "".
---@field allow_host? string The host other than this machine that model.url may name; empty: only this machine. Default: "".

---@class seal.Settings.feedback What became of suggestions.
---@field enabled? boolean Whether it is counted on this machine what became of suggestions (`seal-lsp stats`); numbers, no text. Default: true.

---@class seal.Settings.files Which files may be looked at.
---@field exclude? string[] Files that are never read, sent or learned from, as patterns of .gitignore (which is obeyed too); lists from all places are joined, a later !pattern takes one back. Default: [".env", ".env.*", ".envrc", ".netrc", ".npmrc", ".pypirc", ".aws/", ".ssh/", ".gnupg/", "*.pem", "*.key", "*.p12", "*.pfx", "*.kdbx", "id_rsa*", "id_ed25519*", "id_ecdsa*", "credentials", "credentials.json", "secrets.*"].
---@field max_kb? integer Files larger than this many kilobytes are not read. Default: 1024.

---@class seal.Settings.collect Where evidence about a library may come from.
---@field workspace? boolean Whether call sites in your own workspace are evidence; they stay on this machine. Default: true.
---@field dependents? boolean Whether other installed packages that use the library are evidence. Default: true.
---@field sdist? boolean Whether tests and docs from the library's source distribution are fetched as evidence. Default: false.
