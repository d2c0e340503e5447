-- What the server answered, in a floating window, or a log in a window of its own.

local libraries = require('seal.libraries')
local log = require('seal.log')

local M = {}

local function float(lines)
  vim.lsp.util.open_floating_preview(lines, 'markdown', { focus_id = 'seal', wrap = true, max_width = 100 })
end

function M.status(report)
  local lines = { '**seal-lsp**: ' .. report.message }
  if report.model and report.model ~= '' then
    table.insert(lines, ('Model: %s on %s'):format(report.model, report.runtime))
  end
  if #(report.queue or {}) > 0 then
    table.insert(lines, 'Waiting to be learned: ' .. table.concat(report.queue, ', '))
  end
  for _, workspace in ipairs(report.workspaces or {}) do
    local where = workspace.problem ~= '' and workspace.problem or workspace.environment
    vim.list_extend(lines, { '', ('`%s`'):format(workspace.root), where })
    table.insert(lines, ('%d libraries installed'):format(workspace.libraries))
    for _, decision in ipairs(workspace.decisions) do
      table.insert(lines, ('- %s: %s (%s)'):format(decision.library, decision.verdict, decision.reason))
    end
  end
  float(lines)
end

function M.libraries(rows)
  local lines = vim.tbl_map(function(row) return '- ' .. libraries.line(row) end, rows)
  float(#lines > 0 and lines or { 'No library is used here yet, and none was learned.' })
end

function M.why(answer)
  float(vim.split(answer.message, '\n'))
end

--- The server's own log; Neovim's where no server runs that could name its own.
function M.log(client)
  local function open(path)
    vim.cmd.tabedit(vim.fn.fnameescape(path))
    vim.cmd.normal({ 'G', bang = true })
  end
  if not client then
    return open(log.neovims())
  end
  local call = { title = 'status', command = 'seal.status', arguments = { { quiet = true } } }
  client:exec_cmd(call, { bufnr = 0 }, function(_, report)
    open(report and report.log or log.neovims())
  end)
end

return M
