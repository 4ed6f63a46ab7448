import { checksum } from '../../accelerators/checksum.ts'
import { ByteReader } from '../../core/byte-reader.ts'
import { ByteWriter } from '../../core/byte-writer.ts'
import { VecError } from '../../core/errors.ts'
import { metricOf, metricOfCode, type Metric } from '../../core/metric.ts'
import { kindOfCode, SAVED_KINDS } from '../../index/kinds.ts'
import type { IndexKind } from '../../index/vector-index.ts'
import type { Point } from '../journal/journal.ts'

/** 'SVT1', little-endian. */
const MAGIC = 0x31545653
/**
 * The original reads a blob as dimension, row count, length of the first id. One row with an id of 4 GiB is what it
 * refuses without taking memory for it; it then rebuilds and overwrites.
 */
const REFUSED_BY_THE_ORIGINAL = [1, 0xffffffff] as const
const VERSION = 2
/** Heads without a note. */
const FIRST_VERSION = 1
/** Bytes of a chunk: what one changed row rewrites. */
export const CHUNK_BYTES = 65536

const MAX_SECTIONS = 64
/** Bit 31 of the rejected rows. */
const MIXED = 2 ** 31

/** The head of a saved index: what it is, which history it covers, and what its chunks must be. */
export interface SavedHead {
  readonly kind: IndexKind
  readonly metric: Metric
  /** Key of the recipe it was made by. */
  readonly recipe: string
  readonly dim: number
  readonly positions: number
  readonly count: number
  readonly point: Point
  readonly notFinite: number
  /** Rows of another dimension are left out. */
  readonly mixed: boolean
  /** What the index remembers in words; '' for nothing. */
  readonly note: string
  readonly sections: readonly SavedSection[]
}

export interface SavedSection {
  readonly name: string
  readonly bytes: number
  /** xxHash64 of each chunk of CHUNK_BYTES; the last one is shorter. */
  readonly checksums: readonly bigint[]
}

/** Byte table: docs/formats.md. */
export function encodeHead(head: SavedHead): Uint8Array {
  const writer = new ByteWriter(256 + head.sections.length * 32)
  writer.u32(MAGIC)
  for (const word of REFUSED_BY_THE_ORIGINAL) writer.u32(word)
  writer.u32(VERSION)
  writer.u32(SAVED_KINDS[head.kind].code)
  writer.u32(metricOf(head.metric).code)
  writer.u32(head.dim)
  writer.u32(head.positions)
  writer.u32(head.count)
  writer.u32(Math.min(head.notFinite, MIXED - 1) + (head.mixed ? MIXED : 0))
  writer.u64(BigInt(head.point.epoch))
  writer.u64(BigInt(head.point.seq))
  writer.u64(head.point.tag)
  writer.u32(CHUNK_BYTES)
  const recipe = new TextEncoder().encode(head.recipe)
  writer.u32(recipe.length)
  writer.bytes(recipe)
  const note = new TextEncoder().encode(head.note)
  writer.u32(note.length)
  writer.bytes(note)
  writer.u32(head.sections.length)
  for (const section of head.sections) {
    const name = new Uint8Array(16)
    new TextEncoder().encodeInto(section.name, name)
    writer.bytes(name)
    writer.u64(BigInt(section.bytes))
    for (const sum of section.checksums) writer.u64(sum)
  }
  writer.u64(checksum(writer.finish()))
  return writer.finish()
}

/** Whether bytes claim to be a head of ours; what else stands in `vector_storage` is the original's. */
export function isHead(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC
  )
}

/** Throws VEC_STORAGE for anything but a head that `encodeHead` made, before it takes memory for what it claims. */
export function decodeHead(bytes: Uint8Array): SavedHead {
  if (bytes.length < 8) throw damaged('it is too short')
  const body = bytes.subarray(0, bytes.length - 8)
  const sum = new ByteReader(bytes.subarray(bytes.length - 8), 'saved index').u64('checksum')
  const reader = new ByteReader(body, 'saved index')
  if (reader.u32('magic') !== MAGIC) throw damaged('it is of another program')
  if (checksum(body) !== sum) throw damaged('its checksum is wrong')
  for (const word of REFUSED_BY_THE_ORIGINAL) {
    if (reader.u32('guard') !== word) throw damaged('its guard words are wrong')
  }
  const version = reader.u32('version')
  if (version !== VERSION && version !== FIRST_VERSION) throw damaged(`its version is ${version}`)
  const kind = ofCode(kindOfCode, reader.u32('kind'), 'kind')
  const metric = ofCode(metricOfCode, reader.u32('metric'), 'metric')
  const dim = reader.u32('dimension')
  const positions = reader.u32('positions')
  const count = reader.u32('count')
  const rejected = reader.u32('rejected rows')
  const epoch = Number(reader.u64('epoch'))
  const seq = Number(reader.u64('sequence'))
  const tag = BigInt.asIntN(64, reader.u64('tag'))
  const chunkBytes = reader.u32('chunk size')
  const recipe = new TextDecoder().decode(reader.bytes(reader.u32('recipe length'), 'recipe'))
  const note =
    version === FIRST_VERSION
      ? ''
      : new TextDecoder().decode(reader.bytes(reader.u32('note length'), 'note'))
  const sectionCount = reader.u32('section count')
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(seq)) {
    throw damaged('its place in the journal is out of range')
  }
  if (chunkBytes !== CHUNK_BYTES || sectionCount > MAX_SECTIONS) {
    throw damaged('its numbers are out of range')
  }
  const sections: SavedSection[] = []
  for (let i = 0; i < sectionCount; i++) {
    const padded = reader.bytes(16, 'section name')
    const end = padded.indexOf(0)
    const name = new TextDecoder('latin1').decode(end < 0 ? padded : padded.subarray(0, end))
    const size = Number(reader.u64('section size'))
    const chunks = Math.ceil(size / CHUNK_BYTES)
    reader.need(chunks * 8, 'checksums')
    const checksums = Array.from({ length: chunks }, () => reader.u64('checksum'))
    sections.push({ name, bytes: size, checksums })
  }
  if (reader.remaining !== 0) throw damaged('something stands behind its end')
  return {
    kind,
    metric,
    recipe,
    dim,
    positions,
    count,
    point: { epoch, seq, tag },
    notFinite: rejected % MIXED,
    mixed: rejected >= MIXED,
    note,
    sections,
  }
}

function ofCode<T>(find: (code: number) => T | undefined, code: number, what: string): T {
  const found = find(code)
  if (found === undefined) throw damaged(`its ${what} has the unknown number ${code}`)
  return found
}

function damaged(why: string): VecError {
  return new VecError('VEC_STORAGE', `not a saved index: ${why}`, {
    hint: 'it is ignored and made anew; deleting the row in vector_storage is always safe',
  })
}
