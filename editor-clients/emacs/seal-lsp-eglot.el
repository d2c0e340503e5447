;;; seal-lsp-eglot.el --- seal-lsp with Eglot  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Eglot's server class for seal-lsp: what Eglot does not know of inline
;; completion, `seal/status' and starting again with patience.

;;; Code:

(require 'eglot)
(require 'jsonrpc)
(require 'project)
(require 'seal-lsp-server)
(require 'seal-lsp-mode)
(require 'seal-lsp-ghost-mode)

(defclass seal-lsp-eglot-server (eglot-lsp-server) ()
  :documentation "A seal-lsp server that Eglot manages.")

;;;###autoload
(defun seal-lsp-eglot-setup ()
  "Let Eglot use seal-lsp for Python."
  (add-to-list 'eglot-server-programs
               '((python-mode python-ts-mode) . seal-lsp-eglot-contact))
  (add-hook 'eglot-server-initialized-hook #'seal-lsp-eglot--starting)
  (add-hook 'eglot-connect-hook #'seal-lsp-eglot--connected)
  (add-hook 'eglot-managed-mode-hook #'seal-lsp-eglot--managed))

(defun seal-lsp-eglot-contact (&optional _interactive _project)
  "The class and the command of seal-lsp, for `eglot-server-programs'."
  (cons 'seal-lsp-eglot-server
        (or (seal-lsp-server-command)
            (user-error "No server to start: %s"
                        (substitute-command-keys seal-lsp-server-missing)))))

;; From start to end.

(cl-defmethod initialize-instance :around ((server seal-lsp-eglot-server) &optional slots)
  "Have a say when SERVER, made with SLOTS, has ended."
  (let ((ended (plist-get slots :on-shutdown)))
    (cl-call-next-method
     server (plist-put (copy-sequence slots) :on-shutdown
                       (lambda (server) (seal-lsp-eglot--ended server ended))))))

(defun seal-lsp-eglot--server (client)
  "The server that CLIENT, Eglot's object, talks to."
  (seal-lsp-server-at (project-root (slot-value client 'project))))

(defun seal-lsp-eglot--starting (client)
  "CLIENT was made, and is about to ask its server to initialize."
  (when (cl-typep client 'seal-lsp-eglot-server)
    (let ((server (seal-lsp-eglot--server client)))
      (seal-lsp-server-starting server client)
      (when (and buffer-file-name
                 (derived-mode-p 'python-base-mode)
                 (file-in-directory-p buffer-file-name (seal-lsp-server-root server)))
        (seal-lsp-mode-enter server)))))

(defun seal-lsp-eglot--connected (client)
  "CLIENT's server has answered."
  (when (cl-typep client 'seal-lsp-eglot-server)
    (seal-lsp-server-started (seal-lsp-eglot--server client))))

(defun seal-lsp-eglot--managed ()
  "Eglot started, or stopped, managing this buffer."
  (let ((client (and (eglot-managed-p) (eglot-current-server))))
    (cond ((cl-typep client 'seal-lsp-eglot-server)
           (seal-lsp-mode-enter (seal-lsp-eglot--server client))
           (setq-local eglot-send-changes-idle-time seal-lsp-ghost-idle-delay
                       seal-lsp-ghost-ask-function #'seal-lsp-eglot--ask
                       seal-lsp-ghost-accepted-function #'seal-lsp-eglot--accepted)
           (seal-lsp-ghost-mode 1))
          (seal-lsp-ghost-mode
           (kill-local-variable 'eglot-send-changes-idle-time)
           (seal-lsp-ghost-mode -1)))))

(defun seal-lsp-eglot--ended (client eglots)
  "CLIENT's process is gone; EGLOTS is what Eglot does then."
  (let ((server (seal-lsp-eglot--server client))
        (asked (slot-value client 'shutdown-requested)))
    ;; Eglot would start it again at once, for ever.
    (setf (slot-value client 'inhibit-autoreconnect) t)
    (funcall eglots client)
    (cond ((not (eq client (seal-lsp-server-client server)))) ; another took its place
          (asked (seal-lsp-mode-leave server))
          (t (seal-lsp-server-ended server)))))

(cl-defmethod seal-lsp-client-start-again ((client seal-lsp-eglot-server))
  "Let Eglot connect CLIENT anew, in the background."
  (let ((eglot-sync-connect nil))
    (eglot-reconnect client)))

(cl-defmethod seal-lsp-client-log ((client seal-lsp-eglot-server))
  "The buffer with the standard error of CLIENT."
  (jsonrpc-stderr-buffer client))

;; Messages.

(cl-defmethod eglot-client-capabilities ((_client seal-lsp-eglot-server))
  "Eglot's, and inline completion."
  (let ((capabilities (copy-tree (cl-call-next-method))))
    (setf (plist-get (plist-get capabilities :textDocument) :inlineCompletion)
          '(:dynamicRegistration :json-false))
    capabilities))

(cl-defmethod eglot-initialization-options ((_client seal-lsp-eglot-server))
  "The user's settings."
  (or (seal-lsp-server-settings) (make-hash-table)))

(cl-defmethod eglot-handle-notification
  ((client seal-lsp-eglot-server) (_method (eql 'seal/status)) &rest status)
  "Note the STATUS of CLIENT's server."
  (seal-lsp-server-heard (seal-lsp-eglot--server client) (seal-lsp-server-plist status)))

(cl-defmethod eglot-handle-request
  ((_client seal-lsp-eglot-server) (_method (eql 'workspace/configuration)) &key items)
  "The user's settings, for each of ITEMS."
  (make-vector (length items) (seal-lsp-eglot--configuration)))

(cl-defmethod jsonrpc-connection-send :around
  ((client seal-lsp-eglot-server) &rest message &key method &allow-other-keys)
  "Send CLIENT's server MESSAGE; for the settings, by METHOD, the user's own only.
A project's .dir-locals.el may set `eglot-workspace-configuration'
unasked, and must not decide where the text in a buffer is sent."
  (if (eq method :workspace/didChangeConfiguration)
      (cl-call-next-method
       client :method method
       :params (list :settings (list :seal (seal-lsp-eglot--configuration))))
    (apply #'cl-call-next-method client message)))

(defun seal-lsp-eglot--configuration ()
  "The user's options, and over them the :seal of Eglot's own variable."
  (let* ((eglots (default-value 'eglot-workspace-configuration))
         (settings (copy-tree (seal-lsp-server-settings))))
    (cl-loop for (group fields) on (and (plistp eglots) (plist-get eglots :seal)) by #'cddr
             do (cl-loop for (name value) on fields by #'cddr
                         do (setf (plist-get (plist-get settings group) name) value)))
    (or settings (make-hash-table))))

(cl-defmethod seal-lsp-client-request ((client seal-lsp-eglot-server) method params)
  "Ask CLIENT's server for METHOD with PARAMS."
  (seal-lsp-server-plist (jsonrpc-request client method params)))

(cl-defmethod seal-lsp-client-request-async
  ((client seal-lsp-eglot-server) method params callback)
  "Ask CLIENT's server for METHOD with PARAMS, and CALLBACK with the answer."
  (jsonrpc-async-request
   client method params
   :timeout 60
   :success-fn (lambda (answer) (funcall callback (seal-lsp-server-plist answer)))))

;; Ghost text.

(defun seal-lsp-eglot--ask (invoked callback)
  "Ask for suggestions at point; INVOKED when the user did.
CALLBACK gets them.  The value is a function that withdraws the question."
  (let* ((client (eglot-current-server))
         (buffer (current-buffer))
         ;; Deferred: it goes out when Eglot has sent the changes before it.
         ;; `jsonrpc-async-request' does not tell the number to cancel by.
         (id (car (jsonrpc--async-request-1
                   client :textDocument/inlineCompletion
                   (append (eglot--TextDocumentPositionParams)
                           `(:context (:triggerKind ,(if invoked 1 2))))
                   :deferred :textDocument/inlineCompletion
                   :timeout 60
                   :error-fn #'ignore
                   :timeout-fn #'ignore
                   :success-fn (lambda (answer)
                                 (setq client nil)
                                 (when (buffer-live-p buffer)
                                   (with-current-buffer buffer
                                     (seal-lsp-eglot--answered answer callback))))))))
    (lambda ()
      (when (and client (jsonrpc-running-p client))
        (jsonrpc-notify client :$/cancelRequest (list :id id))))))

(defun seal-lsp-eglot--answered (answer callback)
  "Give CALLBACK the suggestions in ANSWER; none when a newer one is coming."
  (when answer
    (funcall callback
             (mapcar (lambda (item)
                       (pcase-let* ((range (plist-get item :range))
                                    (start (seal-lsp-eglot--point (plist-get range :start)))
                                    (end (seal-lsp-eglot--point (plist-get range :end))))
                         (seal-lsp-ghost-item :text (plist-get item :insertText)
                                              :start (or start (point))
                                              :end (or end (point))
                                              :command (plist-get item :command))))
                     (if (vectorp answer) answer (plist-get answer :items))))))

(defun seal-lsp-eglot--point (position)
  "The place in this buffer of the LSP POSITION, if it has one."
  (when position
    (save-excursion
      (save-restriction
        (widen)
        (goto-char (point-min))
        (forward-line (plist-get position :line))
        (funcall eglot-move-to-linepos-function (plist-get position :character))
        (point)))))

(defun seal-lsp-eglot--accepted (command)
  "Tell the server by COMMAND that its suggestion was taken."
  (when-let* ((command)
              (client (eglot-current-server)))
    (seal-lsp-client-request-async client "workspace/executeCommand"
                                   (list :command (plist-get command :command)
                                         :arguments (plist-get command :arguments))
                                   #'ignore)))

(provide 'seal-lsp-eglot)
;;; seal-lsp-eglot.el ends here
