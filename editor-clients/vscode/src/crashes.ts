// When a server that ended by itself is started again: at once, then later and later, then not at all.

const DELAYS_S = [0, 1, 4, 10]
const FORGOTTEN_AFTER_MS = 5 * 60_000

export class Crashes {
  private times: number[] = []

  /** Milliseconds until the next start; undefined when it crashed too often to go on. */
  next(now: number): number | undefined {
    this.times = [...this.times.filter((time) => now - time < FORGOTTEN_AFTER_MS), now]
    const delay = DELAYS_S[this.times.length - 1]
    return delay === undefined ? undefined : delay * 1000
  }

  get count(): number {
    return this.times.length
  }

  forget(): void {
    this.times = []
  }
}
