import type { PackedAnswer } from './contract.ts'
import { unpack } from './packed.ts'

/** A question that was not answered: why, and what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly code: string
  readonly hint: string | undefined

  constructor(code: string, message: string, hint?: string) {
    super(message)
    this.code = code
    this.hint = hint
  }
}

/** The value of an answer of `svec_ui()`. Throws SourceError if it is an error. */
export function answered(bytes: Uint8Array): unknown {
  const answer = unpack(bytes) as PackedAnswer
  if (!('error' in answer)) return answer.value
  const { code, message, hint } = answer.error
  throw new SourceError(code, message, hint)
}
