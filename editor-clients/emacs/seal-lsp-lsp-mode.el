;;; seal-lsp-lsp-mode.el --- seal-lsp with lsp-mode  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; lsp-mode's client for seal-lsp, beside the other servers of a buffer.
;; Ghost text is lsp-mode's own inline completion.  No macro of lsp-mode is
;; used, so that this package compiles without it.

;;; Code:

(require 'lsp-mode nil t)
(require 'seal-lsp-server)
(require 'seal-lsp-mode)

(declare-function lsp "lsp-mode")
(declare-function lsp-notify "lsp-mode")
(declare-function lsp-register-client "lsp-mode")
(declare-function lsp-request "lsp-mode")
(declare-function lsp-request-async "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")
(declare-function lsp-workspace-restart "lsp-mode")
(declare-function lsp-workspaces "lsp-mode")
(declare-function lsp--client-server-id "lsp-mode")
(declare-function lsp--workspace-buffers "lsp-mode")
(declare-function lsp--workspace-client "lsp-mode")
(declare-function lsp--workspace-cmd-proc "lsp-mode")
(declare-function lsp--workspace-root "lsp-mode")
(declare-function lsp--workspace-shutdown-action "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(defvar lsp--cur-workspace)
(defvar lsp-idle-delay)
(defvar lsp-inline-completion-idle-delay)
(defvar lsp-inline-completion-inhibit-predicates)

;;;###autoload
(defun seal-lsp-lsp-mode-setup ()
  "Let lsp-mode use seal-lsp for Python, beside its other servers."
  (unless (require 'lsp-mode nil t)
    (user-error "There is no lsp-mode in this Emacs; install it first"))
  (lsp-register-client
   (make-lsp-client
    :new-connection (lsp-stdio-connection #'seal-lsp-server-command
                                          #'seal-lsp-lsp-mode--installed-p)
    :major-modes '(python-mode python-ts-mode)
    :server-id 'seal-lsp
    :add-on? t
    :multi-root t
    :initialization-options #'seal-lsp-server-settings
    :initialized-fn #'seal-lsp-lsp-mode--initialized
    :after-open-fn #'seal-lsp-lsp-mode--opened
    :notification-handlers (let ((handlers (make-hash-table :test #'equal)))
                             (puthash "seal/status" #'seal-lsp-lsp-mode--heard handlers)
                             handlers)))
  (add-hook 'lsp-after-uninitialized-functions #'seal-lsp-lsp-mode--ended))

(defvar seal-lsp-lsp-mode--warned nil
  "Whether the user was told that there is no server to start.")

(defun seal-lsp-lsp-mode--installed-p ()
  "Whether there is a server to start; the user is told once when not."
  (or (seal-lsp-server-command)
      (unless seal-lsp-lsp-mode--warned
        (setq seal-lsp-lsp-mode--warned t)
        (display-warning 'seal-lsp (concat "No server to start: "
                                           (substitute-command-keys seal-lsp-server-missing)))
        nil)))

;; From start to end.

(defun seal-lsp-lsp-mode--server (workspace)
  "The server that WORKSPACE, lsp-mode's object, talks to."
  (seal-lsp-server-at (lsp--workspace-root workspace)))

(defun seal-lsp-lsp-mode--initialized (workspace)
  "The server of WORKSPACE has answered."
  (let ((server (seal-lsp-lsp-mode--server workspace)))
    (seal-lsp-server-starting server workspace)
    (seal-lsp-server-started server)
    (when-let* ((settings (seal-lsp-server-settings)))
      (seal-lsp-client-notify workspace "workspace/didChangeConfiguration"
                              `(:settings (:seal ,settings))))))

(defun seal-lsp-lsp-mode--opened ()
  "This buffer was opened in lsp-mode's current workspace."
  (seal-lsp-mode-enter (seal-lsp-lsp-mode--server lsp--cur-workspace))
  (seal-lsp-lsp-mode--configure))

(defun seal-lsp-lsp-mode--configure ()
  "Have lsp-mode's inline completion ask soon, and not beside a menu."
  (require 'lsp-inline-completion nil t)
  (when (and (boundp 'lsp-inline-completion-idle-delay)
             (eql lsp-inline-completion-idle-delay
                  (eval (car (get 'lsp-inline-completion-idle-delay 'standard-value)) t)))
    ;; Its timer is set when `lsp-idle-delay' has passed, and counts from the
    ;; same moment.
    (setq-local lsp-inline-completion-idle-delay
                (+ lsp-idle-delay seal-lsp-ghost-idle-delay)))
  ;; A list of functions, no hook: lsp-mode would call the t of a local one.
  (setq-local lsp-inline-completion-inhibit-predicates
              (cons #'seal-lsp-lsp-mode--menu-open-p
                    (default-value 'lsp-inline-completion-inhibit-predicates))))

(defun seal-lsp-lsp-mode--menu-open-p ()
  "Whether a completion menu is open."
  (or completion-in-region-mode (bound-and-true-p company-candidates)))

(defun seal-lsp-lsp-mode--heard (workspace status)
  "Note the STATUS of the server of WORKSPACE."
  (seal-lsp-server-heard (seal-lsp-lsp-mode--server workspace)
                         (seal-lsp-server-plist status)))

(defun seal-lsp-lsp-mode--ended (workspace)
  "The server of WORKSPACE is gone."
  (when (memq (lsp--client-server-id (lsp--workspace-client workspace))
              '(seal-lsp seal-lsp-tramp)) ; lsp-mode's copy of it for other machines
    (let ((server (seal-lsp-lsp-mode--server workspace)))
      (setf (seal-lsp-server-client server) workspace)
      (if (lsp--workspace-shutdown-action workspace)
          (seal-lsp-mode-leave server)
        ;; lsp-mode would ask whether to start it again, or do it at once for
        ;; ever; told that this was wanted it does neither.
        (aset workspace (cl-struct-slot-offset 'lsp--workspace 'shutdown-action) 'shutdown)
        (dolist (buffer (lsp--workspace-buffers workspace))
          (when (buffer-live-p buffer)
            (with-current-buffer buffer
              (seal-lsp-mode-enter server))))
        (seal-lsp-server-ended server)))))

(cl-defmethod seal-lsp-client-start-again ((workspace lsp--workspace))
  "Have lsp-mode start the server of WORKSPACE again."
  (let ((server (seal-lsp-lsp-mode--server workspace)))
    (if (process-live-p (lsp--workspace-cmd-proc workspace))
        (lsp-workspace-restart workspace)
      (dolist (buffer (seal-lsp-server-buffers server))
        (with-current-buffer buffer
          (lsp)
          ;; Where it finds no program it only says so: another machine that
          ;; did not answer just now.
          (unless (lsp-workspaces)
            (error "Lsp-mode found no server to start")))))))

(cl-defmethod seal-lsp-client-log ((workspace lsp--workspace))
  "The buffer with the standard error of the server of WORKSPACE."
  (get-buffer (format "*%s::stderr*" (process-name (lsp--workspace-cmd-proc workspace)))))

;; Messages.

(cl-defmethod seal-lsp-client-request ((workspace lsp--workspace) method params)
  "Ask the server of WORKSPACE for METHOD with PARAMS."
  (let ((lsp--cur-workspace workspace))
    (seal-lsp-server-plist (lsp-request method params))))

(cl-defmethod seal-lsp-client-request-async
  ((workspace lsp--workspace) method params callback)
  "Ask the server of WORKSPACE for METHOD with PARAMS.
CALLBACK gets the answer."
  (let ((lsp--cur-workspace workspace))
    (lsp-request-async method params
                       (lambda (answer) (funcall callback (seal-lsp-server-plist answer)))
                       :mode 'detached
                       :error-handler #'ignore)))

(cl-defmethod seal-lsp-client-notify ((workspace lsp--workspace) method params)
  "Send the server of WORKSPACE the notification METHOD with PARAMS."
  (let ((lsp--cur-workspace workspace))
    (lsp-notify method params)))

(provide 'seal-lsp-lsp-mode)
;;; seal-lsp-lsp-mode.el ends here
