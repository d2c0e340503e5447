-- What a buffer gets when its server is there: ghost text with its keys, and the completion menu where it is wanted.

local inline = require('seal.inline')
local seal = require('seal')
local state = require('seal.state')

local WORKS = {
  accept = inline.accept,
  accept_word = inline.accept_word,
  accept_line = inline.accept_line,
  dismiss = inline.dismiss,
  ask = inline.ask,
  why = function()
    vim.schedule(function()
      vim.cmd.Seal('why')
    end)
    return true
  end,
}

--- What a key does when there is no ghost text. Neovim's own mapping of <Tab> is repeated: ours hides it.
local function otherwise(key)
  if key:lower() == '<tab>' and vim.snippet.active({ direction = 1 }) then
    return '<Cmd>lua vim.snippet.jump(1)<CR>'
  end
  return key
end

--- Whether the user has the key already; Neovim's own mapping of <Tab> does not count.
local function taken(key)
  local map = vim.fn.maparg(key, 'i', false, true)
  return not vim.tbl_isempty(map) and not vim.startswith(map.desc or '', 'vim.snippet')
end

local function map(buf, name, key)
  vim.keymap.set('i', key, function()
    return WORKS[name]() and '' or otherwise(key)
  end, { buffer = buf, expr = true, desc = 'seal: ' .. name:gsub('_', ' ') })
end

--- Neovim's own menu, as one types. Neovim 0.11 goes on asking a client that has ended, and waits for its answer.
local function open_menu(client, buf)
  vim.bo[buf].completeopt = 'menuone,noselect,popup' -- nothing is written before it is chosen
  vim.lsp.completion.enable(true, client.id, buf, { autotrigger = true })
  vim.api.nvim_create_autocmd('LspDetach', {
    buffer = buf,
    callback = function(event)
      if event.data.client_id == client.id then
        vim.lsp.completion.enable(false, client.id, buf)
        return true -- once
      end
    end,
  })
end

---@param client vim.lsp.Client
return function(client, buf)
  local options = seal.options()
  state.attached(buf)
  if options.inline then
    inline.attach(client, buf)
  end
  if options.menu then
    open_menu(client, buf)
  end
  if options.inline and options.keys and not vim.b[buf].seal_keys then
    vim.b[buf].seal_keys = true
    for name, key in pairs(vim.tbl_extend('keep', options.keys, seal.defaults.keys)) do
      if key and WORKS[name] and not vim.api.nvim_buf_call(buf, function() return taken(key) end) then
        map(buf, name, key)
      end
    end
  end
end
