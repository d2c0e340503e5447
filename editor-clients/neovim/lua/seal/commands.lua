-- :Seal. Each subcommand asks what it must, then the server does it; a refusal is the server's to tell.

local libraries = require('seal.libraries')
local seal = require('seal')
local show = require('seal.show')

local M = {}

--- Run a command of the server's; `after` gets its answer when it did it.
local function ask(command, argument, after)
  local client = seal.client()
  if not client then
    local problem = require('seal.state').problem(vim.api.nvim_get_current_buf())
    local why = problem and ('the server is not running: ' .. problem.text) or 'no server has this buffer'
    return seal.say(why .. ' (:checkhealth seal)', vim.log.levels.WARN)
  end
  local call = { title = command, command = command, arguments = { argument or vim.empty_dict() } }
  client:exec_cmd(call, { bufnr = 0 }, function(err, answer)
    if err then
      seal.say(('%s: %s'):format(command, err.message), vim.log.levels.ERROR)
    elseif after and not (type(answer) == 'table' and answer.error) then
      after(answer, client)
    end
  end)
end

--- The library that was named, or one that the user picks among those that fit.
local function choose(name, prompt, fits, work)
  ask('seal.libraries', { quiet = true }, function(answer, client)
    local rows = answer.libraries
    if name then
      return work(libraries.find(rows, name) or { library = name }, client)
    end
    rows = vim.tbl_filter(fits, rows)
    if #rows == 0 then
      return seal.say('there is no library here to choose from')
    end
    vim.ui.select(rows, { prompt = prompt, format_item = libraries.line }, function(row)
      if row then
        work(row, client)
      end
    end)
  end)
end

local function learn(name)
  choose(name, 'Learn which library?', libraries.learnable, function(row, client)
    local argument = { library = row.library, root = row.root ~= '' and row.root or nil, force = (row.state or '') ~= '' }
    ask('seal.learn', argument, function()
      require('seal.follow')(client, row.library)
    end)
  end)
end

local function forget(name, bang)
  choose(name, 'Forget which library?', libraries.learned, function(row)
    local question = ('Forget %s? Its adapters are deleted; it can be learned again.'):format(libraries.spoken(row))
    if bang or vim.fn.confirm(question, '&Forget\n&Cancel', 2) == 1 then
      ask('seal.forget', { library = row.library }, function()
        seal.say(libraries.spoken(row) .. ' is forgotten')
      end)
    end
  end)
end

local function rollback(name)
  choose(name, 'Roll back which library?', libraries.replaced, function(row)
    ask('seal.rollback', { library = row.library }, function()
      seal.say(libraries.spoken(row) .. ' is rolled back')
    end)
  end)
end

local function list(name)
  if not name then
    return ask('seal.libraries', { quiet = true }, function(answer)
      show.libraries(answer.libraries)
    end)
  end
  choose(name, '', libraries.learned, function(row)
    ask('seal.audit', { library = row.library }) -- the server opens what was learned
  end)
end

---@type table<string, { run: fun(name?: string, bang: boolean), fits?: fun(row: table): boolean }>
local COMMANDS = {
  status = { run = function() ask('seal.status', { quiet = true }, show.status) end },
  learn = { run = learn, fits = libraries.learnable },
  forget = { run = forget, fits = libraries.learned },
  rollback = { run = rollback, fits = libraries.replaced },
  pause = { run = function() ask('seal.pause') end },
  resume = { run = function() ask('seal.resume') end },
  why = { run = function() ask('seal.why', { quiet = true }, show.why) end },
  log = { run = function() show.log(seal.client()) end },
  libraries = { run = list, fits = libraries.learned },
  restart = { run = function() require('seal.server').restart() end },
}

function M.run(given)
  local name, library = given.fargs[1] or 'status', given.fargs[2]
  local command = COMMANDS[name]
  if not command or #given.fargs > (command.fits and 2 or 1) then
    local names = vim.tbl_keys(COMMANDS)
    table.sort(names)
    return seal.say((':Seal %s? There is: %s'):format(given.args, table.concat(names, ', ')), vim.log.levels.ERROR)
  end
  command.run(library, given.bang)
end

--- 'complete': the subcommands, then the libraries that one can act on.
function M.complete(typed, line)
  local before = vim.split(vim.trim(line:sub(1, #line - #typed)), '%s+')
  local found = {}
  if #before == 1 then
    found = vim.tbl_keys(COMMANDS)
  elseif #before == 2 and (COMMANDS[before[2]] or {}).fits then
    local rows = vim.tbl_filter(COMMANDS[before[2]].fits, libraries.now(seal.client()))
    found = vim.tbl_map(function(row) return row.library end, rows)
  end
  table.sort(found)
  return vim.tbl_filter(function(word) return vim.startswith(word, typed) end, found)
end

return M
