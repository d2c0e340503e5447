// The server's process and the language client that talks to it: started, stopped, started again after a crash.
// Knows of the server's state only what `seal/status` says.

import * as vscode from 'vscode'
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, TransportKind } from 'vscode-languageclient/node'
import { settings } from './configuration'
import { Crashes } from './crashes'
import { findServer, Launch } from './launch'
import { refused, Status } from './protocol'

export type Phase = 'stopped' | 'missing' | 'starting' | 'running' | 'waiting'

const DOCUMENTS = ['file', 'untitled', 'vscode-notebook-cell'].map((scheme) => ({ scheme, language: 'python' }))
const LAST_WORDS = 8 // lines of stderr that are kept to say why

export class Server implements vscode.Disposable {
  phase: Phase = 'stopped'
  launch?: Launch
  status?: Status
  problem = '' // why it is not running
  private client?: LanguageClient
  private attempt = 0
  private timer?: NodeJS.Timeout
  private lastWords: string[] = []
  private readonly crashes = new Crashes()
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChange = this.changed.event

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
  ) {}

  async start(): Promise<void> {
    clearTimeout(this.timer)
    if (this.phase === 'starting' || this.phase === 'running') return
    const attempt = ++this.attempt
    this.become('starting')
    this.launch = await findServer(this.context)
    if (attempt !== this.attempt) return // stopped, or started anew, meanwhile
    if (!this.launch) return this.become('missing', 'seal-lsp is not installed')
    const client = await this.newClient(this.launch)
    if (attempt !== this.attempt) return
    this.log.info(`starting ${[this.launch.command, ...this.launch.args].join(' ')} (${this.launch.from})`)
    this.client = client
    try {
      await client.start()
    } catch (error) {
      return this.ended(client, error)
    }
    if (this.client === client) this.become('running')
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer)
    this.attempt++
    const client = this.client
    this.client = undefined
    this.become('stopped')
    const process = client?.serverProcess
    try {
      await client?.stop()
    } catch (error) {
      this.log.warn(`stopping: ${error}`) // a client refuses while its server has not answered `initialize`
      process?.kill()
    }
  }

  async restart(): Promise<void> {
    this.crashes.forget()
    await this.stop()
    await this.start()
  }

  /** A `seal.*` command of the server; undefined when it did not do it, which the user knows then. */
  async command<T>(command: string, argument: object = {}): Promise<T | undefined> {
    if (!this.client || this.phase !== 'running') {
      void vscode.window.showWarningMessage(`seal-lsp is not running${this.problem ? `: ${this.problem}` : ''}`)
      return undefined
    }
    try {
      const params = { command, arguments: [argument] }
      const answer: unknown = await this.client.sendRequest('workspace/executeCommand', params)
      return refused(answer) ? undefined : (answer as T)
    } catch (error) {
      this.log.error(`${command}: ${error}`) // the server went away meanwhile, which the status bar says
      return undefined
    }
  }

  /** Settings changed, perhaps outside of VS Code's configuration: the server is to ask again. */
  async reconfigure(): Promise<void> {
    if (this.phase === 'running') await this.client?.sendNotification('workspace/didChangeConfiguration', { settings: null })
  }

  async dispose(): Promise<void> {
    await this.stop()
    this.changed.dispose()
  }

  private async newClient(launch: Launch): Promise<LanguageClient> {
    const options = await settings()
    this.lastWords = []
    const run = { command: launch.command, args: launch.args, transport: TransportKind.stdio }
    const client: LanguageClient = new LanguageClient('seal-lsp', 'seal-lsp', run, {
      documentSelector: DOCUMENTS,
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: options,
      initializationFailedHandler: () => false, // `start` rejects, and says it once
      middleware: {
        workspace: {
          // The client would send all of `seal`, with what only it reads.
          didChangeConfiguration: () => this.reconfigure(),
          configuration: (params) =>
            Promise.all(params.items.map((item) => settings(item.scopeUri ? vscode.Uri.parse(item.scopeUri) : undefined))),
        },
      },
      stdioOptions: {
        stdout: () => undefined, // the protocol's
        stderr: (input) => input.on('data', (bytes: Buffer) => this.heard(bytes.toString())),
      },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        // Never by the client itself: it knows no backing off.
        closed: () => {
          this.ended(client)
          return { action: CloseAction.DoNotRestart, handled: true }
        },
      },
    })
    client.onNotification('seal/status', (status: Status) => {
      if (this.client !== client) return
      this.status = status
      this.changed.fire()
    })
    return client
  }

  private heard(text: string): void {
    const lines = text.split(/\r?\n/).filter((line) => line.trim())
    for (const line of lines) this.log.error(line)
    this.lastWords = [...this.lastWords, ...lines].slice(-LAST_WORDS)
  }

  /** The process is gone without having been asked to; said by its streams, by a failed start, or by both. */
  private ended(client: LanguageClient, error?: unknown): void {
    if (this.client !== client) return
    this.client = undefined
    this.problem = this.lastWords.at(-1) ?? (error ? String(error) : 'it ended without a word')
    const delay = this.crashes.next(Date.now())
    this.log.error(`the server ended (${this.crashes.count}): ${this.problem}`)
    if (delay === undefined) return this.giveUp()
    this.become('waiting', `${this.problem}; it starts again in ${delay / 1000} s`)
    this.timer = setTimeout(() => void this.start(), delay)
  }

  private giveUp(): void {
    this.become('stopped', this.problem)
    const message = `seal-lsp ended ${this.crashes.count} times and is not started again: ${this.problem}`
    void vscode.window.showErrorMessage(message, 'Show Log', 'Restart').then((chosen) => {
      if (chosen === 'Show Log') this.log.show()
      if (chosen === 'Restart') void this.restart()
    })
  }

  private become(phase: Phase, problem = ''): void {
    this.phase = phase
    this.problem = problem
    if (phase !== 'running') this.status = undefined
    this.changed.fire()
  }
}
