import { createHash } from 'node:crypto'

/** The hashed columns of a row; text as its UTF-8 bytes. */
export interface HashedRow {
  readonly content: string | Uint8Array | null
  readonly meta: string | Uint8Array | null
  readonly embedding: Uint8Array | null
  readonly embeddingModel: string | Uint8Array | null
  readonly archived: number | bigint | string | null
}

/**
 * md5 over the md5 of each column, so that a database computes the same without holding a row's bytes twice. The
 * row's number is not part of the hash.
 */
export function rowHash(row: HashedRow, idHash: string): string {
  const { content, meta, embedding, embeddingModel, archived } = row
  return md5(
    `${idHash}|${orTilde(content)}|${orTilde(meta)}|${orTilde(embedding)}|${orTilde(embeddingModel)}|${archived ?? ''}`,
  )
}

/** The hash of a row that a replicator would not have written in this form. No other row has it. */
export const flawedHash = (idHash: string, flaw: string): string =>
  md5(`${idHash} invalid: ${flaw}`)

const encoder = new TextEncoder()

/** Identifies a row on either side, byte for byte. */
export interface HashedKey {
  readonly key: string
  readonly idHash: string
}

/** An id of any bytes as text, one character per byte, so that different ids stay different. */
export function keyOf(id: string | Uint8Array): string {
  let key = ''
  for (const byte of typeof id === 'string' ? encoder.encode(id) : id) {
    key += String.fromCharCode(byte)
  }
  return key
}

export const md5 = (value: string | Uint8Array): string =>
  createHash('md5').update(value).digest('hex')

const orTilde = (value: string | Uint8Array | null): string => (value === null ? '~' : md5(value))

/** 256 buckets: the first two hex digits of md5(id). */
export const bucketOf = (idHash: string): string => idHash.slice(0, 2)

export interface BucketSum {
  readonly n: bigint
  readonly a: bigint
  readonly b: bigint
}

/** A count and two sums per bucket. The order in which rows are added does not matter. */
export class Checksums {
  readonly buckets: Map<string, { n: bigint; a: bigint; b: bigint }> = new Map()

  add(idHash: string, hash: string): void {
    const bucket = bucketOf(idHash)
    let sum = this.buckets.get(bucket)
    if (sum === undefined) {
      sum = { n: 0n, a: 0n, b: 0n }
      this.buckets.set(bucket, sum)
    }
    sum.n++
    sum.a += BigInt(Number.parseInt(hash.slice(0, 8), 16))
    sum.b += BigInt(Number.parseInt(hash.slice(8, 16), 16))
  }

  set(bucket: string, sum: BucketSum): void {
    this.buckets.set(bucket, { ...sum })
  }

  /** The sum of all buckets, as text that can be compared by eye. */
  total(): { rows: number; checksum: string } {
    let n = 0n
    let a = 0n
    let b = 0n
    for (const sum of this.buckets.values()) {
      n += sum.n
      a += sum.a
      b += sum.b
    }
    return { rows: Number(n), checksum: `${n}-${a.toString(16)}-${b.toString(16)}` }
  }

  /** Buckets that differ between the two sides. */
  differing(other: Checksums): string[] {
    const names = new Set([...this.buckets.keys(), ...other.buckets.keys()])
    return [...names]
      .filter(bucket => {
        const mine = this.buckets.get(bucket)
        const theirs = other.buckets.get(bucket)
        return mine?.n !== theirs?.n || mine?.a !== theirs?.a || mine?.b !== theirs?.b
      })
      .toSorted()
  }
}
