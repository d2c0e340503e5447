;;; seal-lsp-ghost.el --- Suggestions behind the cursor  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Ghost text, for a client that has none of its own: what is shown, and
;; how it is taken.  Knows no protocol; when suggestions are asked for is
;; seal-lsp-ghost-mode.el's.

;;; Code:

(require 'cl-lib)
(require 'seal-lsp)

(cl-defstruct (seal-lsp-ghost-item (:constructor seal-lsp-ghost-item) (:copier nil))
  "A suggestion: TEXT in place of what is between START and END.
COMMAND is the client's, for when it was taken."
  text start end command)

(defvar-local seal-lsp-ghost-ask-function nil
  "Function of INVOKED and CALLBACK that asks for suggestions at point.
INVOKED is non-nil when the user asked for them.  CALLBACK gets a list
of `seal-lsp-ghost-item's, in this buffer.  The value is a function that
withdraws the question.")

(defvar-local seal-lsp-ghost-accepted-function #'ignore
  "Function of the command of the suggestion that was taken.")

(defvar-local seal-lsp-ghost--overlay nil "What is shown, or nil.")
(defvar-local seal-lsp-ghost--items nil "The suggestions, the one that is shown first.")
(defvar-local seal-lsp-ghost--rest "" "What of the shown one is not in the text.")
(defvar-local seal-lsp-ghost--place nil "The text and the place that was looked at last.")
(defvar-local seal-lsp-ghost--behind "" "The rest of the line when the shown one was.")
(defvar-local seal-lsp-ghost--withdraw nil "Function that withdraws the open question.")
(defvar-local seal-lsp-ghost--timer nil "Timer of the next question.")

(defvar-keymap seal-lsp-ghost-active-map
  :doc "Keys while a suggestion is shown."
  "TAB" #'seal-lsp-ghost-accept
  "<tab>" #'seal-lsp-ghost-accept
  "M-f" #'seal-lsp-ghost-accept-word
  "M-<right>" #'seal-lsp-ghost-accept-word
  "C-e" #'seal-lsp-ghost-accept-line
  "<end>" #'seal-lsp-ghost-accept-line
  "M-n" #'seal-lsp-ghost-next
  "M-p" #'seal-lsp-ghost-previous
  "C-g" #'seal-lsp-ghost-dismiss)

(defvar seal-lsp-ghost--emulation-alist
  `((seal-lsp-ghost--overlay . ,seal-lsp-ghost-active-map))
  "Puts the keys before those of all other modes while a suggestion is shown.")

(defun seal-lsp-ghost--here ()
  "This text and this place in it."
  (list (buffer-chars-modified-tick) (point)))

(defun seal-lsp-ghost--behind-point ()
  "The rest of the line."
  (buffer-substring-no-properties (point) (line-end-position)))

(defun seal-lsp-ghost-withdraw ()
  "Withdraw what is asked for, or soon will be."
  (when (timerp seal-lsp-ghost--timer)
    (cancel-timer seal-lsp-ghost--timer))
  (when seal-lsp-ghost--withdraw
    (funcall seal-lsp-ghost--withdraw))
  (setq seal-lsp-ghost--timer nil
        seal-lsp-ghost--withdraw nil))

(defun seal-lsp-ghost-clear ()
  "Show nothing, and ask for nothing."
  (seal-lsp-ghost-withdraw)
  (when seal-lsp-ghost--overlay
    (delete-overlay seal-lsp-ghost--overlay))
  (setq seal-lsp-ghost--overlay nil
        seal-lsp-ghost--items nil))

;; Showing.

(defun seal-lsp-ghost--rest-of (item)
  "What of ITEM is not before point yet; nil when it does not fit here."
  (let ((text (seal-lsp-ghost-item-text item))
        (start (seal-lsp-ghost-item-start item)))
    (when (<= start (point) (seal-lsp-ghost-item-end item))
      (let ((typed (buffer-substring-no-properties start (point))))
        (and (string-prefix-p typed text)
             (length> text (length typed))
             (substring text (length typed)))))))

(defun seal-lsp-ghost--show (items)
  "Show the first of ITEMS."
  (seal-lsp-ghost--draw items (seal-lsp-ghost--rest-of (car items))
                        (seal-lsp-ghost-item-end (car items))))

(defun seal-lsp-ghost--draw (items rest end)
  "Show REST, of the first of ITEMS, in place of the text from point to END."
  (when seal-lsp-ghost--overlay
    (delete-overlay seal-lsp-ghost--overlay))
  (let ((overlay (make-overlay (point) (max (point) end)))
        (shown (propertize rest 'face 'seal-lsp-ghost)))
    (put-text-property 0 1 'cursor t shown)
    (overlay-put overlay 'window (selected-window))
    (overlay-put overlay 'priority 100)
    (if (< (point) end)
        (overlay-put overlay 'display shown)
      (overlay-put overlay 'after-string shown))
    (setq seal-lsp-ghost--overlay overlay
          seal-lsp-ghost--items items
          seal-lsp-ghost--rest rest
          seal-lsp-ghost--behind (seal-lsp-ghost--behind-point)
          seal-lsp-ghost--place (seal-lsp-ghost--here))))

;; Commands.

(defun seal-lsp-ghost-accept ()
  "Take the suggestion."
  (interactive nil seal-lsp-ghost-mode)
  (let ((command (seal-lsp-ghost-item-command (car seal-lsp-ghost--items))))
    (seal-lsp-ghost--take (length seal-lsp-ghost--rest))
    (funcall seal-lsp-ghost-accepted-function command)))

(defun seal-lsp-ghost-accept-word ()
  "Take the suggestion's next word; the rest stays."
  (interactive nil seal-lsp-ghost-mode)
  (string-match "\\`[ \t\n]*\\(?:[[:alnum:]_]+\\|[^[:alnum:]_ \t\n]+\\)?" seal-lsp-ghost--rest)
  (seal-lsp-ghost--accept-to (match-end 0)))

(defun seal-lsp-ghost-accept-line ()
  "Take the suggestion's line; what is below it stays."
  (interactive nil seal-lsp-ghost-mode)
  (seal-lsp-ghost--accept-to (or (string-search "\n" seal-lsp-ghost--rest 1)
                                 (length seal-lsp-ghost--rest))))

(defun seal-lsp-ghost--accept-to (length)
  "Take LENGTH characters of the suggestion; all of it counts as taken."
  (if (length= seal-lsp-ghost--rest length)
      (seal-lsp-ghost-accept)
    (seal-lsp-ghost--take length)))

(defun seal-lsp-ghost--take (length)
  "Insert LENGTH characters of the suggestion; show what is left of it."
  (let ((items seal-lsp-ghost--items)
        (taken (substring seal-lsp-ghost--rest 0 length))
        (left (substring seal-lsp-ghost--rest length))
        (end (copy-marker (overlay-end seal-lsp-ghost--overlay))))
    (seal-lsp-ghost-clear)
    (insert taken)
    (if (string-empty-p left)
        (delete-region (point) (max (point) end))
      (seal-lsp-ghost--draw items left end))
    (set-marker end nil)
    (setq seal-lsp-ghost--place (seal-lsp-ghost--here))))

(defun seal-lsp-ghost-next (&optional backwards)
  "Show the next suggestion, or the one before with BACKWARDS."
  (interactive nil seal-lsp-ghost-mode)
  (let ((items seal-lsp-ghost--items))
    (seal-lsp-ghost--show (if backwards
                              (cons (car (last items)) (butlast items))
                            (append (cdr items) (list (car items)))))))

(defun seal-lsp-ghost-previous ()
  "Show the suggestion before."
  (interactive nil seal-lsp-ghost-mode)
  (seal-lsp-ghost-next 'backwards))

(defun seal-lsp-ghost-dismiss ()
  "Hide the suggestion."
  (interactive nil seal-lsp-ghost-mode)
  (seal-lsp-ghost-clear))

(provide 'seal-lsp-ghost)
;;; seal-lsp-ghost.el ends here
