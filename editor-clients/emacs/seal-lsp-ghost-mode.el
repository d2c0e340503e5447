;;; seal-lsp-ghost-mode.el --- When suggestions are asked for  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Asks once the user rests.  A suggestion belongs to one text and one place
;; in it: when either changes it goes, unless the user typed what it said,
;; and an answer for another place is never shown.

;;; Code:

(require 'seq)
(require 'subr-x)
(require 'seal-lsp-ghost)

;;;###autoload
(define-minor-mode seal-lsp-ghost-mode
  "Show suggestions of the server behind the cursor."
  :lighter nil
  (seal-lsp-ghost-clear)
  (if (not seal-lsp-ghost-mode)
      (progn (remove-hook 'post-command-hook #'seal-lsp-ghost--post-command t)
             (remove-hook 'completion-in-region-mode-hook #'seal-lsp-ghost-clear t))
    (setq seal-lsp-ghost--place (seal-lsp-ghost--here))
    (add-to-list 'emulation-mode-map-alists 'seal-lsp-ghost--emulation-alist)
    (add-hook 'post-command-hook #'seal-lsp-ghost--post-command nil t)
    (add-hook 'completion-in-region-mode-hook #'seal-lsp-ghost-clear nil t)))

(defun seal-lsp-ghost--post-command ()
  "Hide what is of another place; ask anew when the text has changed."
  (pcase-let ((`(,tick ,place) seal-lsp-ghost--place)
              (`(,now ,point) (setq seal-lsp-ghost--place (seal-lsp-ghost--here))))
    (cond ((/= tick now)
           (seal-lsp-ghost-withdraw)
           (unless (seal-lsp-ghost--typed-along place)
             (seal-lsp-ghost-clear))
           (when seal-lsp-ghost-text
             (seal-lsp-ghost--ask-soon)))
          ((/= place point)
           (seal-lsp-ghost-clear)))))

(defun seal-lsp-ghost--typed-along (from)
  "Shorten what is shown by the text since FROM, where it begins so.
Nil when it does not."
  (when (and seal-lsp-ghost--overlay (< from (point)))
    (let ((typed (buffer-substring-no-properties from (point)))
          (items seal-lsp-ghost--items)
          (end (overlay-end seal-lsp-ghost--overlay)))
      (when (and (string-prefix-p typed seal-lsp-ghost--rest)
                 (length> seal-lsp-ghost--rest (length typed))
                 (equal seal-lsp-ghost--behind (seal-lsp-ghost--behind-point)))
        (seal-lsp-ghost--draw items (substring seal-lsp-ghost--rest (length typed)) end)
        t))))

(defun seal-lsp-ghost--ask-soon ()
  "Ask once the user rests."
  (setq seal-lsp-ghost--timer
        (run-with-idle-timer seal-lsp-ghost-idle-delay nil
                             #'seal-lsp-ghost--rested (current-buffer)
                             seal-lsp-ghost--place)))

(defun seal-lsp-ghost--rested (buffer place)
  "Ask for a suggestion at PLACE in BUFFER, if that is where the user is."
  (when (eq buffer (window-buffer (selected-window)))
    (with-current-buffer buffer
      (when (and seal-lsp-ghost-mode
                 (equal place (seal-lsp-ghost--here))
                 (seal-lsp-ghost--fitting-p))
        (seal-lsp-ghost--ask nil)))))

(defun seal-lsp-ghost--fitting-p ()
  "Whether nothing else is going on in this buffer."
  (not (or buffer-read-only
           (use-region-p)
           completion-in-region-mode
           (bound-and-true-p company-candidates)
           (minibufferp)
           executing-kbd-macro)))

(defun seal-lsp-ghost--ask (invoked)
  "Ask for suggestions here; INVOKED when the user did."
  (seal-lsp-ghost-withdraw)
  (let ((place (seal-lsp-ghost--here)))
    (setq seal-lsp-ghost--withdraw
          (funcall seal-lsp-ghost-ask-function invoked
                   (lambda (items)
                     (seal-lsp-ghost--answered items place invoked))))))

(defun seal-lsp-ghost--answered (items place invoked)
  "Show the first of ITEMS, which are for PLACE, if the user is still there.
INVOKED when the user asked."
  (when (and seal-lsp-ghost-mode
             (equal place (seal-lsp-ghost--here))
             (eq (current-buffer) (window-buffer (selected-window)))
             (seal-lsp-ghost--fitting-p))
    (seal-lsp-ghost-clear)
    (let ((fitting (seq-filter #'seal-lsp-ghost--rest-of items)))
      (cond (fitting (seal-lsp-ghost--show fitting))
            (invoked (message "No suggestion"))))))

(defun seal-lsp-ghost-ask ()
  "Ask for suggestions here."
  (interactive nil seal-lsp-ghost-mode)
  (unless seal-lsp-ghost-mode
    (user-error "No ghost text here: seal-lsp does not serve this buffer through Eglot"))
  (seal-lsp-ghost--ask t))

(provide 'seal-lsp-ghost-mode)
;;; seal-lsp-ghost-mode.el ends here
