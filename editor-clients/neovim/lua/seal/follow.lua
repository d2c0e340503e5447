-- A learning that the user asked for, told until it has ended: how far it is, then what came of it.

local libraries = require('seal.libraries')
local seal = require('seal')
local state = require('seal.state')

local FIRST_WORD_MS = 3000 -- the status may follow the command's answer

--- Neovim 0.12 knows messages that are progress, and keeps one of them; 0.11 shows a message after the other.
local function progress(title, learning)
  local percent = math.floor(learning.fraction * 100)
  local text = ('%d %%, %s'):format(percent, learning.message ~= '' and learning.message or learning.phase)
  if vim.fn.has('nvim-0.12') == 1 then
    local opts = { kind = 'progress', id = 'seal.' .. title, source = 'seal', title = title }
    vim.api.nvim_echo({ { text } }, false, vim.tbl_extend('error', opts, { status = 'running', percent = percent }))
  else
    vim.api.nvim_echo({ { title .. ': ' .. text } }, false, {})
  end
end

local function how_it_ended(client, library)
  local call = { title = 'libraries', command = 'seal.libraries', arguments = { vim.empty_dict() } }
  client:exec_cmd(call, { bufnr = 0 }, function(_, answer)
    local row = answer and libraries.find(answer.libraries or {}, library)
    if row then
      seal.say(libraries.line(row))
    end
  end)
end

---@param client vim.lsp.Client
---@param library string name@version
return function(client, library)
  local title = 'Learning ' .. library:gsub('@', ' ')
  local begun, done = false, false
  local function look()
    if client:is_stopped() then
      done = true
      return true -- a listener that returns true is not called again
    end
    local status = state.of(client)
    local learning = status and status.learning
    if learning and learning.library == library then
      begun = true
      progress(title, learning)
    elseif not done and begun and not vim.list_contains(status and status.queue or {}, library) then
      done = true
      how_it_ended(client, library)
    end
    return done
  end
  vim.api.nvim_create_autocmd('User', { pattern = 'SealStatus', callback = look })
  vim.defer_fn(function()
    begun = true -- it ended before its first word, or waits in the queue
    look()
  end, FIRST_WORD_MS)
  look()
end
