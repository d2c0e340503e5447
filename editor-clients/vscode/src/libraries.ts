// The tree view "Learned libraries": the rows of `seal.libraries`, as they come.

import * as vscode from 'vscode'
import { Library, spoken } from './protocol'
import { Server } from './server'

const ICONS: Record<string, string> = {
  live: 'mortar-board', learning: 'loading~spin', queued: 'clock', paused: 'debug-pause',
  rejected: 'circle-slash', failed: 'error', known: 'check',
}

export class Libraries implements vscode.TreeDataProvider<Library>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly subscription: vscode.Disposable
  private readonly view: vscode.TreeView<Library>

  constructor(private readonly server: Server) {
    this.view = vscode.window.createTreeView('seal-lsp.libraries', { treeDataProvider: this })
    this.subscription = server.onDidChange(() => this.refresh())
  }

  refresh(): void {
    const { status, phase } = this.server
    this.view.message = phase === 'running' && status?.kind !== 'Normal' ? status?.message : undefined
    void vscode.commands.executeCommand('setContext', 'seal-lsp.paused', Boolean(status?.paused))
    void vscode.commands.executeCommand('setContext', 'seal-lsp.phase', phase)
    this.changed.fire()
  }

  async getChildren(parent?: Library): Promise<Library[]> {
    return parent ? [] : rows(this.server)
  }

  getTreeItem(row: Library): vscode.TreeItem {
    const [name, version] = row.library.split('@')
    const item = new vscode.TreeItem(name)
    const gain = row.gain === null ? '' : `${row.gain >= 0 ? '+' : ''}${row.gain.toFixed(2)} bits/byte`
    const what = row.adapter ? [gain, row.learned_at.slice(0, 10)] : [row.state || 'not learned']
    item.id = row.library
    item.description = [version, ...what].filter(Boolean).join(' · ')
    item.tooltip = new vscode.MarkdownString(`**${spoken(row.library)}**\n\n${row.said}`)
    item.iconPath = new vscode.ThemeIcon(ICONS[row.state] ?? 'circle-outline')
    item.contextValue = row.adapter ? `live${row.previous ? ' previous' : ''}` : row.state || 'unlearned'
    if (row.adapter) item.command = { title: 'Show What Was Learned', command: 'seal-lsp.showLearned', arguments: [row] }
    return item
  }

  dispose(): void {
    vscode.Disposable.from(this.view, this.subscription, this.changed).dispose()
  }
}

export async function rows(server: Server): Promise<Library[]> {
  if (server.phase !== 'running') return []
  return (await server.command<{ libraries: Library[] }>('seal.libraries', { quiet: true }))?.libraries ?? []
}
