import type { MethodName, Methods, Source, TextEmbedder } from '../src/ui/contract.ts'
import { answered, SourceError } from '../src/ui/source-error.ts'

interface About extends Pick<Source, 'name' | 'writable'> {
  readonly model?: Omit<TextEmbedder, 'embed'>
}

/** The database of `svec ui`, which serves this page. */
export class HttpSource implements Source {
  readonly name: string
  readonly writable: boolean
  readonly embedder: TextEmbedder | undefined
  readonly #token: string

  private constructor(token: string, { name, writable, model }: About) {
    this.#token = token
    this.name = name
    this.writable = writable
    this.embedder = model && {
      ...model,
      embed: async text => (await ask(token, 'embed', [text])) as Float32Array,
    }
  }

  static async open(token: string): Promise<HttpSource> {
    return new HttpSource(token, (await ask(token, 'about', [])) as About)
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
