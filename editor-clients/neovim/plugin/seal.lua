-- What is there before a server runs: the :Seal command, and what happens when a buffer gets a client.

if vim.g.loaded_seal then
  return
end
vim.g.loaded_seal = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('seal: Neovim 0.11 or newer is needed', vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command('Seal', function(given)
  require('seal.commands').run(given)
end, {
  nargs = '*',
  bang = true,
  desc = 'seal-lsp: status, learn, forget, rollback, pause, resume, why, log, libraries, restart',
  complete = function(typed, line)
    return require('seal.commands').complete(typed, line)
  end,
})

local group = vim.api.nvim_create_augroup('seal', {})

vim.api.nvim_create_autocmd('LspAttach', {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'seal_lsp' then
      require('seal.attach')(client, event.buf)
    end
  end,
})

vim.api.nvim_create_autocmd('FileType', {
  group = group,
  pattern = 'python',
  callback = function()
    require('seal.server').say_if_missing()
  end,
})
