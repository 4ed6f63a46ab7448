import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { SVEC } from '../svec-program.ts'

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface SvecOptions {
  readonly cwd?: string
  readonly input?: string | Uint8Array
  /** Another copy of the command than the built one. */
  readonly main?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with the process as soon as it is there. */
  readonly started?: (process: ReturnType<typeof spawn>) => void
}

/** Runs the real command on pipes. */
export function svec(args: readonly string[], options: SvecOptions = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [options.main ?? SVEC, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => stdout.push(part))
  child.stderr.on('data', (part: Buffer) => stderr.push(part))
  const ended = new Promise<Outcome>((done, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) =>
      done({
        code,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    )
  })
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  options.started?.(child)
  return ended
}

/** What the command answers with --json; its exit code must be `code`. */
export async function svecJson(
  args: readonly string[],
  options: SvecOptions & { readonly code?: number } = {},
): Promise<unknown> {
  const { code, stdout, stderr } = await svec([...args, '--json'], options)
  if (code !== (options.code ?? 0)) {
    throw new Error(`svec ${args.join(' ')} ended with ${String(code)}: ${stdout}${stderr}`)
  }
  return JSON.parse(stdout)
}

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'svec-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
