import type { ChildProcess } from 'node:child_process'
import { startMariadb, type MariadbServer } from '../servers/mariadb.ts'
import { svec, type Outcome } from './svec.ts'

/** What no output may hold. */
export const SECRET = 'geheim/7 7@%'

/** A MariaDB with a user who needs a password. */
export async function startWithUser(): Promise<{ server: MariadbServer; url: string }> {
  const server = await startMariadb()
  const connection = await server.connect()
  await connection.query(`CREATE USER app@'%' IDENTIFIED BY '${SECRET}'`)
  await connection.query(`GRANT ALL ON test.* TO app@'%'`)
  await connection.end()
  return { server, url: `mysql://app@127.0.0.1:${server.port}/test` }
}

/** One line of a pipe. */
export type EventLine = Record<string, unknown> & { readonly event: string; readonly time: string }

/** Every line must be JSON with a name and a time. */
export function eventLines(stdout: string): EventLine[] {
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => {
      const event = JSON.parse(line) as EventLine
      if (typeof event.event !== 'string' || Number.isNaN(Date.parse(event.time))) {
        throw new Error(`no event: ${line}`)
      }
      return event
    })
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Outcome>
  /** What it has written so far. */
  readonly stdout: () => string
  /** Waits for an event that it writes; one that was written already counts. */
  until(wanted: (event: EventLine) => boolean): Promise<EventLine>
}

/** A command that goes on, for instance `sync run`. */
export function running(args: readonly string[], env: Record<string, string> = {}): Running {
  let child: ChildProcess | undefined
  let stdout = ''
  const ended = svec(args, {
    env,
    started: process => {
      child = process
      process.stdout?.on('data', (part: Buffer) => {
        stdout += part.toString()
      })
    },
  })
  return {
    child: child!,
    ended,
    stdout: () => stdout,
    async until(wanted) {
      const end = Date.now() + 30_000
      for (;;) {
        const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
        const found = eventLines(whole).find(event => wanted(event))
        if (found !== undefined) return found
        if (child!.exitCode !== null || Date.now() > end) {
          const { code, stderr } = await Promise.race([ended, late()])
          throw new Error(`it ended with ${String(code)} instead: ${stdout}${stderr}`)
        }
        await new Promise(resolve => {
          setTimeout(resolve, 10)
        })
      }
    },
  }
}

const late = (): Promise<{ code: null; stderr: string }> =>
  new Promise(resolve => {
    setTimeout(() => resolve({ code: null, stderr: '(still running)' }), 1000).unref()
  })
