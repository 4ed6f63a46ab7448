import { readFileSync } from 'node:fs'
import { CliError } from '../cli-error.ts'

/** Reads a small text file. `what` names it in the error. */
export function readText(path: string, what: string, hint?: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new CliError('CLI_FILE', `${what} cannot be read (${code ?? 'unknown error'})`, {
      ...(hint !== undefined && { hint }),
      cause,
    })
  }
}
