import { CliError, failureOf } from './cli-error.ts'
import { errorText } from './error-text.ts'
import { EXIT } from './exit-code.ts'

/**
 * Ends the process when stdout accepts no more. If the reader left (`svec export ... | head`), it has read enough: this
 * ends silently and is not a failure. A full disk is a failure, since the output is incomplete.
 */
export function watchOutputs(json: boolean): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok)
    const { message } = failureOf(error)
    const failure = failureOf(
      new CliError('CLI_OUTPUT', `cannot write to stdout: ${message}`, { cause: error }),
    )
    process.stderr.write(errorText(failure, json))
    process.exit(failure.exit)
  })
  // If errors cannot be printed, the exit code still tells.
  process.stderr.on('error', () => undefined)
}
