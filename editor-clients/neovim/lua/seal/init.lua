-- What other configuration may call: `require('seal').statusline()` and the ghost text's functions.

local M = {}

M.name = 'seal_lsp'

---@class seal.Options what this client does, in `vim.g.seal`; the server's settings are vim.lsp.config's
---@field inline? boolean ghost text in every buffer that has the server (default true)
---@field menu? boolean Neovim's own completion menu, opened while you type (default false)
---@field keys? false|table<string, string|false> keys in insert mode, by name; false: none

M.defaults = {
  inline = true,
  menu = false,
  keys = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-C-Right>',
    dismiss = '<C-]>',
    ask = '<M-Bslash>',
    why = '<M-/>',
  },
}

---@return seal.Options
function M.options()
  return vim.tbl_extend('keep', vim.g.seal or {}, M.defaults)
end

--- The client of a buffer (0: the current one) that is ready for requests.
---@return vim.lsp.Client?
function M.client(buf)
  return vim.lsp.get_clients({ name = M.name, bufnr = buf or 0 })[1]
end

--- One word on the current buffer's server, '' where there is none; for 'statusline'.
function M.statusline()
  return require('seal.state').face(vim.api.nvim_get_current_buf())
end

function M.say(text, level)
  vim.notify('seal: ' .. text, level or vim.log.levels.INFO)
end

return M
