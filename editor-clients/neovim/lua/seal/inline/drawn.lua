-- Ghost text where Neovim has none of its own (0.11): asked for at every key, as the server does the waiting, and drawn
-- as an extmark at the cursor.

local suggestion = require('seal.inline.suggestion')

local M = {}

local METHOD = 'textDocument/inlineCompletion'
local INVOKED, AUTOMATIC = 1, 2
local namespace = vim.api.nvim_create_namespace('seal.inline')

local shown = {} ---@type table<integer, seal.Suggestion?> by buffer
local pending = {} ---@type table<integer, { client: vim.lsp.Client, id: integer, place: string }?> by buffer

local function clear(buf)
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
end

--- Show what is left of the suggestion, if anything is.
local function draw(buf)
  clear(buf)
  local rest = shown[buf] and suggestion.rest(buf, shown[buf])
  if not rest or not require('seal.inline').may_show() then
    shown[buf] = nil
    return
  end
  local lines = vim.tbl_map(function(line)
    return { { line, 'ComplHint' } }
  end, vim.split(rest, '\n', { plain = true }))
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  vim.api.nvim_buf_set_extmark(buf, namespace, row - 1, col, {
    virt_text = table.remove(lines, 1),
    virt_text_pos = 'inline',
    virt_lines = #lines > 0 and lines or nil,
    hl_mode = 'combine',
  })
end

local function cancel(buf)
  local request = pending[buf]
  pending[buf] = nil
  if request and request.id then
    request.client:cancel_request(request.id)
  end
end

--- The first item of an answer, in bytes.
local function first(buf, client, result)
  local item = (result.items or result)[1]
  if not item then
    return nil
  end
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local found = { row = row - 1, col = col, end_col = col, command = item.command, client_id = client.id }
  found.text = suggestion.plain(type(item.insertText) == 'table' and item.insertText.value or item.insertText)
  if item.range then
    found.row = item.range.start.line
    local line = vim.api.nvim_buf_get_lines(buf, found.row, found.row + 1, false)[1] or ''
    local function byte(position)
      return vim.str_byteindex(line, client.offset_encoding, position.character, false)
    end
    found.col, found.end_col = byte(item.range.start), byte(item.range['end'])
  end
  return found
end

local function request(buf, kind)
  local client = vim.lsp.get_clients({ name = require('seal').name, bufnr = buf, method = METHOD })[1]
  if not client then
    return
  end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local place = table.concat({ vim.api.nvim_buf_get_changedtick(buf), cursor[1], cursor[2] }, ':')
  if kind == AUTOMATIC and pending[buf] and pending[buf].place == place then
    return -- one key, two events
  end
  cancel(buf)
  local mine = { client = client, place = place }
  pending[buf] = mine
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  _, mine.id = client:request(METHOD, params, function(err, result)
    mine.id = nil -- nothing is left to withdraw
    -- null: a newer request brings the answer. What was withdrawn is answered with an error.
    if err or not result or pending[buf] ~= mine or not vim.api.nvim_buf_is_valid(buf) then
      return
    end
    if vim.api.nvim_get_current_buf() == buf then
      shown[buf] = first(buf, client, result)
      draw(buf)
    end
  end, buf)
end

function M.attach(_, buf, on)
  on({ 'InsertEnter', 'TextChangedI', 'CursorMovedI' }, function()
    M.refresh(buf)
  end)
  on({ 'InsertLeave', 'BufLeave' }, function()
    M.dismiss(buf)
  end)
end

function M.visible(buf)
  return #vim.api.nvim_buf_get_extmarks(buf, namespace, 0, -1, { limit = 1 }) > 0
end

function M.dismiss(buf)
  cancel(buf)
  shown[buf] = nil
  clear(buf)
end

function M.ask(buf)
  vim.schedule(function()
    request(buf, INVOKED)
  end)
end

--- Draw what is left at once, and ask for what comes.
function M.refresh(buf)
  draw(buf)
  request(buf, AUTOMATIC)
end

function M.accept(buf, piece)
  local taken = shown[buf]
  if not taken then
    return false
  end
  vim.schedule(function()
    M.dismiss(buf)
    suggestion.insert(buf, taken, piece)
  end)
  return true
end

return M
