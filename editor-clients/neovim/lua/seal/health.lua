-- :checkhealth seal

local health = vim.health
local seal = require('seal')

local M = {}

local function neovim()
  health.start('seal: Neovim')
  health.ok('Neovim ' .. tostring(vim.version()))
  if vim.lsp.inline_completion then
    health.ok("ghost text: Neovim's own (vim.lsp.inline_completion)")
  else
    health.ok('ghost text: drawn by this plugin; Neovim 0.12 has its own')
  end
  for name in pairs(vim.g.seal or {}) do
    if seal.defaults[name] == nil then
      health.warn(('vim.g.seal.%s: there is no such option'):format(name), 'see :help seal-options')
    end
  end
end

local function executable()
  health.start('seal: server')
  local name, there = require('seal.server').executable()
  if not name then
    health.ok('started by a function of your configuration')
  elseif there then
    health.ok(('executable: %s'):format(vim.fn.exepath(name)))
  else
    health.error(('executable: there is no %s on PATH'):format(name), {
      "install seal-lsp and run `seal-lsp model pull`",
      "or say where it is: vim.lsp.config('seal_lsp', { cmd = { '/path/to/seal-lsp' } })",
    })
  end
  if not vim.lsp.is_enabled(seal.name) then
    health.warn('not enabled', "put vim.lsp.enable('seal_lsp') into your init.lua")
  end
end

local function report_of(client)
  local call = { command = 'seal.status', arguments = { { quiet = true } } }
  local answer, err = client:request_sync('workspace/executeCommand', call, 5000)
  if not answer or not answer.result then
    return health.error('it does not answer: ' .. (err or vim.inspect(answer and answer.err)), ':Seal restart')
  end
  local report = answer.result
  local said = ('state: %s (%s)'):format(report.message, report.state or 'no engine')
  if report.kind == 'Error' or report.kind == 'Warning' then
    health.warn(said, '`seal-lsp doctor` says more')
  else
    health.ok(said)
  end
  if report.model and report.model ~= '' then
    health.ok(('model: %s on %s'):format(report.model, report.runtime))
  else
    health.info('model: none yet, facts only')
  end
  if report.log then
    health.ok('log: ' .. report.log)
  end
end

local function running()
  health.start('seal: running')
  local clients = vim.lsp.get_clients({ name = seal.name })
  for _, client in ipairs(clients) do
    local version = (client.server_info or {}).version or 'of an unknown version'
    health.ok(('running: seal-lsp %s on %s'):format(version, client.root_dir or 'single files'))
    report_of(client)
  end
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local problem = require('seal.state').problem(buf)
    if problem then
      health.error(('%s: %s, %s'):format(vim.api.nvim_buf_get_name(buf), problem.word, problem.text), ':Seal restart')
    end
  end
  if #clients == 0 then
    health.warn('not running', 'open a Python file')
  end
  health.info("log of Neovim's language clients: " .. require('seal.log').neovims())
end

function M.check()
  neovim()
  executable()
  running()
end

return M
