-- Ghost text: Neovim's own where it has it (0.12), drawn here where it has not (0.11). Each function that acts returns
-- whether there was something to act on, and may be called where the text is locked (in an <expr> mapping).

local backend = vim.lsp.inline_completion and require('seal.inline.native') or require('seal.inline.drawn')

local M = {}

--- Ghost text from this client in this buffer, from now on.
function M.attach(client, buf)
  -- Neovim 0.12 has this group.
  vim.api.nvim_set_hl(0, 'ComplHint', { link = 'NonText', default = true })
  local group = vim.api.nvim_create_augroup('seal.inline:' .. buf, {})
  local function on(events, work)
    vim.api.nvim_create_autocmd(events, { group = group, buffer = buf, callback = work })
  end
  backend.attach(client, buf, on)
  -- Never beside the completion menu; the event after it has closed asks again.
  on({ 'CompleteChanged', 'TextChangedP' }, function()
    backend.dismiss(buf)
  end)
  on('CompleteDone', vim.schedule_wrap(function()
    if vim.api.nvim_get_current_buf() == buf and M.may_show() then
      backend.refresh(buf)
    end
  end))
end

--- In insert mode, and no menu is open.
function M.may_show()
  return vim.startswith(vim.api.nvim_get_mode().mode, 'i') and vim.fn.pumvisible() == 0
end

local function take(piece)
  local buf = vim.api.nvim_get_current_buf()
  return backend.visible(buf) and backend.accept(buf, piece)
end

function M.accept()
  return take(nil)
end

--- Blanks and a word as 'iskeyword' has it, or blanks and what is between words.
function M.accept_word()
  return take(function(text)
    return vim.fn.matchstr(text, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)\?]])
  end)
end

function M.accept_line()
  return take(function(text)
    return text:match('^\n*[^\n]*')
  end)
end

function M.dismiss()
  local buf = vim.api.nvim_get_current_buf()
  local shown = backend.visible(buf)
  backend.dismiss(buf)
  return shown
end

--- Ask now.
function M.ask()
  local buf = vim.api.nvim_get_current_buf()
  if not require('seal').client(buf) or not M.may_show() then
    return false
  end
  backend.ask(buf)
  return true
end

function M.visible()
  return backend.visible(vim.api.nvim_get_current_buf())
end

return M
