-- A suggestion, what is left of it while it is typed along, and how (a part of) it becomes text.

local M = {}

---@class seal.Suggestion
---@field row integer 0-based
---@field col integer bytes; where `text` begins
---@field end_col integer bytes; what `text` replaces ends here
---@field text string
---@field command? lsp.Command what the server wants to hear when all of it was accepted
---@field client_id integer

--- What is to be written at the cursor; nil when something else was typed, or the cursor is elsewhere.
---@param suggestion seal.Suggestion
---@return string?
function M.rest(buf, suggestion)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  if vim.api.nvim_get_current_buf() ~= buf or row - 1 ~= suggestion.row or col < suggestion.col then
    return nil
  end
  local line = vim.api.nvim_buf_get_lines(buf, row - 1, row, true)[1]
  local typed = line:sub(suggestion.col + 1, col)
  if not vim.startswith(suggestion.text, typed) or #typed == #suggestion.text then
    return nil
  end
  return suggestion.text:sub(#typed + 1)
end

--- Write it, or the piece of it that `piece` cuts from its beginning, and put the cursor behind.
---@param suggestion seal.Suggestion
---@param piece? fun(text: string): string
---@return boolean done
function M.insert(buf, suggestion, piece)
  local rest = M.rest(buf, suggestion)
  local text = rest and (piece and piece(rest) or rest)
  if not text or text == '' then
    return false
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local line = vim.api.nvim_get_current_line()
  local lines = vim.split(text, '\n', { plain = true })
  local end_col = math.min(math.max(col, suggestion.end_col), #line)
  vim.api.nvim_buf_set_text(buf, row - 1, col, row - 1, text == rest and end_col or col, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, (#lines == 1 and col or 0) + #lines[#lines] })
  local client = vim.lsp.get_client_by_id(suggestion.client_id)
  if text == rest and suggestion.command and client then
    client:exec_cmd(suggestion.command, { bufnr = buf })
  end
  return true
end

--- Lines end as the buffer's do, whatever the server's text has.
function M.plain(text)
  return (text:gsub('\r\n?', '\n'))
end

return M
