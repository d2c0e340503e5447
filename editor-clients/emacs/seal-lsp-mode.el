;;; seal-lsp-mode.el --- What the mode line says, and the menu  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; A minor mode that is on where seal-lsp is, also while it is being started
;; again.  Its lighter says what the server does, its menu has the commands.

;;; Code:

(require 'easymenu)
(require 'seal-lsp-server)
(require 'seal-lsp-commands)
(require 'seal-lsp-libraries)

(defvar-keymap seal-lsp-mode-map
  :doc "Keymap of `seal-lsp-mode'; it has the menu.")

(defun seal-lsp-mode--running-p ()
  "Whether the server of this buffer can be asked."
  (seal-lsp-server-running-p seal-lsp-server--here))

(defun seal-lsp-mode--paused-p ()
  "Whether learning is paused."
  (and (seal-lsp-mode--running-p)
       (plist-get (seal-lsp-server-status seal-lsp-server--here) :paused)))

(easy-menu-define seal-lsp-mode-menu seal-lsp-mode-map
  "Menu of `seal-lsp-mode'."
  '("Seal"
    ["Status" seal-lsp-status]
    ["Why This Suggestion?" seal-lsp-why :active (seal-lsp-mode--running-p)]
    ["Libraries" seal-lsp-libraries :active (seal-lsp-mode--running-p)]
    "--"
    ["Learn a Library..." seal-lsp-learn :active (seal-lsp-mode--running-p)]
    ["Show What Was Learned..." seal-lsp-show-learned :active (seal-lsp-mode--running-p)]
    ["Forget a Library..." seal-lsp-forget :active (seal-lsp-mode--running-p)]
    ["Roll Back a Library..." seal-lsp-rollback :active (seal-lsp-mode--running-p)]
    ["Pause Learning" seal-lsp-pause
     :active (seal-lsp-mode--running-p) :visible (not (seal-lsp-mode--paused-p))]
    ["Resume Learning" seal-lsp-resume :visible (seal-lsp-mode--paused-p)]
    "--"
    ["Log" seal-lsp-log]
    ["Restart the Server" seal-lsp-restart]
    ["Options" (customize-group 'seal-lsp)]))

;;;###autoload
(define-minor-mode seal-lsp-mode
  "Shows what the seal-lsp server of this buffer is doing.
It is turned on by Eglot or lsp-mode where they use seal-lsp."
  :lighter (:eval (seal-lsp-mode--lighter seal-lsp-server--here))
  (unless seal-lsp-mode
    (setq seal-lsp-server--here nil)))

(defun seal-lsp-mode-enter (server)
  "SERVER serves this buffer."
  (setq seal-lsp-server--here server)
  (seal-lsp-mode 1))

(defun seal-lsp-mode-leave (server)
  "SERVER serves its buffers no more: it was told to end."
  (dolist (buffer (seal-lsp-server-buffers server))
    (with-current-buffer buffer
      (seal-lsp-mode -1)))
  (seal-lsp-server-left server))

(defun seal-lsp-mode--lighter (server)
  "One word, at most, on what SERVER is doing."
  (pcase-let ((`(,word . ,face) (seal-lsp-mode--face server)))
    (concat " Seal"
            (unless (string-empty-p word)
              (concat ":" (propertize (string-replace "%" "%%" word) 'face face))))))

(defun seal-lsp-mode--face (server)
  "The word for what SERVER is doing, and its face."
  (let ((status (and server (seal-lsp-server-status server))))
    (pcase (and server (seal-lsp-server-phase server))
      ('stopped '("stopped" . error))
      ('waiting '("restarting" . warning))
      ((guard (null status)) '("starting"))
      (_
       (pcase (plist-get status :state)
         ("learning"
          (list (format "learning %d%%"
                        (round (* 100 (or (plist-get (plist-get status :learning) :fraction)
                                          0))))))
         ("loading" '("loading"))
         ("paused" '("paused"))
         ((guard (equal (plist-get status :kind) "Error")) '("problem" . error))
         ((guard (equal (plist-get status :kind) "Warning")) '("problem" . warning))
         ("ready" '(""))
         (_ '("facts only")))))))

(provide 'seal-lsp-mode)
;;; seal-lsp-mode.el ends here
