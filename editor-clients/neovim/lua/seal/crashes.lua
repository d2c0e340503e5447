-- When a server that ended by itself is started again: at once, then later and later, then not at all.

local M = {}

local DELAYS_S = { 0, 1, 4, 10 }
local FORGOTTEN_AFTER_MS = 5 * 60 * 1000

local times = {} ---@type table<string, integer[]> by workspace

--- Seconds until the next start (nil: it crashed too often to go on), and how often it crashed lately.
---@return integer? delay
---@return integer count
function M.next(root, now_ms)
  local recent = vim.tbl_filter(function(time)
    return now_ms - time < FORGOTTEN_AFTER_MS
  end, times[root] or {})
  table.insert(recent, now_ms)
  times[root] = recent
  return DELAYS_S[#recent], #recent
end

function M.forget()
  times = {}
end

return M
