// The commands of the palette, the tree view and the status bar's menu. Each asks what it must, then the server does it.

import * as vscode from 'vscode'
import { createEnvironment } from './environment'
import { activeInterpreter } from './launch'
import { rows } from './libraries'
import { Library, spoken } from './protocol'
import { Server } from './server'

const FIRST_WORD_MS = 3000 // the engine's status may follow its reply

export function actions(context: vscode.ExtensionContext, server: Server): vscode.Disposable {
  const own: Record<string, (row?: Library) => unknown> = {
    menu: () => menu(server),
    learn: (row) => learn(server, row),
    forget: (row) => forget(server, row),
    rollback: (row) => rollback(server, row),
    showLearned: (row) => showLearned(server, row),
    pause: () => server.command('seal.pause'),
    resume: () => server.command('seal.resume'),
    why: () => server.command('seal.why'),
    showLog: () => server.log.show(),
    restart: () => server.restart(),
    settings: () => vscode.commands.executeCommand('workbench.action.openSettings', `@ext:${context.extension.id}`),
    createEnvironment: () => environment(context, server),
  }
  const registered = Object.entries(own).map(([name, work]) => vscode.commands.registerCommand(`seal-lsp.${name}`, work))
  return vscode.Disposable.from(...registered)
}

/** Said once in a window that has no server; the status bar goes on saying it. */
export async function offerEnvironment(): Promise<void> {
  const message = 'seal-lsp is not installed where this extension looks: the active interpreter, PATH, its own environment.'
  const chosen = await vscode.window.showWarningMessage(message, 'Create an Environment', 'Choose a Command')
  if (chosen === 'Create an Environment') await vscode.commands.executeCommand('seal-lsp.createEnvironment')
  if (chosen === 'Choose a Command') await vscode.commands.executeCommand('workbench.action.openSettings', 'seal.server')
}

async function environment(context: vscode.ExtensionContext, server: Server): Promise<void> {
  const detail = 'It goes into the folder that VS Code keeps for this extension: Python packages with PyTorch, some gigabytes, and the default model.'
  const chosen = await vscode.window.showInformationMessage('Create an environment for seal-lsp?', { modal: true, detail }, 'Create')
  if (chosen !== 'Create') return
  await server.stop()
  await createEnvironment(context, server.log, await activeInterpreter())
  await server.start()
}

async function menu(server: Server): Promise<void> {
  const entry = (icon: string, label: string, command: string, description = '') => ({
    label: `$(${icon}) ${label}`, command: `seal-lsp.${command}`, description,
  })
  const running = server.phase === 'running'
  const paused = server.status?.paused
  const entries = [
    ...(server.phase === 'missing' ? [entry('cloud-download', 'Create an Environment', 'createEnvironment')] : []),
    ...(running
      ? [
          entry('question', 'Why This Suggestion?', 'why'),
          entry('mortar-board', 'Learn a Library…', 'learn'),
          entry('book', 'Show What Was Learned…', 'showLearned'),
          entry('trash', 'Forget a Library…', 'forget'),
          entry('discard', 'Roll Back a Library…', 'rollback'),
          paused ? entry('debug-start', 'Resume Learning', 'resume') : entry('debug-pause', 'Pause Learning', 'pause'),
        ]
      : []),
    entry('output', 'Show Log', 'showLog'),
    entry('debug-restart', 'Restart Server', 'restart', server.launch?.from),
    entry('gear', 'Settings', 'settings'),
  ]
  const placeHolder = `seal-lsp: ${server.status?.message || server.problem || server.phase}`
  const chosen = await vscode.window.showQuickPick(entries, { placeHolder })
  if (chosen) await vscode.commands.executeCommand(chosen.command)
}

async function learn(server: Server, row?: Library): Promise<void> {
  const chosen = row ?? (await pick(server, 'Learn which library?', (one) => !one.adapter || one.uses > 0))
  if (!chosen) return
  const argument = { library: chosen.library, root: chosen.root || undefined, force: Boolean(chosen.state) }
  if (await server.command('seal.learn', argument)) await follow(server, chosen.library)
}

/** A notification with the progress of a learning that the user asked for. How it ended the server says. */
async function follow(server: Server, library: string): Promise<void> {
  const learning = () => (server.status?.learning?.library === library ? server.status.learning : undefined)
  const waits = () => !server.status?.paused && server.status?.queue?.includes(library)
  const options = { location: vscode.ProgressLocation.Notification, title: `Learning ${spoken(library)}` }
  await vscode.window.withProgress(options, async (progress) => {
    let done = 0
    await changed(server, FIRST_WORD_MS)
    while (learning() || waits()) {
      const { fraction = 0, message = '', phase = 'waits its turn' } = learning() ?? {}
      const percent = Math.round(fraction * 100)
      progress.report({ message: `${percent} %, ${message || phase}`, increment: Math.max(0, percent - done) })
      done = Math.max(done, percent)
      await changed(server)
    }
  })
}

function changed(server: Server, atMostMs?: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      listening.dispose()
      clearTimeout(timer)
      resolve()
    }
    const listening = server.onDidChange(done)
    const timer = atMostMs === undefined ? undefined : setTimeout(done, atMostMs)
  })
}

async function forget(server: Server, row?: Library): Promise<void> {
  const chosen = row ?? (await pick(server, 'Forget which library?', (one) => Boolean(one.adapter)))
  if (!chosen) return
  const detail = 'Its adapters are deleted. It can be learned again.'
  const sure = await vscode.window.showWarningMessage(`Forget ${spoken(chosen.library)}?`, { modal: true, detail }, 'Forget')
  if (sure) await server.command('seal.forget', { library: chosen.library })
}

async function rollback(server: Server, row?: Library): Promise<void> {
  const chosen = row ?? (await pick(server, 'Roll back which library?', (one) => Boolean(one.previous)))
  if (chosen) await server.command('seal.rollback', { library: chosen.library })
}

async function showLearned(server: Server, row?: Library): Promise<void> {
  const chosen = row ?? (await pick(server, 'Show what was learned of which library?', (one) => Boolean(one.adapter)))
  if (chosen) await server.command('seal.audit', { library: chosen.library })
}

async function pick(server: Server, placeHolder: string, fits: (row: Library) => boolean): Promise<Library | undefined> {
  const found = (await rows(server)).filter(fits)
  if (!found.length) {
    void vscode.window.showInformationMessage('seal-lsp: no library here to choose from.')
    return undefined
  }
  const entries = found.map((row) => ({ label: spoken(row.library), description: row.said, row }))
  return (await vscode.window.showQuickPick(entries, { placeHolder, matchOnDescription: true }))?.row
}
