import { CliError, failureOf } from './cli-error.ts'
import { errorText } from './error-text.ts'
import { EXIT } from './exit-code.ts'

/**
 * Ends the process when stdout takes no more. A reader that left (`svec export ... | head`) has read enough: nothing is
 * said, and that is not a failure. A full disk is one: what was written is not whole.
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
  // Where errors cannot be told, the exit code still tells.
  process.stderr.on('error', () => undefined)
}
