import { CliError } from './cli-error.ts'
import { EXIT } from './exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

let interrupted = false

/** Whether Ctrl-C or SIGTERM came, also to a command that then ends as it should. */
export const wasInterrupted = (): boolean => interrupted

/**
 * Turns Ctrl-C and SIGTERM into an AbortSignal, for commands that stop in order. The second one ends the process at
 * once. The file stays intact even then: SQLite rolls back what was not committed.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted)
      interrupted = true
      controller.abort(new CliError('CLI_INTERRUPTED', 'interrupted'))
    })
  }
  return controller.signal
}
