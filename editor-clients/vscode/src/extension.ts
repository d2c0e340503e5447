// Puts the client together. VS Code activates it in trusted workspaces only (package.json, `capabilities`).

import * as vscode from 'vscode'
import { actions, offerEnvironment } from './actions'
import { pythonEnvironments } from './launch'
import { Libraries } from './libraries'
import { Server } from './server'
import { statusBar } from './statusBar'

let server: Server | undefined

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('seal-lsp', { log: true })
  const started = (server = new Server(context, log))
  context.subscriptions.push(log, statusBar(started), new Libraries(started), actions(context, started))
  context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('seal.server')) void started.restart()
    }),
  )
  await started.start()
  if (started.phase === 'missing') void offerEnvironment()
  const changing = (await pythonEnvironments())?.onDidChangeActiveEnvironmentPath(() => interpreterChanged(started))
  if (changing) context.subscriptions.push(changing)
}

export async function deactivate(): Promise<void> {
  await server?.dispose()
}

/** A server that runs reads the new environment; one that was missing may be there now. */
function interpreterChanged(started: Server): void {
  void (started.phase === 'missing' ? started.start() : started.reconfigure())
}
