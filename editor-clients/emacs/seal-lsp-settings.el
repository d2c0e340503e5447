;;; seal-lsp-settings.el --- The server's settings as user options  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Written by tests/write_emacs_settings.py from the server's schema; edit
;; that.  Only what is set is sent: what is `default' is left to the user's
;; settings file, the project and the server.

;;; Code:

(require 'seal-lsp)

(defgroup seal-lsp-python nil
  "The workspace's Python environment."
  :group 'seal-lsp
  :prefix "seal-lsp-python-")

(defcustom seal-lsp-python-interpreter 'default
  "Setting python.interpreter of the server.
Path of the workspace's Python interpreter or environment; empty: found by
VIRTUAL_ENV, .venv, venv, conda and pyvenv.cfg.  It is read, never run.  When
`default' it is left open; the server's own default is \"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-python)

(defgroup seal-lsp-learn nil
  "What is learned, and when."
  :group 'seal-lsp
  :prefix "seal-lsp-learn-")

(defcustom seal-lsp-learn-enabled 'default
  "Setting learn.enabled of the server.
Whether libraries are learned at all.  When `default' it is left open; the
server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-auto 'default
  "Setting learn.auto of the server.
Whether learning starts by itself when a library is used; if not, only on
command.  When `default' it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-trust 'default
  "Setting learn.trust of the server.
Which libraries may be learned by themselves: those that the project's
manifest or lock file declares, those that you were asked about, all that are
used, or none.  When `default' it is left open; the server's own default is
\"declared\"."
  :type '(choice (const :tag "Default" default)
                 (const "none") (const "ask") (const "declared") (const "all"))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-exclude 'default
  "Setting learn.exclude of the server.
Names of distributions that are never learned; lists from all places are
joined.  When `default' it is left open; the server's own default is nil."
  :type '(choice (const :tag "Default" default)
                 (repeat string))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-held-out 'default
  "Setting learn.held_out of the server.
Case files (JSONL) that you judge suggestions with: nothing that shares 13
words with one of their places is trained on; lists from all places are
joined.  When `default' it is left open; the server's own default is nil."
  :type '(choice (const :tag "Default" default)
                 (repeat string))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-max-tokens 'default
  "Setting learn.max_tokens of the server.
The most tokens that one learning cycle trains on.  When `default' it is left
open; the server's own default is 120000."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-on-battery 'default
  "Setting learn.on_battery of the server.
Whether learning goes on while the machine runs on its battery.  When
`default' it is left open; the server's own default is nil."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-without-editor 'default
  "Setting learn.without_editor of the server.
Whether learning goes on while no editor is open; if not, it does with the
next one.  When `default' it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-learn)

(defcustom seal-lsp-learn-model-writes 'default
  "Setting learn.model_writes of the server.
Whether the model itself writes some of what it is trained on, vetted like the
rest;  `auto': from 1.5 billion parameters on, and where `seal-lsp
improve-writer' measured that it helps.  When `default' it is left open; the
server's own default is \"auto\"."
  :type '(choice (const :tag "Default" default)
                 (const "auto") (const "never") (const "always"))
  :group 'seal-lsp-learn)

(defgroup seal-lsp-completion nil
  "The completion menu."
  :group 'seal-lsp
  :prefix "seal-lsp-completion-")

(defcustom seal-lsp-completion-enabled 'default
  "Setting completion.enabled of the server.
Whether the completion menu is filled with names that exist.  When `default'
it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-completion)

(defcustom seal-lsp-completion-rank-deadline-ms 'default
  "Setting completion.rank_deadline_ms of the server.
How long, in milliseconds, the menu waits for the model's order; 0: it does
not ask the model.  When `default' it is left open; the server's own default
is 800."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-completion)

(defgroup seal-lsp-inline nil
  "Ghost text."
  :group 'seal-lsp
  :prefix "seal-lsp-inline-")

(defcustom seal-lsp-inline-enabled 'default
  "Setting inline.enabled of the server.
Whether the model suggests how the line goes on (ghost text).  When `default'
it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-max-tokens 'default
  "Setting inline.max_tokens of the server.
The most tokens in one suggestion.  When `default' it is left open; the
server's own default is 48."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-deadline-ms 'default
  "Setting inline.deadline_ms of the server.
How long, in milliseconds, one suggestion may take before it is given up.
When `default' it is left open; the server's own default is 2500."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-first-ms 'default
  "Setting inline.first_ms of the server.
How long, in milliseconds, a suggestion that comes by itself is worked on
before it is shown as far as it is; the rest is written while you read, and
appears as you type along.  When `default' it is left open; the server's own
default is 250."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-debounce-ms 'default
  "Setting inline.debounce_ms of the server.
How long at most, in milliseconds, typing must rest before a suggestion is
asked for; less where you type slowly enough to see the answer before the next
key.  When `default' it is left open; the server's own default is 10."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-min-confidence 'default
  "Setting inline.min_confidence of the server.
A suggestion that comes by itself is shown when the model is at least so sure
of its name, or of its text where no name is due;  `seal-lsp eval' prints what
a threshold shows and how much of that is right.  When `default' it is left
open; the server's own default is 0.2."
  :type '(choice (const :tag "Default" default)
                 number)
  :group 'seal-lsp-inline)

(defcustom seal-lsp-inline-context-tokens 'default
  "Setting inline.context_tokens of the server.
How many tokens the model reads before the file: signatures of what the file
uses, at most half, and places of other open files that are like the one you
are at; 0: none.  When `default' it is left open; the server's own default is
256."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-inline)

(defgroup seal-lsp-hover nil
  "Hovers."
  :group 'seal-lsp
  :prefix "seal-lsp-hover-")

(defcustom seal-lsp-hover-enabled 'default
  "Setting hover.enabled of the server.
Whether hovers are answered.  When `default' it is left open; the server's own
default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-hover)

(defcustom seal-lsp-hover-model-line 'default
  "Setting hover.model_line of the server.
Whether a hover shows a usage line that the model wrote, marked as such, once
it is vetted.  When `default' it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-hover)

(defgroup seal-lsp-engine nil
  "The process that holds the model."
  :group 'seal-lsp
  :prefix "seal-lsp-engine-")

(defcustom seal-lsp-engine-url 'default
  "Setting engine.url of the server.
Where the engine answers (http://, https:// or unix:); empty: your own,
started on this machine.  Text around your cursor is sent there, and of other
open files as much as inline.context_tokens says.  When `default' it is left
open; the server's own default is \"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-engine)

(defcustom seal-lsp-engine-idle-exit-s 'default
  "Setting engine.idle_exit_s of the server.
Seconds without a request after which the engine ends.  When `default' it is
left open; the server's own default is 1800."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-engine)

(defcustom seal-lsp-engine-threads 'default
  "Setting engine.threads of the server.
Processor threads for the model; 0: as many as there are physical cores.  When
`default' it is left open; the server's own default is 0."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-engine)

(defgroup seal-lsp-model nil
  "The base model."
  :group 'seal-lsp
  :prefix "seal-lsp-model-")

(defcustom seal-lsp-model-id 'default
  "Setting model.id of the server.
Which base model is used: `default', or one that `seal-lsp model list' shows.
When `default' it is left open; the server's own default is \"default\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-device 'default
  "Setting model.device of the server.
What the model runs on: auto, cpu, cuda, cuda:N, mps or xpu.  When `default'
it is left open; the server's own default is \"auto\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-runtime 'default
  "Setting model.runtime of the server.
What runs the model while you type: onnx is ONNX Runtime with 8-bit weights on
the CPU, torch is exact and knows GPUs; auto takes the faster one that this
machine and model allow; remote is a model server that you run.  Learning is
torch's.  When `default' it is left open; the server's own default is
\"auto\"."
  :type '(choice (const :tag "Default" default)
                 (const "auto") (const "torch") (const "onnx") (const "remote"))
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-weights 'default
  "Setting model.weights of the server.
How torch holds the base's weights: full (bfloat16 on a GPU), 4bit
\(bitsandbytes), or auto: 4bit on a GPU that has no room for the full ones.
What is learned is a LoRA adapter either way.  When `default' it is left open;
the server's own default is \"auto\"."
  :type '(choice (const :tag "Default" default)
                 (const "auto") (const "full") (const "4bit"))
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-url 'default
  "Setting model.url of the server.
Where your model server answers (vLLM, or llama.cpp's llama-server), for the
runtime remote: http://127.0.0.1:8000/v1. It must serve the base that model.id
names.  Text around your cursor is sent there, and of other open files as much
as inline.context_tokens says.  When `default' it is left open; the server's
own default is \"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-served-name 'default
  "Setting model.served_name of the server.
What your model server calls the base; empty: it serves only one.  When
`default' it is left open; the server's own default is \"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-key-variable 'default
  "Setting model.key_variable of the server.
The environment variable that holds your model server's API key; empty: it
asks for none.  When `default' it is left open; the server's own default is
\"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defcustom seal-lsp-model-allow-host 'default
  "Setting model.allow_host of the server.
The host other than this machine that model.url may name; empty: only this
machine.  When `default' it is left open; the server's own default is \"\"."
  :type '(choice (const :tag "Default" default)
                 string)
  :group 'seal-lsp-model)

(defgroup seal-lsp-feedback nil
  "What became of suggestions."
  :group 'seal-lsp
  :prefix "seal-lsp-feedback-")

(defcustom seal-lsp-feedback-enabled 'default
  "Setting feedback.enabled of the server.
Whether it is counted on this machine what became of suggestions (`seal-lsp
stats'); numbers, no text.  When `default' it is left open; the server's own
default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-feedback)

(defgroup seal-lsp-files nil
  "Which files may be looked at."
  :group 'seal-lsp
  :prefix "seal-lsp-files-")

(defcustom seal-lsp-files-exclude 'default
  "Setting files.exclude of the server.
Files that are never read, sent or learned from, as patterns of .gitignore
\(which is obeyed too); lists from all places are joined, a later !pattern
takes one back.  When `default' it is left open; the server's own default is
\(\".env\" \".env.*\" \".envrc\" \".netrc\" \".npmrc\" \".pypirc\" \".aws/\"
\".ssh/\" \".gnupg/\" \"*.pem\" \"*.key\" \"*.p12\" \"*.pfx\" \"*.kdbx\"
\"id_rsa*\" \"id_ed25519*\" \"id_ecdsa*\" \"credentials\" \"credentials.json\"
\"secrets.*\")."
  :type '(choice (const :tag "Default" default)
                 (repeat string))
  :group 'seal-lsp-files)

(defcustom seal-lsp-files-max-kb 'default
  "Setting files.max_kb of the server.
Files larger than this many kilobytes are not read.  When `default' it is left
open; the server's own default is 1024."
  :type '(choice (const :tag "Default" default)
                 integer)
  :group 'seal-lsp-files)

(defgroup seal-lsp-collect nil
  "Where evidence about a library may come from."
  :group 'seal-lsp
  :prefix "seal-lsp-collect-")

(defcustom seal-lsp-collect-workspace 'default
  "Setting collect.workspace of the server.
Whether call sites in your own workspace are evidence; they stay on this
machine.  When `default' it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-collect)

(defcustom seal-lsp-collect-dependents 'default
  "Setting collect.dependents of the server.
Whether other installed packages that use the library are evidence.  When
`default' it is left open; the server's own default is t."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-collect)

(defcustom seal-lsp-collect-sdist 'default
  "Setting collect.sdist of the server.
Whether tests and docs from the library's source distribution are fetched as
evidence.  When `default' it is left open; the server's own default is nil."
  :type '(choice (const :tag "Default" default)
                 (const :tag "On" t) (const :tag "Off" nil))
  :group 'seal-lsp-collect)

(defconst seal-lsp-settings
  '((seal-lsp-python-interpreter string :python :interpreter)
    (seal-lsp-learn-enabled boolean :learn :enabled)
    (seal-lsp-learn-auto boolean :learn :auto)
    (seal-lsp-learn-trust string :learn :trust)
    (seal-lsp-learn-exclude array :learn :exclude)
    (seal-lsp-learn-held-out array :learn :held_out)
    (seal-lsp-learn-max-tokens integer :learn :max_tokens)
    (seal-lsp-learn-on-battery boolean :learn :on_battery)
    (seal-lsp-learn-without-editor boolean :learn :without_editor)
    (seal-lsp-learn-model-writes string :learn :model_writes)
    (seal-lsp-completion-enabled boolean :completion :enabled)
    (seal-lsp-completion-rank-deadline-ms integer :completion :rank_deadline_ms)
    (seal-lsp-inline-enabled boolean :inline :enabled)
    (seal-lsp-inline-max-tokens integer :inline :max_tokens)
    (seal-lsp-inline-deadline-ms integer :inline :deadline_ms)
    (seal-lsp-inline-first-ms integer :inline :first_ms)
    (seal-lsp-inline-debounce-ms integer :inline :debounce_ms)
    (seal-lsp-inline-min-confidence number :inline :min_confidence)
    (seal-lsp-inline-context-tokens integer :inline :context_tokens)
    (seal-lsp-hover-enabled boolean :hover :enabled)
    (seal-lsp-hover-model-line boolean :hover :model_line)
    (seal-lsp-engine-url string :engine :url)
    (seal-lsp-engine-idle-exit-s integer :engine :idle_exit_s)
    (seal-lsp-engine-threads integer :engine :threads)
    (seal-lsp-model-id string :model :id)
    (seal-lsp-model-device string :model :device)
    (seal-lsp-model-runtime string :model :runtime)
    (seal-lsp-model-weights string :model :weights)
    (seal-lsp-model-url string :model :url)
    (seal-lsp-model-served-name string :model :served_name)
    (seal-lsp-model-key-variable string :model :key_variable)
    (seal-lsp-model-allow-host string :model :allow_host)
    (seal-lsp-feedback-enabled boolean :feedback :enabled)
    (seal-lsp-files-exclude array :files :exclude)
    (seal-lsp-files-max-kb integer :files :max_kb)
    (seal-lsp-collect-workspace boolean :collect :workspace)
    (seal-lsp-collect-dependents boolean :collect :dependents)
    (seal-lsp-collect-sdist boolean :collect :sdist))
  "The settings: each one's option, its JSON type, its group and its name there.")

(provide 'seal-lsp-settings)
;;; seal-lsp-settings.el ends here
