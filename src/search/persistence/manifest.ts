import { checksum } from '../../accelerators/checksum.ts'
import { ByteReader } from '../../core/byte-reader.ts'
import { ByteWriter } from '../../core/byte-writer.ts'
import { VecError } from '../../core/errors.ts'
import { metricOf, metricOfCode, type Metric } from '../../core/metric.ts'
import { kindOfCode, SAVED_KINDS } from '../../index/kinds.ts'
import type { IndexKind } from '../../index/vector-index.ts'
import type { LogPosition } from '../journal/journal.ts'
import type { IndexSpec } from '../memory/index-spec.ts'

/** 'SVT1', little-endian. */
const MAGIC = 0x31545653
/**
 * The original reads a blob as dimension, row count, and length of the first id. It refuses one row with an id of 4 GiB
 * without allocating memory for it, then rebuilds the index and overwrites the blob.
 */
const REFUSED_BY_THE_ORIGINAL = [1, 0xffffffff] as const
const VERSION = 2
/** The version of manifests without metadata. */
const FIRST_VERSION = 1
/** The size of a block, which one changed row rewrites. */
export const BLOCK_BYTES = 65536

/** The sections with the ids. */
export const IDS_POOL = 'ids.pool'
export const IDS_STARTS = 'ids.starts'

const MAX_SECTIONS = 64
/** How the fingerprint of an incomplete save begins. That of a complete one begins with a specification. */
const INCOMPLETE = '\0incomplete '
/** Bit 31 of the rejected rows. */
const MIXED = 2 ** 31

/** The manifest of a saved index: its kind, the history it covers, and the checksums of its blocks. */
export interface Manifest {
  readonly kind: IndexKind
  readonly metric: Metric
  /** Identifies the table, the dataset and the specification of the index. */
  readonly fingerprint: string
  readonly dim: number
  readonly positions: number
  readonly count: number
  readonly logPosition: LogPosition
  readonly notFinite: number
  /** Whether rows of another dimension are excluded. */
  readonly mixed: boolean
  /** The note of the index; '' for none. */
  readonly metadata: string
  readonly sections: readonly SavedSection[]
}

export interface SavedSection {
  readonly name: string
  readonly bytes: number
  /** The xxHash64 of each block of BLOCK_BYTES. The last block is shorter. */
  readonly checksums: readonly bigint[]
}

/**
 * Identifies the table, the dataset and the specification of an index, so that a manifest under a wrong name is not
 * used.
 */
export function fingerprintOf(spec: IndexSpec, shadow: string, dataset: string): string {
  return `${spec.id}\0${shadow}\0${dataset}`
}

/**
 * What stands for an index while it is being saved in steps. Its fingerprint is that of no table, so every version
 * ignores it, but does not prune the journal behind its log position. No two are equal.
 */
export function incompleteManifest(described: Omit<Manifest, 'sections'>): Uint8Array {
  const fingerprint = `${INCOMPLETE}${crypto.randomUUID()}`
  return encodeManifest({ ...described, fingerprint, sections: [] })
}

export function isIncomplete({ fingerprint }: Manifest): boolean {
  return fingerprint.startsWith(INCOMPLETE)
}

/** The manifest of a complete index; undefined if the bytes are foreign, damaged or incomplete. */
export function knownManifest(bytes: Uint8Array | undefined): Manifest | undefined {
  if (!bytes) return undefined
  try {
    const manifest = decodeManifest(bytes)
    return isIncomplete(manifest) ? undefined : manifest
  } catch {
    return undefined
  }
}

/** Byte table: docs/formats.md. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const writer = new ByteWriter(256 + manifest.sections.length * 32)
  writer.u32(MAGIC)
  for (const word of REFUSED_BY_THE_ORIGINAL) writer.u32(word)
  writer.u32(VERSION)
  writer.u32(SAVED_KINDS[manifest.kind].code)
  writer.u32(metricOf(manifest.metric).code)
  writer.u32(manifest.dim)
  writer.u32(manifest.positions)
  writer.u32(manifest.count)
  writer.u32(Math.min(manifest.notFinite, MIXED - 1) + (manifest.mixed ? MIXED : 0))
  writer.u64(BigInt(manifest.logPosition.epoch))
  writer.u64(BigInt(manifest.logPosition.seq))
  writer.u64(manifest.logPosition.tag)
  writer.u32(BLOCK_BYTES)
  const fingerprint = new TextEncoder().encode(manifest.fingerprint)
  writer.u32(fingerprint.length)
  writer.bytes(fingerprint)
  const metadata = new TextEncoder().encode(manifest.metadata)
  writer.u32(metadata.length)
  writer.bytes(metadata)
  writer.u32(manifest.sections.length)
  for (const section of manifest.sections) {
    const name = new Uint8Array(16)
    new TextEncoder().encodeInto(section.name, name)
    writer.bytes(name)
    writer.u64(BigInt(section.bytes))
    for (const sum of section.checksums) writer.u64(sum)
  }
  writer.u64(checksum(writer.finish()))
  return writer.finish()
}

/** Whether bytes have the form of our manifest. Other rows of `vector_storage` are the original's. */
export function isManifest(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === MAGIC
  )
}

/** Throws VEC_STORAGE unless `encodeManifest` made the bytes, before it allocates memory for what they claim. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  if (bytes.length < 8) throw damaged('it is too short')
  const body = bytes.subarray(0, bytes.length - 8)
  const sum = new ByteReader(bytes.subarray(bytes.length - 8), 'saved index').u64('checksum')
  const reader = new ByteReader(body, 'saved index')
  if (reader.u32('magic') !== MAGIC) throw damaged('another program wrote it')
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
  const chunkBytes = reader.u32('block size')
  const fingerprint = new TextDecoder().decode(
    reader.bytes(reader.u32('fingerprint length'), 'fingerprint'),
  )
  const metadata =
    version === FIRST_VERSION
      ? ''
      : new TextDecoder().decode(reader.bytes(reader.u32('metadata length'), 'metadata'))
  const sectionCount = reader.u32('section count')
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(seq)) {
    throw damaged('its journal position is out of range')
  }
  if (chunkBytes !== BLOCK_BYTES || sectionCount > MAX_SECTIONS) {
    throw damaged('its numbers are out of range')
  }
  const sections: SavedSection[] = []
  for (let i = 0; i < sectionCount; i++) {
    const padded = reader.bytes(16, 'section name')
    const end = padded.indexOf(0)
    const name = new TextDecoder('latin1').decode(end < 0 ? padded : padded.subarray(0, end))
    const size = Number(reader.u64('section size'))
    const blocks = Math.ceil(size / BLOCK_BYTES)
    reader.need(blocks * 8, 'checksums')
    const checksums = Array.from({ length: blocks }, () => reader.u64('checksum'))
    sections.push({ name, bytes: size, checksums })
  }
  if (reader.remaining !== 0) throw damaged('there is data after its end')
  return {
    kind,
    metric,
    fingerprint,
    dim,
    positions,
    count,
    logPosition: { epoch, seq, tag },
    notFinite: rejected % MIXED,
    mixed: rejected >= MIXED,
    metadata,
    sections,
  }
}

function ofCode<T>(find: (code: number) => T | undefined, code: number, what: string): T {
  const found = find(code)
  if (found === undefined) throw damaged(`its ${what} has the unknown code ${code}`)
  return found
}

function damaged(why: string): VecError {
  return new VecError('VEC_STORAGE', `not a saved index: ${why}`, {
    hint: 'it is ignored and rebuilt; deleting the row in vector_storage is always safe',
  })
}
