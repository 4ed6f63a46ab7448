import type { Context } from './context.ts'

/** All of stdin, as text. */
export async function readInput(context: Context): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of context.stdin as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
