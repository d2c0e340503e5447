// Forwards the `seal` settings; what they mean is the server's. Left out is what only this client reads.

import * as vscode from 'vscode'
import { activeInterpreter } from './launch'

type Section = Record<string, Record<string, unknown>>

/** `seal.*` without `seal.server.*`; the interpreter that was picked in VS Code stands in for an unset one. */
export async function settings(scope?: vscode.Uri): Promise<Section> {
  const { server: _, ...section } = structured(vscode.workspace.getConfiguration('seal', scope))
  const folders = vscode.workspace.workspaceFolders ?? []
  // The server asks once for all folders, and one interpreter is not every folder's.
  if (section.python && !section.python.interpreter && folders.length === 1) {
    section.python.interpreter = (await activeInterpreter()) ?? null
  }
  return section
}

function structured(configuration: vscode.WorkspaceConfiguration): Section {
  return JSON.parse(JSON.stringify(configuration))
}
