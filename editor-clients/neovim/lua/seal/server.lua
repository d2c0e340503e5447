-- The servers' processes: started again when they end by themselves, stopped and started when somebody asks.
-- How one is started is Neovim's: vim.lsp.enable() starts what its buffers lack.

local crashes = require('seal.crashes')
local seal = require('seal')
local state = require('seal.state')

local M = {}

local SETTLES_MS = 100 -- Neovim drops an ended client a little after it says so, and would give it to the buffers again
local GRACE_MS = 3000

local function start()
  if vim.lsp.is_enabled(seal.name) and vim.v.exiting == vim.NIL then
    vim.lsp.enable(seal.name)
  end
end

local function crashed(client, bufs, why)
  local delay, count = crashes.next(client.root_dir or '', vim.uv.now())
  if delay then
    local text = ('%s; it starts again in %d s'):format(why, delay)
    state.lost(client.id, bufs, { word = 'restarting', text = text })
    vim.defer_fn(start, math.max(delay * 1000, SETTLES_MS))
    return
  end
  state.lost(client.id, bufs, { word = 'stopped', text = why })
  local text = 'the server ended %d times and is not started again: %s (see :Seal log; :Seal restart tries again)'
  seal.say(text:format(count, why), vim.log.levels.ERROR)
end

local restarting = {} ---@type table<integer, boolean> by client id

--- lsp/seal_lsp.lua's on_exit, which runs where hardly anything may be called.
function M.exited(code, signal, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  if not client then
    return
  end
  -- Kept by Neovim alone: a server that it had to terminate ends as one that somebody killed.
  local asked = client._is_stopping or (code == 0 and signal == 0)
  local bufs = vim.tbl_keys(client.attached_buffers)
  vim.schedule(function()
    if vim.v.exiting ~= vim.NIL then
      return
    end
    if not asked then
      local why = require('seal.log').last_words(client)
      return crashed(client, bufs, why or ('it ended with exit code %d and signal %d'):format(code, signal))
    end
    state.lost(client_id, bufs)
    if restarting[client_id] then
      restarting[client_id] = nil
      vim.defer_fn(start, SETTLES_MS)
    end
  end)
end

function M.restart()
  crashes.forget()
  local clients = vim.lsp.get_clients({ name = seal.name, _uninitialized = true })
  for _, client in ipairs(clients) do
    restarting[client.id] = true
    client:stop()
    vim.defer_fn(function()
      if restarting[client.id] then
        client:stop(true)
      end
    end, GRACE_MS)
  end
  if #clients == 0 then
    vim.lsp.enable(seal.name)
    M.say_if_missing(true)
  end
end

--- The executable that would be started, and whether it is there. nil: a function of the user's starts the server.
---@return string? executable
---@return boolean there
function M.executable()
  local cmd = vim.lsp.config[seal.name].cmd
  if type(cmd) ~= 'table' then
    return nil, true
  end
  return cmd[1], vim.fn.executable(cmd[1]) == 1
end

local said = false

--- Neovim writes it into its log only. Said once, unless `again`.
function M.say_if_missing(again)
  if (said and not again) or not vim.lsp.is_enabled(seal.name) then
    return
  end
  local executable, there = M.executable()
  if there then
    return
  end
  said = true
  local text = 'there is no %s on PATH: install it, or set its cmd (:help seal-introduction). :checkhealth seal says more'
  seal.say(text:format(executable), vim.log.levels.WARN)
end

return M
