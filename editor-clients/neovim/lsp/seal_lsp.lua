-- The configuration that `vim.lsp.enable('seal_lsp')` starts. What you set with `vim.lsp.config('seal_lsp', ...)` wins.

---@type vim.lsp.Config
return {
  cmd = { 'seal-lsp' },
  filetypes = { 'python' },
  root_markers = { 'pyproject.toml', 'setup.py', 'setup.cfg', 'requirements.txt', '.venv', '.git' },
  -- Neovim 0.11 does not know it, and it is drawn here then.
  capabilities = { textDocument = { inlineCompletion = { dynamicRegistration = false } } },
  -- What the server needs before it can ask for settings.
  before_init = function(params, config)
    params.initializationOptions = params.initializationOptions or vim.tbl_get(config, 'settings', 'seal')
  end,
  handlers = {
    ['seal/status'] = function(_, status, ctx)
      require('seal.state').told(ctx.client_id, status)
    end,
  },
  on_exit = function(code, signal, client_id)
    require('seal.server').exited(code, signal, client_id)
  end,
}
