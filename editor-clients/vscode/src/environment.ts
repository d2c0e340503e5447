// A Python environment of the extension's own, for who has the server nowhere: venv and pip below the global storage.
// It counts as there only when the last step is through, so a half of one is never started.

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import * as vscode from 'vscode'

const LEAST = [3, 11]
const WINDOWS = process.platform === 'win32'
const NAMES = WINDOWS ? ['python', 'py'] : ['python3.13', 'python3.12', 'python3.11', 'python3', 'python']

const folder = (context: vscode.ExtensionContext) => path.join(context.globalStorageUri.fsPath, 'environment')
const complete = (context: vscode.ExtensionContext) => path.join(folder(context), 'complete')
const inside = (context: vscode.ExtensionContext, name: string) =>
  path.join(folder(context), WINDOWS ? 'Scripts' : 'bin', WINDOWS ? `${name}.exe` : name)

/** The environment's server; the empty string while there is no whole environment. */
export function ownServer(context: vscode.ExtensionContext): string {
  return fs.existsSync(complete(context)) ? inside(context, 'seal-lsp') : ''
}

/** Make it, with progress and a log. False when it did not come to be; why was said. */
export async function createEnvironment(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  interpreter: string | undefined,
): Promise<boolean> {
  const options = { location: vscode.ProgressLocation.Notification, title: 'seal-lsp', cancellable: true }
  try {
    await vscode.window.withProgress(options, (progress, token) => create(context, log, interpreter, progress, token))
    return true
  } catch (error) {
    log.error(`no environment: ${error instanceof Error ? error.message : error}`)
    fs.rmSync(folder(context), { recursive: true, force: true })
    if (error instanceof vscode.CancellationError) return false
    const message = `seal-lsp: the environment could not be made. ${error instanceof Error ? error.message : error}`
    void vscode.window.showErrorMessage(message, 'Show Log').then((chosen) => chosen && log.show())
    return false
  }
}

async function create(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  interpreter: string | undefined,
  progress: vscode.Progress<{ message: string }>,
  token: vscode.CancellationToken,
): Promise<void> {
  const step = async (message: string, command: string, ...args: string[]) => {
    progress.report({ message })
    log.info(`${message}: ${command} ${args.join(' ')}`)
    await run(command, args, log, token)
  }
  progress.report({ message: 'looking for Python' })
  const python = await findPython([interpreter ?? '', ...NAMES], token)
  if (!python) throw new Error(`Python ${LEAST.join('.')} or newer is needed, and none was found on this machine.`)
  fs.rmSync(folder(context), { recursive: true, force: true })
  await step('creating the environment', python, '-m', 'venv', folder(context))
  const pip = vscode.workspace.getConfiguration('seal').get<string[]>('server.pipArguments', [])
  const packages = [`${bundledServer(context)}[cpu]`, ...pip]
  const always = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar=off']
  await step('installing the server, this takes minutes', inside(context, 'python'), ...always, ...packages)
  await step('fetching the default model', inside(context, 'seal-lsp'), 'model', 'pull', 'default')
  fs.writeFileSync(complete(context), `${context.extension.packageJSON.version}\n`)
}

/** The wheel that was built with this extension: the two always fit. */
function bundledServer(context: vscode.ExtensionContext): string {
  const server = path.join(context.extensionPath, 'server')
  const wheel = fs.existsSync(server) ? fs.readdirSync(server).find((name) => name.endsWith('.whl')) : undefined
  if (!wheel) throw new Error(`This extension was packaged without its server: ${server} has no wheel.`)
  return path.join(server, wheel)
}

async function findPython(names: string[], token: vscode.CancellationToken): Promise<string | undefined> {
  const check = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${LEAST.join(', ')}))`
  for (const name of names.filter(Boolean)) {
    try {
      await run(name, ['-c', check], undefined, token)
      return name
    } catch (error) {
      if (error instanceof vscode.CancellationError) throw error
    }
  }
  return undefined
}

/** Rejects with the last line of what it said when it ends with anything but 0. */
function run(
  command: string,
  args: string[],
  log: vscode.LogOutputChannel | undefined,
  token: vscode.CancellationToken,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const cancelling = token.onCancellationRequested(() => child.kill())
    let last = ''
    const heard = (bytes: Buffer) => {
      for (const line of bytes.toString().split(/\r?\n/).filter((text) => text.trim())) {
        last = line.trim()
        log?.info(line)
      }
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.on('error', reject)
    child.on('close', (code) => {
      cancelling.dispose()
      if (token.isCancellationRequested) reject(new vscode.CancellationError())
      else if (code === 0) resolve()
      else reject(new Error(`${path.basename(command)} ended with ${code}: ${last}`))
    })
  })
}
