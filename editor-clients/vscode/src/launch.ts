// Which command starts the server: the setting, the active interpreter's, the one on PATH, or the extension's own.
// Interpreters are looked at, not run: a workspace's Python starts only as the server that is installed in it.

import * as fs from 'node:fs'
import * as path from 'node:path'
import * as vscode from 'vscode'
import { ownServer } from './environment'

export interface Launch {
  command: string
  args: string[]
  from: string // for the log and the menu
}

const EXECUTABLE = process.platform === 'win32' ? 'seal-lsp.exe' : 'seal-lsp'

/** What is used of the Python extension's API, where that is installed. */
interface PythonEnvironments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { path: string }
  onDidChangeActiveEnvironmentPath: vscode.Event<unknown>
}

export async function findServer(context: vscode.ExtensionContext): Promise<Launch | undefined> {
  const command = vscode.workspace.getConfiguration('seal').get<string[]>('server.command', [])
  if (command.length) return { command: command[0], args: command.slice(1), from: 'seal.server.command' }
  const interpreter = await activeInterpreter()
  const beside = interpreter && executable(path.join(path.dirname(interpreter), EXECUTABLE))
  if (beside) return { command: beside, args: [], from: 'the active interpreter' }
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const found = folder && executable(path.join(folder, EXECUTABLE))
    if (found) return { command: found, args: [], from: 'PATH' }
  }
  const own = executable(ownServer(context))
  return own ? { command: own, args: [], from: "the extension's own environment" } : undefined
}

/** The interpreter that the user chose, as the Python extension or the setting says. */
export async function activeInterpreter(): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri
  const chosen = (await pythonEnvironments())?.getActiveEnvironmentPath(folder).path
  const set = vscode.workspace.getConfiguration('python', folder).get<string>('defaultInterpreterPath')
  return [chosen, set].find((found) => found && path.isAbsolute(found))
}

export async function pythonEnvironments(): Promise<PythonEnvironments | undefined> {
  const extension = vscode.extensions.getExtension('ms-python.python')
  if (!extension) return undefined
  const api = extension.isActive ? extension.exports : await extension.activate()
  return api?.environments
}

function executable(file: string): string | undefined {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile() ? file : undefined
  } catch {
    return undefined
  }
}
