import type { Context } from '../context.ts'
import type { SyncConfig } from './config.ts'

/** Says, beside the answer, that the upstream is reached in the clear. */
export async function notePlain(context: Context, config: SyncConfig): Promise<void> {
  const warning = config.plainWarning()
  if (warning !== undefined) await context.note(`warning: ${warning}`)
}
