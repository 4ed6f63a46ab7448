import type { MethodName, Methods, Source } from '../src/ui/contract.ts'
import { answered, SourceError } from '../src/ui/source-error.ts'

/** The database of `svec ui`, which serves this page. */
export class HttpSource implements Source {
  readonly name: string
  readonly writable: boolean
  readonly #token: string

  private constructor(token: string, about: Pick<Source, 'name' | 'writable'>) {
    this.#token = token
    this.name = about.name
    this.writable = about.writable
  }

  static async open(token: string): Promise<HttpSource> {
    const about = await ask(token, 'about', [])
    return new HttpSource(token, about as Pick<Source, 'name' | 'writable'>)
  }

  async call<N extends MethodName>(
    method: N,
    ...values: Parameters<Methods[N]>
  ): Promise<ReturnType<Methods[N]>> {
    return (await ask(this.#token, method, values)) as ReturnType<Methods[N]>
  }

  async close(): Promise<void> {
    // The server closes the file when it ends.
  }
}

async function ask(token: string, method: string, values: readonly unknown[]): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(`./${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(values),
    })
  } catch {
    throw new SourceError(
      'UI_SERVER',
      'svec ui does not answer',
      'start it again, and open the address that it prints',
    )
  }
  if (!response.ok) throw new SourceError('UI_SERVER', await response.text())
  return answered(new Uint8Array(await response.arrayBuffer()))
}
