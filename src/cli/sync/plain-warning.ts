import type { Context } from '../context.ts'
import type { SyncConfig } from './config.ts'

/** Notes that the connection to the upstream is not encrypted. */
export async function notePlain(context: Context, config: SyncConfig): Promise<void> {
  const warning = config.plainWarning()
  if (warning !== undefined) await context.note(`warning: ${warning}`)
}
