-- Ghost text by vim.lsp.inline_completion (Neovim 0.12): when it asks and how it shows are Neovim's. Added is what it
-- lacks: a part of a suggestion, putting one aside, and what was typed since the server was asked.

local suggestion = require('seal.inline.suggestion')

local M = {}

--- One of the events that it listens to, for it alone: it has no function for what happens then.
local function event(name, buf)
  pcall(vim.api.nvim_exec_autocmds, name, { group = 'nvim.lsp.inline_completion:' .. buf, buffer = buf })
end

function M.attach(_, buf)
  vim.lsp.inline_completion.enable(true, { bufnr = buf })
end

function M.visible(buf)
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  return namespace ~= nil and #vim.api.nvim_buf_get_extmarks(buf, namespace, 0, -1, { limit = 1 }) > 0
end

--- Requests under way are withdrawn. (Switching it off and on instead would raise errors when their answers come.)
function M.dismiss(buf)
  event('InsertLeave', buf)
end

function M.ask(buf)
  event('CursorMovedI', buf)
end

M.refresh = M.ask

function M.accept(buf, piece)
  return vim.lsp.inline_completion.get({
    bufnr = buf,
    on_accept = function(item)
      local text = item.insert_text
      if type(text) ~= 'string' or not item.range then
        return item
      end
      local row, col, _, end_col = item.range:to_extmark()
      suggestion.insert(buf, {
        row = row,
        col = col,
        end_col = end_col,
        text = suggestion.plain(text),
        command = item.command,
        client_id = item.client_id,
      }, piece)
    end,
  })
end

return M
