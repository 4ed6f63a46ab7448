import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { IdList } from '../../src/viant/formats/id-list.ts'

// Files the original wrote, with its answers. GOLDEN_DIR names another folder of the same shape.
const folder = join(
  process.env['GOLDEN_DIR'] ?? fileURLToPath(new URL('../../../test/golden', import.meta.url)),
  'blobs',
)

export type GoldenId = string | { readonly hex: string }

export interface GoldenAnswer {
  readonly query: string
  readonly k: number
  readonly ids: readonly GoldenId[]
  readonly scores: readonly (number | string)[]
  readonly error: string | null
}

export interface GoldenBlob {
  readonly file: string
  readonly kind: 'brute' | 'cover'
  readonly bytes: number
  readonly base?: number
  readonly distance?: 'cosine' | 'euclidean'
  readonly answers: readonly GoldenAnswer[]
}

export interface GoldenSet {
  readonly dataset: string
  readonly queries: readonly { readonly name: string; readonly hex: string }[]
  readonly blobs: readonly GoldenBlob[]
}

export function goldenSets(): GoldenSet[] {
  const files = readdirSync(folder).filter(file => file.endsWith('.answers.json'))
  if (files.length === 0) throw new Error(`no *.answers.json in ${folder}`)
  return files.toSorted().map(file => goldenJson(file) as GoldenSet)
}

export function goldenJson(file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as unknown
}

export function goldenBytes(file: string): Uint8Array {
  return readFileSync(join(folder, file))
}

export interface GoldenRows {
  readonly dim: number
  readonly ids: IdList
  readonly vectors: Float32Array
}

/** What a set was built from, in insertion order. */
export function goldenRows(dataset: string): GoldenRows {
  const { dim, items } = goldenJson(`${dataset}.vectors.json`) as {
    dim: number
    items: { id_hex: string; vector_hex: string }[]
  }
  const vectors = floats(items.map(item => item.vector_hex).join(''))
  return { dim, ids: IdList.from(items.map(item => Buffer.from(item.id_hex, 'hex'))), vectors }
}

/** Little-endian float32 numbers written as hex. */
export function floats(hex: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer)
}

export function idHex(id: GoldenId): string {
  return typeof id === 'string' ? Buffer.from(id, 'utf8').toString('hex') : id.hex
}

/** Scores that JSON cannot hold are written as text. */
export function score(value: number | string): number {
  return Number(value === '+Inf' ? 'Infinity' : value === '-Inf' ? '-Infinity' : value)
}

/** Bits of an arm64 build differ: it sums four lanes wide. */
export function isAmd64(file: string): boolean {
  return !file.includes('.arm64.')
}
