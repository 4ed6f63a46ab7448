import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** What test/embedder/make-golden.py wrote with the library `tokenizers`. */
interface Golden {
  readonly tokenizers: readonly { readonly normalizer: object; readonly model: object }[]
  readonly vocabulary: readonly string[]
  readonly texts: readonly string[]
  /** The tokens of the first texts by each tokenizer. */
  readonly tokens: readonly (readonly (readonly number[])[])[]
}

export const golden: Golden = JSON.parse(
  gunzipSync(readFileSync('test/embedder/golden.json.gz')).toString(),
) as Golden

/** The parsed `tokenizer.json` of a tokenizer. */
export function tokenizerFile(i: number): object {
  const vocab = Object.fromEntries(golden.vocabulary.map((piece, number) => [piece, number]))
  const file = golden.tokenizers[i]
  return { ...file, model: { ...file.model, vocab } }
}

export type TypedArray = Float64Array | Float32Array | Int8Array | Uint16Array

/** A safetensors file. */
export function safetensors(
  tensors: Readonly<Record<string, readonly [dtype: string, shape: readonly number[], TypedArray]>>,
): Uint8Array {
  const head: Record<string, object> = { __metadata__: { format: 'pt' } }
  const parts: Buffer[] = []
  let at = 0
  for (const [name, [dtype, shape, numbers]] of Object.entries(tensors)) {
    const bytes = Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength)
    head[name] = { dtype, shape, data_offsets: [at, (at += bytes.length)] }
    parts.push(bytes)
  }
  const text = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text, ...parts])
}

/** The number of dimensions of the tiny model. */
export const DIM = 24

/** The vectors of the tiny model, without a pattern. */
export const tinyVectors: Int8Array = Int8Array.from(
  { length: golden.vocabulary.length * DIM },
  (_, i) => (Math.imul(i + 1, 0x9e3779b1) >> 24) | 1,
)

/** The factor of a token. */
export const tinyWeight = (token: number): number => Math.fround(1 / (1 + (token % 7)))

/** Writes the files of a static model that knows a few thousand tokens. */
export function writeTinyModel(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const size = golden.vocabulary.length
  const weights = Float32Array.from({ length: size }, (_, i) => tinyWeight(i))
  const file = safetensors({
    embeddings: ['I8', [size, DIM], tinyVectors],
    weights: ['F32', [size], weights],
  })
  writeFileSync(join(folder, 'model.safetensors'), file)
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerFile(0)))
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ name: 'tiny', hidden_dim: DIM }))
  return folder
}
