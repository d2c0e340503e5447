-- What is known of the servers: the last `seal/status` of each, and why a buffer has none. Each change is `User SealStatus`.

local seal = require('seal')

local M = {}

local statuses = {} ---@type table<integer, table> by client id
local problems = {} ---@type table<integer, { word: string, text: string }> by buffer

local function changed()
  vim.api.nvim_exec_autocmds('User', { pattern = 'SealStatus', modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

--- `status` as it was sent, where JSON's null is vim.NIL: a value that counts as true.
function M.told(client_id, status)
  for key, value in pairs(status) do
    if value == vim.NIL then
      status[key] = nil
    end
  end
  statuses[client_id] = status
  changed()
end

---@param bufs integer[] the buffers that lost their server
---@param problem? { word: string, text: string } nil: it was asked to end
function M.lost(client_id, bufs, problem)
  statuses[client_id] = nil
  for _, buf in ipairs(bufs) do
    problems[buf] = problem
  end
  changed()
end

function M.attached(buf)
  problems[buf] = nil
  changed()
end

---@return table? status as `seal/status` has it
function M.of(client)
  return client and statuses[client.id]
end

function M.problem(buf)
  return problems[buf]
end

--- A share as people read it: 0.29 is 29, whatever 0.29 * 100 is.
function M.percent(share)
  return math.floor(share * 100 + 0.5)
end

local function word(status)
  if status.state == 'learning' then
    return ('learning %d %%'):format(M.percent(status.learning and status.learning.fraction or 0))
  end
  if status.state == 'loading' or status.state == 'paused' then
    return status.state
  end
  if status.kind == 'Error' or status.kind == 'Warning' then
    return 'problem'
  end
  return status.state == 'ready' and '' or 'facts only'
end

--- `seal`, and one word when there is more to say; '' where no server is meant to be.
function M.face(buf)
  local client = seal.client(buf)
  if client then
    local status = statuses[client.id]
    return vim.trim('seal ' .. (status and word(status) or 'starting'))
  end
  return problems[buf] and 'seal ' .. problems[buf].word or ''
end

return M
