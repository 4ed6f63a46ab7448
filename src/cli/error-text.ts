import type { Failure } from './cli-error.ts'

/** An error as printed on stderr: one line with its hint below, or JSON. */
export function errorText({ code, message, hint, exit }: Failure, json: boolean): string {
  if (json) return `${JSON.stringify({ error: { code, message, hint, exit } })}\n`
  const lines = [`svec: ${message.trim().replaceAll(/\s*\n\s*/g, ' | ')}`]
  if (hint !== undefined && !message.includes(hint)) {
    // What an embed command complained of has lines.
    lines.push(...hint.split('\n').map(line => `  ${line}`))
  }
  return `${lines.join('\n')}\n`
}
