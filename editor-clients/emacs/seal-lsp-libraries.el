;;; seal-lsp-libraries.el --- The libraries used here, as a list  -*- lexical-binding: t; -*-

;; Copyright (C) 2026 The seal-lsp authors
;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; The rows of `seal.libraries', as they come.

;;; Code:

(require 'tabulated-list)
(require 'seal-lsp-commands)

(defvar-keymap seal-lsp-libraries-mode-map
  :doc "Keymap of `seal-lsp-libraries-mode'."
  :parent tabulated-list-mode-map
  "RET" #'seal-lsp-libraries-show-learned
  "l" #'seal-lsp-libraries-learn
  "f" #'seal-lsp-libraries-forget
  "r" #'seal-lsp-libraries-rollback
  "p" #'seal-lsp-pause
  "u" #'seal-lsp-resume
  "w" #'seal-lsp-why)

(define-derived-mode seal-lsp-libraries-mode tabulated-list-mode "Seal libraries"
  "The libraries that are used here, and what was learned of them.
\\{seal-lsp-libraries-mode-map}"
  :interactive nil
  (setq tabulated-list-format
        [("Library" 24 t) ("Version" 10 t) ("State" 10 t) ("Gain" 8 t) ("Learned" 11 t)
         ("Said" 0 nil)])
  (tabulated-list-init-header)
  (add-hook 'tabulated-list-revert-hook #'seal-lsp-libraries--fill nil t)
  (add-hook 'seal-lsp-server-changed-functions #'seal-lsp-libraries--refresh))

;;;###autoload
(defun seal-lsp-libraries ()
  "List the libraries that are used here, and what was learned of them."
  (interactive)
  (let ((server (seal-lsp-commands-server)))
    (with-current-buffer (get-buffer-create "*seal-lsp libraries*")
      (seal-lsp-libraries-mode)
      (setq seal-lsp-server--here server)
      (seal-lsp-libraries--fill)
      (tabulated-list-print)
      (pop-to-buffer (current-buffer)))))

(defun seal-lsp-libraries--fill ()
  "Ask the server for the rows."
  (setq tabulated-list-entries
        (mapcar #'seal-lsp-libraries--entry
                (seal-lsp-commands-rows (seal-lsp-commands-server)))))

(defun seal-lsp-libraries--entry (row)
  "The line for ROW."
  (pcase-let ((`(,name ,version) (split-string (plist-get row :library) "@"))
              (gain (plist-get row :gain))
              (learned (plist-get row :learned_at))
              (state (plist-get row :state)))
    (list row
          (vector name
                  (or version "")
                  (if (equal state "") "-" state)
                  (if gain (format "%+.2f" gain) "")
                  (substring learned 0 (min 10 (length learned)))
                  (plist-get row :said)))))

(defun seal-lsp-libraries--refresh (server)
  "Show anew what SERVER knows, where it is shown."
  (when-let* ((buffer (get-buffer "*seal-lsp libraries*"))
              ((get-buffer-window buffer t))
              ((eq server (buffer-local-value 'seal-lsp-server--here buffer)))
              ((seal-lsp-server-running-p server)))
    (seal-lsp-commands-run
     server "seal.libraries" '(:quiet t)
     (lambda (answer)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (setq tabulated-list-entries
                 (mapcar #'seal-lsp-libraries--entry (plist-get answer :libraries)))
           (tabulated-list-print t)))))))

(defun seal-lsp-libraries--row ()
  "The row of the line at point."
  (or (tabulated-list-get-id) (user-error "No library on this line")))

(defun seal-lsp-libraries-learn ()
  "Learn the library of this line."
  (interactive nil seal-lsp-libraries-mode)
  (seal-lsp-learn (seal-lsp-libraries--row)))

(defun seal-lsp-libraries-forget ()
  "Delete what was learned of the library of this line."
  (interactive nil seal-lsp-libraries-mode)
  (seal-lsp-forget (seal-lsp-libraries--learned)))

(defun seal-lsp-libraries-rollback ()
  "Go back to what was live before of the library of this line."
  (interactive nil seal-lsp-libraries-mode)
  (if (equal (plist-get (seal-lsp-libraries--row) :previous) "")
      (user-error "Nothing was live before of this library")
    (seal-lsp-rollback (seal-lsp-libraries--row))))

(defun seal-lsp-libraries-show-learned ()
  "Show the record of what was learned of the library of this line."
  (interactive nil seal-lsp-libraries-mode)
  (seal-lsp-show-learned (seal-lsp-libraries--learned)))

(defun seal-lsp-libraries--learned ()
  "The row of the line at point, if its library was learned."
  (let ((row (seal-lsp-libraries--row)))
    (unless (seal-lsp-commands-learned-p row)
      (user-error "This library was not learned"))
    row))

(provide 'seal-lsp-libraries)
;;; seal-lsp-libraries.el ends here
