;;; seal-lsp-commands.el --- The commands of the server  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Each command asks what it must, then the server does it.  What the
;; server cannot do it tells the user itself.

;;; Code:

(require 'seal-lsp-server)

(defun seal-lsp-commands-server ()
  "The server to ask from here: this buffer's, else the only one."
  (let* ((all (hash-table-values seal-lsp-server--all))
         (server (or seal-lsp-server--here (and (null (cdr all)) (car all)))))
    (cond ((null server)
           (user-error "No seal-lsp serves this buffer; visit a Python file of a project first"))
          ((not (seal-lsp-server-running-p server))
           (user-error "The server is not running: %s"
                       (if (string-empty-p (seal-lsp-server-problem server))
                           (seal-lsp-server-phase server)
                         (seal-lsp-server-problem server)))))
    server))

(defun seal-lsp-commands--params (command argument)
  "The parameters of workspace/executeCommand for COMMAND with ARGUMENT."
  (list :command command :arguments (if argument (vector argument) [])))

(defun seal-lsp-commands-run (server command &optional argument callback)
  "Have SERVER run COMMAND with ARGUMENT, a plist.
CALLBACK gets the answer, if the server did it."
  (seal-lsp-client-request-async
   (seal-lsp-server-client server) "workspace/executeCommand"
   (seal-lsp-commands--params command argument)
   (lambda (answer)
     (when (and callback (not (plist-member answer :error)))
       (funcall callback answer)))))

(defun seal-lsp-commands-rows (server)
  "The libraries that SERVER knows, plists, as `seal.libraries' has them."
  (plist-get (seal-lsp-client-request
              (seal-lsp-server-client server) "workspace/executeCommand"
              (seal-lsp-commands--params "seal.libraries" '(:quiet t)))
             :libraries))

(defun seal-lsp-commands-spoken (library)
  "LIBRARY as it is said: its name and its version."
  (string-replace "@" " " library))

(defun seal-lsp-commands--pick (server prompt fits)
  "Read with PROMPT one of the rows of SERVER for which FITS is non-nil."
  (let* ((rows (seq-filter fits (seal-lsp-commands-rows server)))
         (named (mapcar (lambda (row)
                          (cons (seal-lsp-commands-spoken (plist-get row :library)) row))
                        rows))
         (completion-extra-properties
          (list :annotation-function
                (lambda (name)
                  (concat "  " (plist-get (cdr (assoc name named)) :said))))))
    (unless rows
      (user-error "There is no library here to choose from"))
    (cdr (assoc (completing-read prompt named nil t) named))))

;; What was learned, and what is to be.

;;;###autoload
(defun seal-lsp-learn (&optional row)
  "Learn a library, ROW; interactively it is asked for."
  (interactive)
  (let* ((server (seal-lsp-commands-server))
         (row (or row (seal-lsp-commands--pick
                       server "Learn which library? "
                       (lambda (row)
                         (or (equal (plist-get row :adapter) "")
                             (> (plist-get row :uses) 0))))))
         (library (plist-get row :library))
         (root (plist-get row :root)))
    (seal-lsp-commands-run
     server "seal.learn"
     `( :library ,library
        ,@(unless (equal root "") (list :root root))
        :force ,(if (equal (plist-get row :state) "") :json-false t)))))

;;;###autoload
(defun seal-lsp-forget (&optional row)
  "Delete what was learned of a library, ROW; interactively it is asked for."
  (interactive)
  (let* ((server (seal-lsp-commands-server))
         (row (or row (seal-lsp-commands--pick
                       server "Forget which library? " #'seal-lsp-commands-learned-p)))
         (library (plist-get row :library))
         (spoken (seal-lsp-commands-spoken library)))
    (when (yes-or-no-p (format "Delete the adapters of %s? " spoken))
      (seal-lsp-commands-run server "seal.forget" (list :library library)
                             (lambda (_reply) (message "%s is forgotten" spoken))))))

;;;###autoload
(defun seal-lsp-rollback (&optional row)
  "Go back to what was live before of a library, ROW.
Interactively it is asked for."
  (interactive)
  (let* ((server (seal-lsp-commands-server))
         (row (or row (seal-lsp-commands--pick
                       server "Roll back which library? "
                       (lambda (row) (not (equal (plist-get row :previous) ""))))))
         (library (plist-get row :library)))
    (seal-lsp-commands-run
     server "seal.rollback" (list :library library)
     (lambda (_reply)
       (message "%s is as it was learned before" (seal-lsp-commands-spoken library))))))

;;;###autoload
(defun seal-lsp-show-learned (&optional row)
  "Show the record of what was learned of a library, ROW.
Interactively it is asked for."
  (interactive)
  (let* ((server (seal-lsp-commands-server))
         (row (or row (seal-lsp-commands--pick
                       server "Show what was learned of which library? "
                       #'seal-lsp-commands-learned-p))))
    (seal-lsp-commands-run server "seal.audit" (list :library (plist-get row :library)))))

(defun seal-lsp-commands-learned-p (row)
  "Whether an adapter of the library of ROW is live."
  (not (equal (plist-get row :adapter) "")))

;;;###autoload
(defun seal-lsp-pause ()
  "Let learning wait."
  (interactive)
  (seal-lsp-commands-run (seal-lsp-commands-server) "seal.pause" nil
                         (lambda (_reply) (message "Learning is paused"))))

;;;###autoload
(defun seal-lsp-resume ()
  "Let learning go on."
  (interactive)
  (seal-lsp-commands-run (seal-lsp-commands-server) "seal.resume" nil
                         (lambda (_reply) (message "Learning goes on"))))

;; What is going on.

;;;###autoload
(defun seal-lsp-why (&optional record)
  "Say where the suggestion that was shown last came from.
With a prefix argument, RECORD, show what was learned of its library."
  (interactive "P")
  (let ((server (seal-lsp-commands-server)))
    (seal-lsp-commands-run
     server "seal.why" '(:quiet t)
     (lambda (answer)
       (if (or (null record) (equal (plist-get answer :library) ""))
           (message "%s" (plist-get answer :message))
         (seal-lsp-commands-run server "seal.audit"
                                (list :library (plist-get answer :library))))))))

;;;###autoload
(defun seal-lsp-status ()
  "Say what the server is doing, and on what."
  (interactive)
  (let* ((status (seal-lsp-server-status (seal-lsp-commands-server)))
         (runs (string-join (delq nil (list (plist-get status :model)
                                            (plist-get status :runtime)))
                            " on ")))
    (message "%s%s" (or (plist-get status :message) "The server is starting")
             (if (string-empty-p runs) "" (format " (%s)" runs)))))

;;;###autoload
(defun seal-lsp-log ()
  "Show what the server wrote to its log, also after it ended."
  (interactive)
  (let ((log (and seal-lsp-server--here
                  (seal-lsp-server-client seal-lsp-server--here)
                  (seal-lsp-client-log (seal-lsp-server-client seal-lsp-server--here)))))
    (unless (buffer-live-p log)
      (user-error "No log of a seal-lsp server of this buffer is there"))
    (display-buffer log)))

;;;###autoload
(defun seal-lsp-restart ()
  "Start the server of this buffer again, also when it crashed too often."
  (interactive)
  (unless seal-lsp-server--here
    (user-error "No seal-lsp serves this buffer"))
  (seal-lsp-server-restart seal-lsp-server--here))

(provide 'seal-lsp-commands)
;;; seal-lsp-commands.el ends here
