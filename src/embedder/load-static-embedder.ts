import { argumentError } from '../core/argument-error.ts'
import { VecError } from '../core/errors.ts'
import { StaticEmbedder } from './static-embedder.ts'

const WHERE = 'loadStaticEmbedder()'

/**
 * Loads a static model from a folder, or from an `http:` or `https:` URL of one: its files `model.safetensors` and
 * `tokenizer.json`. The model has the name in `config.json`, or else that of the folder.
 *
 *     const embedder = await loadStaticEmbedder('models/potion-base-8M')
 *     embedder.embedText('how to bake bread') // Float32Array
 *
 * Throws VEC_EMBEDDING if a file is missing or not that of such a model.
 */
export async function loadStaticEmbedder(folder: string | URL): Promise<StaticEmbedder> {
  const isText = typeof folder === 'string' && folder !== ''
  if (!isText && !(folder instanceof URL))
    throw argumentError(WHERE, 'folder', folder, 'the path or the URL of a folder')
  const base = String(folder).replace(/\/*$/, '/')
  const read = readerOf(base)
  const [tensors, tokenizer, config] = await inOrder(
    required(read, 'model.safetensors', base),
    required(read, 'tokenizer.json', base),
    read('config.json'),
  )
  const name = nameIn(config) ?? decodeURIComponent(/([^/\\]*)[/\\]*$/.exec(base)?.[1] ?? '')
  return new StaticEmbedder({ tensors, tokenizer: textOf(tokenizer), name })
}

/** What all Promises resolve to. Of several errors it is always the first one's, whichever comes first. */
async function inOrder<T extends readonly unknown[]>(
  ...promises: { [I in keyof T]: Promise<T[I]> }
): Promise<T> {
  await Promise.allSettled(promises)
  return Promise.all(promises) as Promise<unknown> as Promise<T>
}

/** Reads a file of the folder; undefined if it is not there. */
type Read = (file: string) => Promise<Uint8Array | undefined>

function readerOf(base: string): Read {
  if (/^https?:/.test(base)) return async file => fetched(new URL(file, base))
  // Without an import, which bundlers for browsers would follow.
  const fs = globalThis.process?.getBuiltinModule?.('node:fs/promises')
  if (fs === undefined)
    throw new VecError('VEC_EMBEDDING', `${WHERE}: this runtime does not offer files`, {
      hint: 'give an http: or https: URL, or call new StaticEmbedder() with the content of the files',
    })
  const path = base.startsWith('file:') ? new URL(base) : base
  return async file => {
    try {
      return await fs.readFile(path instanceof URL ? new URL(file, path) : path + file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

async function fetched(url: URL): Promise<Uint8Array | undefined> {
  const response = await fetch(url)
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined
}

async function required(read: Read, file: string, base: string): Promise<Uint8Array> {
  const content = await read(file)
  if (content !== undefined) return content
  throw new VecError('VEC_EMBEDDING', `${WHERE}: ${base}${file} is not there`, {
    hint: 'give the folder of a static model in the format of model2vec',
  })
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function nameIn(config: Uint8Array | undefined): string | undefined {
  if (config === undefined) return undefined
  try {
    const { name } = JSON.parse(textOf(config)) as { name?: unknown }
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
