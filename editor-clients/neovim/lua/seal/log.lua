-- Where the servers' words are: each server's own log, and Neovim's, which has what they print on stderr.

local M = {}

local TAIL = 16384 -- bytes

--- Neovim's log of all language servers.
function M.neovims()
  return vim.lsp.log.get_filename()
end

local function tail(path)
  local file = io.open(path, 'rb')
  if not file then
    return ''
  end
  local size = file:seek('end')
  file:seek('set', math.max(0, size - TAIL))
  local text = file:read('*a')
  file:close()
  return text
end

--- The last line that the client's server printed on stderr.
---@return string?
function M.last_words(client)
  local cmd = client.config.cmd
  local mark = type(cmd) == 'table' and ('"rpc"\t"%s"\t"stderr"\t'):format(cmd[1])
  local said
  for line in vim.gsplit(tail(M.neovims()), '\n', { plain = true }) do
    local _, ends = line:find(mark or '\t"stderr"\t', 1, true)
    if ends then
      said = line:sub(ends + 1)
    end
  end
  if not said then
    return nil
  end
  -- vim.inspect() wrote it: a Lua string.
  local lines = vim.split(vim.trim((said:gsub('^"(.*)"$', '%1'):gsub('\\n', '\n'):gsub('\\(.)', '%1'))), '\n')
  return lines[#lines] ~= '' and lines[#lines] or nil
end

return M
