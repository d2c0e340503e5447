;;; seal-lsp-tests.el --- What needs no server  -*- lexical-binding: t; -*-

;; Run by test_emacs_package.py, in an Emacs with the package installed.

(require 'ert)
(require 'seal-lsp-eglot)

(defvar tests-asked nil "The open questions: (PLACE INVOKED CALLBACK), newest first.")
(defvar tests-withdrawn 0 "How many questions were withdrawn.")

(defmacro tests-with-text (text &rest body)
  "Evaluate BODY in a shown buffer with TEXT, point where its bar is."
  (declare (indent 1))
  `(with-temp-buffer
     (set-window-buffer nil (current-buffer))
     (insert ,text)
     (goto-char (point-min))
     (search-forward "|")
     (delete-char -1)
     (setq tests-asked nil tests-withdrawn 0
           seal-lsp-ghost-ask-function
           (lambda (invoked callback)
             (push (list (point) invoked callback) tests-asked)
             (lambda () (cl-incf tests-withdrawn))))
     (seal-lsp-ghost-mode 1)
     ,@body))

(defun tests-answer (text &optional back ahead)
  "Answer the newest question with TEXT for what is BACK before its place and AHEAD after it."
  (pcase-let ((`(,place ,_ ,callback) (pop tests-asked)))
    (funcall callback (list (seal-lsp-ghost-item :text text
                                                 :start (- place (or back 0))
                                                 :end (+ place (or ahead 0)))))))

(defun tests-type (text)
  "Type TEXT, as a user does."
  (insert text)
  (run-hooks 'post-command-hook))

(defun tests-shown ()
  "The ghost text."
  (and seal-lsp-ghost--overlay
       (substring-no-properties
        (or (overlay-get seal-lsp-ghost--overlay 'after-string)
            (overlay-get seal-lsp-ghost--overlay 'display)))))

(ert-deftest tests-taken-whole ()
  (tests-with-text "ladder.cl|"
    (seal-lsp-ghost-ask)
    (tests-answer "climb(3)" 2)
    (should (equal (tests-shown) "imb(3)"))
    (seal-lsp-ghost-accept)
    (should (equal (buffer-string) "ladder.climb(3)"))
    (should-not (tests-shown))))

(ert-deftest tests-text-behind-is-replaced ()
  (tests-with-text "f(|)\nrest"
    (seal-lsp-ghost-ask)
    (tests-answer "a=1, b=2)" 0 1)
    (seal-lsp-ghost-accept-word)
    (should (equal (buffer-string) "f(a)\nrest"))
    (should (equal (tests-shown) "=1, b=2)"))
    (seal-lsp-ghost-accept)
    (should (equal (buffer-string) "f(a=1, b=2)\nrest"))))

(ert-deftest tests-line-by-line ()
  (tests-with-text "if x:|"
    (seal-lsp-ghost-ask)
    (tests-answer "\n    a()\n    b()")
    (seal-lsp-ghost-accept-line)
    (should (equal (buffer-string) "if x:\n    a()"))
    (should (equal (tests-shown) "\n    b()"))
    (seal-lsp-ghost-accept-line)
    (should (equal (buffer-string) "if x:\n    a()\n    b()"))))

(ert-deftest tests-typed-along-and-off ()
  (tests-with-text "|"
    (seal-lsp-ghost-ask)
    (tests-answer "abc")
    (tests-type "a")
    (should (equal (tests-shown) "bc"))
    (tests-type "x")
    (should-not (tests-shown))))

(ert-deftest tests-a-bracket-that-was-closed-is-not-typed-along ()
  (tests-with-text "f|"
    (seal-lsp-ghost-ask)
    (tests-answer "(1)")
    (save-excursion (insert ")"))
    (tests-type "(")
    (should-not (tests-shown))))

(ert-deftest tests-a-late-answer-is-not-shown ()
  (dolist (leave (list (lambda () (tests-type "b")) (lambda () (goto-char (point-min)))))
    (tests-with-text "a|"
      (seal-lsp-ghost-ask)
      (let ((asked tests-asked))
        (funcall leave)
        (run-hooks 'post-command-hook)
        (should (= tests-withdrawn 1))
        (setq tests-asked asked)
        (tests-answer "bc")
        (should-not (tests-shown))))))

(ert-deftest tests-nothing-beside-a-menu ()
  (tests-with-text "a|"
    (seal-lsp-ghost-ask)
    (let ((completion-in-region-mode t))
      (tests-answer "bc")
      (should-not (tests-shown))
      (seal-lsp-ghost--rested (current-buffer) (seal-lsp-ghost--here))
      (should-not tests-asked))))

(ert-deftest tests-a-menu-that-opens-hides-it ()
  (tests-with-text "a|"
    (seal-lsp-ghost-ask)
    (tests-answer "bc")
    (run-hooks 'completion-in-region-mode-hook)
    (should-not (tests-shown))))

(ert-deftest tests-other-suggestions ()
  (tests-with-text "|"
    (seal-lsp-ghost-ask)
    (funcall (nth 2 (pop tests-asked))
             (mapcar (lambda (text) (seal-lsp-ghost-item :text text :start (point) :end (point)))
                     '("one" "two")))
    (seal-lsp-ghost-next)
    (should (equal (tests-shown) "two"))
    (seal-lsp-ghost-previous)
    (should (equal (tests-shown) "one"))))

(ert-deftest tests-crashes-are-met-with-patience ()
  (let ((server (seal-lsp-server--make)))
    (should (equal (mapcar (lambda (now) (seal-lsp-server--next-delay server now)) '(0 1 2 3 4))
                   '(0 1 4 10 nil)))
    (should (equal (seal-lsp-server--next-delay server 1000) 0))))

(ert-deftest tests-only-what-was-set-is-sent ()
  (should-not (seal-lsp-server-settings))
  (let ((seal-lsp-learn-auto nil)
        (seal-lsp-learn-exclude '("numpy"))
        (seal-lsp-engine-url "off"))
    (let ((settings (seal-lsp-server-settings)))
      (should (equal (plist-get settings :learn) '(:auto :json-false :exclude ["numpy"])))
      (should (equal (plist-get settings :engine) '(:url "off")))
      (should (length= settings 4)))))

(ert-deftest tests-eglots-own-variable-is-heard-but-not-a-projects ()
  (with-temp-buffer
    (setq-local eglot-workspace-configuration '(:seal (:engine (:url "http://elsewhere"))))
    (let ((seal-lsp-learn-auto nil))
      (should (equal (seal-lsp-eglot--configuration) '(:learn (:auto :json-false))))
      (cl-letf (((default-value 'eglot-workspace-configuration) '(:seal (:learn (:auto t)))))
        (should (equal (seal-lsp-eglot--configuration) '(:learn (:auto t))))))))

(ert-deftest tests-json-of-both-kinds-is-one ()
  (should (equal (seal-lsp-server-plist
                  (json-parse-string "{\"a\": [{\"b\": false, \"c\": null, \"d\": 1}]}"
                                     :false-object :json-false :null-object nil))
                 '(:a ((:b nil :c nil :d 1))))))

(ert-deftest tests-the-mode-line-says-how-far-a-learning-is ()
  (let ((server (seal-lsp-server--make :phase 'running :root "/nowhere/")))
    (seal-lsp-server-heard server '(:state "learning" :learning (:library "apples@2" :fraction 0.29)))
    (should (equal (seal-lsp-mode--lighter server) " Seal:learning 29%%"))))

;;; seal-lsp-tests.el ends here
