import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { request as httpRequest } from 'node:http'
import { answered } from '../../src/ui/source-error.ts'
import { svec, type Outcome } from '../cli/svec.ts'

/** A running `svec ui`. */
export class RunningUi {
  readonly address: URL
  readonly token: string
  readonly #child: ChildProcess
  readonly #ended: Promise<Outcome>

  private constructor(child: ChildProcess, ended: Promise<Outcome>, printed: string) {
    this.#child = child
    this.#ended = ended
    this.address = new URL(printed)
    this.token = this.address.hash.slice(1)
  }

  static async start(path: string, ...options: string[]): Promise<RunningUi> {
    const { child, ended } = await new Promise<{ child: ChildProcess; ended: Promise<Outcome> }>(
      done => {
        const outcome: Promise<Outcome> = svec(['ui', path, '--no-open', ...options], {
          started: process => setImmediate(() => done({ child: process, ended: outcome })),
        })
      },
    )
    const printed = await new Promise<string>((done, reject) => {
      child.stdout!.on('data', (part: Buffer) => done(String(part).trim()))
      void ended.then(({ stderr }) => reject(new Error(stderr)))
    })
    return new RunningUi(child, ended, printed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async stop(): Promise<Outcome> {
    const { exitCode, pid, signalCode } = this.#child
    if (exitCode === null && signalCode === null) process.kill(pid!, 'SIGINT')
    return this.#ended
  }

  /** A request with exactly these headers; `fetch` forbids some of them. */
  async send(
    method: string,
    to: string,
    headers: Readonly<Record<string, string>> = {},
    body = '',
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; bytes: Uint8Array }> {
    const { hostname, port, host } = this.address
    return new Promise((done, reject) => {
      const sent = httpRequest(
        { hostname, port, method, path: to, headers: { host, ...headers }, agent: false },
        answer => {
          const parts: Buffer[] = []
          answer.on('data', (part: Buffer) => parts.push(part))
          answer.on('end', () =>
            done({
              status: answer.statusCode!,
              headers: answer.headers,
              bytes: Buffer.concat(parts),
            }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  async ask(
    method: string,
    values: readonly unknown[],
    token: string = this.token,
  ): Promise<unknown> {
    const { status, bytes } = await this.send(
      'POST',
      `/${method}`,
      { authorization: `Bearer ${token}` },
      JSON.stringify(values),
    )
    assert.equal(status, 200)
    return answered(bytes)
  }
}
