// What the server tells, as it travels: `seal/status` (lsp/announce.py) and the rows of `seal.libraries`
// (lsp/libraries.py). Nothing here thinks about it.

export interface Learning {
  library: string
  phase: string
  fraction: number // 0..1 of the whole cycle
  message: string
}

export interface Status {
  kind: 'Normal' | 'Warning' | 'Error' | 'Inactive'
  message: string
  busy: boolean
  state?: 'loading' | 'ready' | 'learning' | 'paused' | 'problem' // none: there is no engine
  learning?: Learning | null
  queue?: string[]
  model?: string
  runtime?: string
  paused?: boolean
}

export interface Library {
  library: string // name@version
  state: '' | 'live' | 'rejected' | 'learning' | 'queued' | 'paused' | 'known' | 'failed'
  adapter: string
  learned_at: string
  gain: number | null // bits per byte
  previous: string // the adapter that rolling back would bring
  said: string
  uses: number
  root: string
}

/** A failed command of the server; it has told the user already. */
export interface Refusal {
  error: string
  hint: string
}

export function refused(answer: unknown): answer is Refusal {
  return typeof answer === 'object' && answer !== null && 'error' in answer
}

export const spoken = (library: string) => library.replace('@', ' ')
