;;; drive.el --- What the tests ask of an Emacs that runs  -*- lexical-binding: t; -*-

;; Loaded after the init file of the user that the tests play.

(require 'server)
(setq server-socket-dir (getenv "DRIVE_FOLDER")
      server-name "drive"
      create-lockfiles nil
      make-backup-files nil
      auto-save-default nil
      use-short-answers t
      suggest-key-bindings nil
      eldoc-idle-delay 0.2
      electric-indent-mode nil
      mode-require-final-newline nil
      ring-bell-function #'ignore
      warning-minimum-level :error
      confirm-kill-processes nil)
(menu-bar-mode -1)
(server-start)

(defun drive-answer (value)
  "Leave VALUE, as JSON, where the test looks for it."
  (let ((coding-system-for-write 'utf-8)
        (file (expand-file-name "answer" (getenv "DRIVE_FOLDER"))))
    (write-region (json-encode value) nil (concat file ".new") nil 'silent)
    (rename-file (concat file ".new") file t)))

(defun drive-ghost ()
  "The ghost text that is shown, whoever shows it."
  (with-current-buffer (window-buffer (selected-window))
    (seq-some (lambda (overlay)
                (let ((text (overlay-get overlay 'after-string)))
                  (and text
                       (memq (get-text-property 0 'face text)
                             '(seal-lsp-ghost lsp-inline-completion-overlay-face))
                       (substring-no-properties text))))
              (overlays-in (point-min) (point-max)))))

(defun drive-lighter ()
  "What the mode line of the selected window says of seal-lsp."
  (with-current-buffer (window-buffer (selected-window))
    (and (bound-and-true-p seal-lsp-mode)
         (substring-no-properties (format-mode-line (cadr (assq 'seal-lsp-mode minor-mode-alist)))))))

(defun drive-menu ()
  "The names in the completion menu that is open."
  (when-let* ((menu (get-buffer "*Completions*"))
              ((get-buffer-window menu)))
    (with-current-buffer menu
      (save-excursion
        (goto-char (point-min))
        (let (names match)
          (while (setq match (text-property-search-forward 'completion--string))
            (push (substring-no-properties (prop-match-value match)) names))
          (vconcat names))))))

(defun drive-messages ()
  "What was said in the echo area and in warnings."
  (concat (with-current-buffer (messages-buffer) (buffer-string))
          (and (get-buffer "*Warnings*")
               (with-current-buffer "*Warnings*" (buffer-string)))))
