-- How far a learning is that the user asked for. What came of it the server says.

local state = require('seal.state')

local FIRST_WORD_MS = 3000 -- the status may follow the command's answer

--- Neovim 0.12 has messages that are progress, and shows the last of them; 0.11 is told each as it comes.
---@param status 'running'|'success'|'failed'
local function progress(title, status, percent, text)
  if vim.fn.has('nvim-0.12') == 1 then
    local about = { kind = 'progress', id = 'seal.' .. title, source = 'seal', title = title }
    vim.api.nvim_echo({ { text } }, false, vim.tbl_extend('error', about, { status = status, percent = percent }))
  elseif status == 'running' then
    vim.api.nvim_echo({ { ('%s: %d %%, %s'):format(title, percent, text) } }, false, {})
  end
end

---@param client vim.lsp.Client
---@param library string name@version
return function(client, library)
  local title = 'Learning ' .. library:gsub('@', ' ')
  local begun, done = false, false
  local function look()
    if done then
      return true -- a listener that returns true is not called again
    end
    if client:is_stopped() then
      done = true
      return progress(title, 'failed', 0, 'the server has ended')
    end
    local status = state.of(client)
    local learning = status and status.learning
    if learning and learning.library == library then
      begun = true
      local text = learning.message ~= '' and learning.message or learning.phase
      progress(title, 'running', state.percent(learning.fraction), text)
    elseif begun and not vim.list_contains(status and status.queue or {}, library) then
      done = true
      progress(title, 'success', 100, 'done')
    end
  end
  vim.api.nvim_create_autocmd('User', { pattern = 'SealStatus', callback = look })
  vim.defer_fn(function()
    begun = true -- it ended before its first word, or waits in the queue
    look()
  end, FIRST_WORD_MS)
  look()
end
