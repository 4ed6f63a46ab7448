import type { Failure } from './cli-error.ts'

/** An error for stderr: one line with its hint below, or JSON. */
export function errorText({ code, message, hint, exit }: Failure, json: boolean): string {
  if (json) return `${JSON.stringify({ error: { code, message, hint, exit } })}\n`
  const lines = [`svec: ${message.trim().replaceAll(/\s*\n\s*/g, ' | ')}`]
  if (hint !== undefined && !message.includes(hint)) {
    // The stderr of an embed command may have several lines.
    lines.push(...hint.split('\n').map(line => `  ${line}`))
  }
  return `${lines.join('\n')}\n`
}
