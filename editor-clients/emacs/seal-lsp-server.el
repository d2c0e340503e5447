;;; seal-lsp-server.el --- The servers that run, and those that crashed  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; One object for each server, whichever client talks to it.  Knows of a
;; server's state only what `seal/status' says, and starts one again that
;; crashed: at once, then later and later, then not at all.

;;; Code:

(require 'cl-lib)
(require 'seq)
(require 'subr-x)
(require 'seal-lsp)
(require 'seal-lsp-settings)

(defvar python-shell-virtualenv-root)

(cl-defstruct (seal-lsp-server (:constructor seal-lsp-server--make) (:copier nil))
  "One server; CLIENT is what Eglot or lsp-mode calls it.
PHASE is one of `starting', `running', `waiting' (for its next start)
and `stopped'; PROBLEM says why it is not running.  STATUS is the last
`seal/status', a plist.  CRASHES are times, newest first."
  root client (phase 'starting) (problem "") status crashes timer)

(defconst seal-lsp-server--delays '(0 1 4 10)
  "Seconds until a server that crashed for the nth time is started again.")

(defconst seal-lsp-server--forgotten-after 300
  "Seconds after which a crash counts no more.")

(defvar seal-lsp-server--all (make-hash-table :test #'equal)
  "The servers, by the root of their project.")

(defvar-local seal-lsp-server--here nil
  "The server of this buffer.")

(defvar seal-lsp-server-changed-functions nil
  "Functions called with a server when its phase or its status has changed.")

;; What a client can do.

(cl-defgeneric seal-lsp-client-request (client method params)
  "Ask CLIENT's server for METHOD with PARAMS, and wait for its answer.")

(cl-defgeneric seal-lsp-client-request-async (client method params callback)
  "Ask CLIENT's server for METHOD with PARAMS; CALLBACK gets its answer.")

(cl-defgeneric seal-lsp-client-notify (client method params)
  "Send CLIENT's server the notification METHOD with PARAMS.")

(cl-defgeneric seal-lsp-client-start-again (client)
  "Start the server of CLIENT again; it may be running or dead.")

(cl-defgeneric seal-lsp-client-log (client)
  "The buffer with what the server of CLIENT wrote to its standard error.")

;; The life of a server.

(defun seal-lsp-server-at (root)
  "The server for the project at ROOT; made when there is none."
  (let ((root (file-name-as-directory (expand-file-name root))))
    (with-memoization (gethash root seal-lsp-server--all)
      (seal-lsp-server--make :root root))))

(defun seal-lsp-server-buffers (server)
  "The buffers of files that SERVER serves, or served before it crashed."
  (seq-filter (lambda (buffer)
                (and (buffer-file-name buffer)
                     (eq server (buffer-local-value 'seal-lsp-server--here buffer))))
              (buffer-list)))

(defun seal-lsp-server-running-p (server)
  "Whether SERVER is there to be asked."
  (and server (eq (seal-lsp-server-phase server) 'running)))

(defun seal-lsp-server--become (server phase &optional problem)
  "SERVER is in PHASE now, for the reason PROBLEM."
  (when (timerp (seal-lsp-server-timer server))
    (cancel-timer (seal-lsp-server-timer server)))
  (setf (seal-lsp-server-phase server) phase
        (seal-lsp-server-problem server) (or problem ""))
  (unless (eq phase 'running)
    (setf (seal-lsp-server-status server) nil))
  (seal-lsp-server--changed server))

(defun seal-lsp-server--changed (server)
  "Show what is new of SERVER."
  (run-hook-with-args 'seal-lsp-server-changed-functions server)
  (force-mode-line-update t))

(defun seal-lsp-server-starting (server client)
  "CLIENT is starting SERVER."
  (setf (seal-lsp-server-client server) client)
  (seal-lsp-server--become server 'starting))

(defun seal-lsp-server-started (server)
  "SERVER has answered `initialize'."
  (seal-lsp-server--become server 'running))

(defun seal-lsp-server-heard (server status)
  "SERVER sent the plist STATUS."
  (setf (seal-lsp-server-status server) status)
  (seal-lsp-server--changed server))

(defun seal-lsp-server-ended (server &optional problem)
  "SERVER ended without having been asked to, for the reason PROBLEM.
Without one its last words are the reason."
  (let* ((problem (or problem (seal-lsp-server--last-words server)))
         (delay (seal-lsp-server--next-delay server (float-time))))
    (if (null delay)
        (seal-lsp-server--give-up server problem)
      (seal-lsp-server--become
       server 'waiting (format "%s; it starts again in %s s" problem delay))
      (setf (seal-lsp-server-timer server)
            (run-at-time delay nil #'seal-lsp-server--start-again server)))))

(defun seal-lsp-server-left (server)
  "SERVER was told to end."
  (seal-lsp-server--become server 'stopped "it was shut down")
  (remhash (seal-lsp-server-root server) seal-lsp-server--all))

(defun seal-lsp-server-restart (server)
  "Start SERVER again; its crashes are forgotten."
  (setf (seal-lsp-server-crashes server) nil)
  (puthash (seal-lsp-server-root server) server seal-lsp-server--all)
  (seal-lsp-server--start-again server))

(defun seal-lsp-server--start-again (server)
  "Start SERVER again, unless no buffer needs it any more."
  (if (null (seal-lsp-server-buffers server))
      (seal-lsp-server-left server)
    (seal-lsp-server--become server 'starting)
    (condition-case why
        (seal-lsp-client-start-again (seal-lsp-server-client server))
      (error (seal-lsp-server-ended server (error-message-string why))))))

(defun seal-lsp-server--next-delay (server now)
  "Seconds until SERVER, which crashed NOW, is started again.
Nil when it crashed too often to go on."
  (let ((recent (seq-filter
                 (lambda (time) (< (- now time) seal-lsp-server--forgotten-after))
                 (seal-lsp-server-crashes server))))
    (setf (seal-lsp-server-crashes server) (cons now recent))
    (nth (length recent) seal-lsp-server--delays)))

(defun seal-lsp-server--give-up (server problem)
  "SERVER crashed too often: it stays down, and the user is told PROBLEM."
  (seal-lsp-server--become server 'stopped problem)
  (display-warning
   'seal-lsp
   (substitute-command-keys
    (format "The server ended %d times and is not started again: %s
\\[seal-lsp-log] shows its log, \\[seal-lsp-restart] starts it again."
            (length (seal-lsp-server-crashes server)) problem))
   :error))

(defun seal-lsp-server--last-words (server)
  "The last line that SERVER wrote to its log."
  (let ((log (ignore-errors (seal-lsp-client-log (seal-lsp-server-client server)))))
    (or (and (buffer-live-p log)
             (with-current-buffer log
               (car (last (split-string
                           (replace-regexp-in-string
                            "^Process .* stderr.* \\(?:finished\\|exited.*\\)$" ""
                            (buffer-substring-no-properties (point-min) (point-max)))
                           "[\r\n]+" t "[ \t]+")))))
        "it ended without a word")))

;; Where the program is.

(defun seal-lsp-server-command ()
  "The command for a new server, a list of words; nil when there is none.
For a file on another machine the server is one of that machine's."
  (or seal-lsp-server-command
      (when-let* ((program (seal-lsp-server--program)))
        (list program))))

(defun seal-lsp-server--program ()
  "The program in Python's virtual environment, or else on the path."
  (if-let* ((root (bound-and-true-p python-shell-virtualenv-root))
            (folder (expand-file-name (if (eq system-type 'windows-nt) "Scripts" "bin") root))
            ((equal (file-remote-p folder) (file-remote-p default-directory)))
            (found (locate-file "seal-lsp" (list folder) exec-suffixes #'file-executable-p)))
      (file-local-name found)
    (executable-find "seal-lsp" t)))

(defconst seal-lsp-server-missing "the program `seal-lsp' is not on `exec-path' \
\(for a file on another machine: on `tramp-remote-path').  \
Install it with pip in a Python environment there, and put that environment's \
folder of programs on PATH or set `seal-lsp-server-command'"
  "What is said when there is no server to start.")

;; What travels.

(defun seal-lsp-server-settings ()
  "The settings that the user made, as a plist of plists; false is :json-false."
  (let (groups)
    (pcase-dolist (`(,option ,type ,group ,name) seal-lsp-settings groups)
      (let ((value (symbol-value option)))
        (unless (eq value 'default)
          (setf (plist-get groups group)
                (plist-put (plist-get groups group) name
                           (pcase type
                             ('array (vconcat value))
                             ('boolean (if value t :json-false))
                             (_ value)))))))))

(defun seal-lsp-server-plist (value)
  "The JSON VALUE as a client read it, its objects as plists and false as nil."
  (cond ((hash-table-p value)
         (let (plist)
           (maphash (lambda (key inner)
                      (push (intern (format ":%s" key)) plist)
                      (push (seal-lsp-server-plist inner) plist))
                    value)
           (nreverse plist)))
        ((vectorp value) (mapcar #'seal-lsp-server-plist value))
        ((consp value) (mapcar #'seal-lsp-server-plist value))
        ((memq value '(:json-false :json-null :null)) nil)
        (t value)))

(provide 'seal-lsp-server)
;;; seal-lsp-server.el ends here
