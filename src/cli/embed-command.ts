import { spawn } from 'node:child_process'
import type { EmbedFunc } from '../entries/vecutil.ts'
import { inputError } from './cli-error.ts'

/** The maximum length of the program's stderr that an error repeats. */
const STDERR_TAIL = 500

/**
 * Embeds by running `command` in the shell, with texts as a JSON array on stdin and an array of arrays of numbers on
 * stdout.
 */
export function embedCommand(command: string): EmbedFunc {
  return async (texts, { signal }) => {
    const answer = await ask(command, `${JSON.stringify(texts)}\n`, signal)
    const vectors = parseAnswer(command, answer)
    if (vectors.length !== texts.length) {
      throw inputError(
        `the embed command returned ${vectors.length} vectors for ${texts.length} texts: ${command}`,
        'it must print one array of numbers for each text, in the same order: [[0.1, 0.2], [0.3, 0.4]]',
      )
    }
    return vectors
  }
}

function ask(command: string, input: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    let complaints = ''
    const stop = (): void => {
      child.kill('SIGTERM')
      // Children of the shell may outlive it and keep the pipes open, so do not wait for them.
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', stop, { once: true })
    child.stdout.on('data', (part: Buffer) => stdout.push(part))
    child.stderr.on('data', (part: Buffer) => {
      complaints = (complaints + part.toString()).slice(-STDERR_TAIL)
    })
    // If a program ends without reading, its exit code shows it.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('error', reject)
    child.on('close', (code, killed) => {
      signal?.removeEventListener('abort', stop)
      if (code === 0) resolve(Buffer.concat(stdout).toString())
      else {
        const end = killed === null ? `exited with code ${String(code)}` : `was killed by ${killed}`
        const said = complaints.trim() === '' ? 'it printed nothing on stderr' : complaints.trim()
        reject(inputError(`the embed command ${end}: ${command}`, said))
      }
    })
  })
}

function parseAnswer(command: string, answer: string): readonly number[][] {
  let value: unknown
  try {
    value = JSON.parse(answer)
  } catch {
    throw notVectors(command, answer)
  }
  // For one text, the result may be its vector alone.
  const list = isVector(value) ? [value] : Array.isArray(value) ? (value as unknown[]) : []
  if (list.length === 0 || !list.every(isVector)) throw notVectors(command, answer)
  return list
}

function isVector(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every(x => typeof x === 'number')
}

function notVectors(command: string, answer: string): Error {
  const given = answer.trim() === '' ? 'nothing' : answer.trim().slice(0, 100)
  return inputError(
    `the embed command did not return vectors: ${command}: ${given}`,
    'it must print one array of numbers for each text, in the same order: [[0.1, 0.2], [0.3, 0.4]]',
  )
}
