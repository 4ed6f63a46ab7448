import { loadStaticEmbedder, type StaticEmbedder } from '../src/entries/embedder.ts'
import type { TextEmbedder } from '../src/ui/contract.ts'

/** The folder of the static model that was built with this page; undefined without one. */
export function modelFolder(): string | undefined {
  const named = document.querySelector<HTMLMetaElement>('meta[name="svec-model"]')
  return named === null ? undefined : new URL(named.content, globalThis.location.href).href
}

/** Embeds texts by the model of the page, which is loaded for the first text. */
export class PageEmbedder implements TextEmbedder {
  readonly name: string
  readonly dim: number
  readonly #folder: string
  #loaded: Promise<StaticEmbedder> | undefined

  private constructor(folder: string, name: string, dim: number) {
    this.#folder = folder
    this.name = name
    this.dim = dim
  }

  static async open(): Promise<PageEmbedder | undefined> {
    const folder = modelFolder()
    if (folder === undefined) return undefined
    const response = await fetch(new URL('config.json', folder))
    const { name, hidden_dim: dim } = (await response.json()) as {
      name: string
      hidden_dim: number
    }
    return new PageEmbedder(folder, name, dim)
  }

  async embed(text: string): Promise<Float32Array> {
    this.#loaded ??= loadStaticEmbedder(this.#folder)
    return (await this.#loaded).embedText(text)
  }
}
