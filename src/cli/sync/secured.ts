import { VecError } from '../../entries/main.ts'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import { SyncConfig } from './config.ts'
import type { Secrets } from './secrets.ts'

/** Reads the configuration and runs a command with it. Errors never contain a secret of the configuration. */
export async function withConfig(
  context: Context,
  task: (config: SyncConfig) => Promise<ExitCode>,
): Promise<ExitCode> {
  const config = new SyncConfig(context.flags)
  try {
    return await task(config)
  } catch (error) {
    throw secured(error, config.secrets)
  }
}

/** The error with a redacted message. A driver's error may contain anything, so its cause is dropped. */
export function secured(error: unknown, secrets: Secrets): unknown {
  if (!(error instanceof Error)) return secrets.redact(String(error))
  const message = secrets.redact(error.message)
  const hint = hintOf(error)
  const options = hint === undefined ? {} : { hint: secrets.redact(hint) }
  if (error instanceof VecError) return new VecError(error.code, message, options)
  if (error instanceof CliError) return new CliError(error.code, message, options)
  error.message = message
  if (error.stack !== undefined) error.stack = secrets.redact(error.stack)
  return error
}

/** Hints that the library cannot give: where these settings are given. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['SQLITE_BUSY', 'another program holds the file: try again'],
  ['SQLITE_LOCKED', 'another program holds the file: try again'],
  [
    'SYNC_ACCESS',
    'check the user in the URL, and the password: SVEC_SYNC_PASSWORD, --password-file or --password-env',
  ],
  ['SCHEMA_DRIFT', 'svec sync init creates or updates the tables of an upstream'],
  ['SYNC_TRANSPORT', 'check the address of the upstream, and that it is running'],
])

function hintOf(error: Error): string | undefined {
  if (error instanceof CliError) return error.hint
  if (!(error instanceof VecError)) return undefined
  return error.hint ?? HINTS.get(error.code)
}
