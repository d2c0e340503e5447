;;; seal-lsp.el --- Completions from a server that learns your libraries  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors

;; Author: The seal-lsp authors
;; Version: 0.1.0
;; Package-Requires: ((emacs "29.1"))
;; Keywords: languages, tools, convenience
;; URL: https://example.org/seal-lsp
;; SPDX-License-Identifier: Apache-2.0

;; This file is not part of GNU Emacs.

;; Licensed under the Apache License, Version 2.0 (the "License"); you may
;; not use this file except in compliance with the License.  You may obtain
;; a copy of it at
;;
;;     http://www.apache.org/licenses/LICENSE-2.0
;;
;; Unless required by applicable law or agreed to in writing, software
;; distributed under the License is distributed on an "AS IS" BASIS,
;; WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
;; See the License for the specific language governing permissions and
;; limitations under the License.

;;; Commentary:

;; seal-lsp is a language server for Python that learns the libraries you
;; use.  This package starts it from Eglot or from lsp-mode, hands it your
;; settings and shows what it is doing.
;;
;; * Setting up
;;
;; With Eglot, in your init file:
;;
;;     (seal-lsp-eglot-setup)
;;     (add-hook 'python-base-mode-hook #'eglot-ensure)
;;
;; With lsp-mode, where it runs beside your other Python servers:
;;
;;     (seal-lsp-lsp-mode-setup)
;;     (add-hook 'python-base-mode-hook #'lsp-deferred)
;;
;; The server is the program `seal-lsp' on `exec-path', or what
;; `seal-lsp-server-command' says.
;;
;; * Ghost text
;;
;; With Eglot a suggestion appears behind the cursor when you rest for
;; `seal-lsp-ghost-idle-delay' seconds, and never beside a completion
;; menu.  While it is shown, TAB takes all of it, M-f a word, C-e a line;
;; M-n and M-p show other suggestions, C-g hides it, and typing along
;; keeps it.  `seal-lsp-ghost-ask' asks for one.  With lsp-mode its own
;; inline completion shows the same suggestions, with its own keys.
;;
;; * Commands
;;
;;     seal-lsp-status         what the server is doing
;;     seal-lsp-libraries      the libraries used here, and what was learned
;;     seal-lsp-learn          learn a library
;;     seal-lsp-forget         delete what was learned of one
;;     seal-lsp-rollback       go back to what was live before
;;     seal-lsp-show-learned   the record of what was learned of one
;;     seal-lsp-pause          learning waits
;;     seal-lsp-resume         learning goes on
;;     seal-lsp-why            where the last suggestion came from
;;     seal-lsp-log            what the server wrote to its log
;;     seal-lsp-restart        start the server again
;;
;; They are in the menu of `seal-lsp-mode' too, which is on where the
;; server is; its lighter in the mode line says what the server does.
;;
;; * Options
;;
;; M-x customize-group RET seal-lsp RET.  Its subgroups are the server's
;; own settings.  One that you do not set is left to your settings file,
;; the project and the server's default.  What you change is heard when the
;; server is started: M-x seal-lsp-restart.

;;; Code:

(defgroup seal-lsp nil
  "Completions from a server that learns your libraries."
  :group 'languages
  :prefix "seal-lsp-")

(defcustom seal-lsp-server-command nil
  "The command that starts the server, as a list of words.
When nil it is the program `seal-lsp' of the virtual environment in
`python-shell-virtualenv-root', or the one on variable `exec-path'."
  :type '(choice (const :tag "The seal-lsp that is installed" nil)
                 (repeat :tag "Command" string))
  :risky t)

(defcustom seal-lsp-ghost-text t
  "Whether suggestions are shown behind the cursor by themselves, with Eglot.
`seal-lsp-ghost-ask' asks for one in any case."
  :type 'boolean)

(defcustom seal-lsp-ghost-idle-delay 0.15
  "Seconds of rest after which a suggestion is asked for.
With Eglot `eglot-send-changes-idle-time' is the same in the buffers
that the server manages: a suggestion needs the text that it is for.
With lsp-mode they begin when `lsp-idle-delay' has passed, unless you
set `lsp-inline-completion-idle-delay'."
  :type 'number)

(defface seal-lsp-ghost '((t :inherit shadow))
  "Face of a suggestion behind the cursor.")

(provide 'seal-lsp)
;;; seal-lsp.el ends here
