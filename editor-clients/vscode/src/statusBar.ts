// The status bar item: one word on what the server and its engine are doing; a click opens the menu.

import * as vscode from 'vscode'
import { Server } from './server'

type Face = { icon: string; text: string; about: string; color?: string }

export function statusBar(server: Server): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('seal-lsp.status', vscode.StatusBarAlignment.Right, 100)
  item.name = 'seal-lsp'
  item.command = 'seal-lsp.menu'
  const show = () => {
    const { icon, text, about, color } = face(server)
    item.text = `$(${icon}) seal${text ? ` ${text}` : ''}`
    item.tooltip = `seal-lsp: ${about}`
    item.backgroundColor = color ? new vscode.ThemeColor(`statusBarItem.${color}Background`) : undefined
    item.accessibilityInformation = { label: `seal-lsp ${text}: ${about}` }
  }
  show()
  item.show()
  return vscode.Disposable.from(item, server.onDidChange(show))
}

function face({ phase, problem, status }: Server): Face {
  if (phase === 'missing') return { icon: 'warning', text: 'not installed', about: problem, color: 'warning' }
  if (phase === 'stopped') return { icon: 'error', text: 'stopped', about: problem || 'stopped', color: 'error' }
  if (phase === 'waiting') return { icon: 'warning', text: 'restarting', about: problem, color: 'warning' }
  if (phase === 'starting' || !status) return { icon: 'loading~spin', text: 'starting', about: 'the server is starting' }
  const about = [status.message, [status.model, status.runtime].filter(Boolean).join(' on ')].filter(Boolean).join('\n')
  if (status.state === 'learning') {
    const percent = Math.round((status.learning?.fraction ?? 0) * 100)
    return { icon: 'mortar-board', text: `learning ${percent} %`, about }
  }
  if (status.state === 'loading') return { icon: 'loading~spin', text: 'loading', about }
  if (status.state === 'paused') return { icon: 'debug-pause', text: 'paused', about }
  if (status.kind === 'Error') return { icon: 'error', text: 'problem', about, color: 'error' }
  if (status.kind === 'Warning') return { icon: 'warning', text: 'problem', about, color: 'warning' }
  if (status.state === 'ready') return { icon: 'check', text: '', about }
  return { icon: 'circle-outline', text: 'facts only', about }
}
