-- The rows of `seal.libraries`, as the server sends them: which can be acted on, and how one is written.

local M = {}

local WAIT_MS = 1000 -- for names to complete

function M.learnable(row)
  return row.adapter == '' or row.uses > 0
end

function M.learned(row)
  return row.adapter ~= ''
end

--- An earlier adapter is there to go back to.
function M.replaced(row)
  return row.previous ~= ''
end

--- The row of `name`, or of `name@version`.
function M.find(rows, name)
  for _, row in ipairs(rows) do
    if row.library == name or row.library:match('^[^@]+') == name then
      return row
    end
  end
end

function M.spoken(row)
  return (row.library:gsub('@', ' '))
end

function M.line(row)
  return M.spoken(row) .. ': ' .. row.said
end

--- The rows, waited for: completion on the command line cannot come later.
function M.now(client)
  local call = { command = 'seal.libraries', arguments = { { quiet = true } } }
  local answer = client and client:request_sync('workspace/executeCommand', call, WAIT_MS, 0)
  return answer and answer.result and answer.result.libraries or {}
end

return M
