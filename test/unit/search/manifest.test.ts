import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { checksum } from '../../../src/accelerators/checksum.ts'
import {
  decodeManifest,
  encodeManifest,
  type Manifest,
} from '../../../src/search/persistence/manifest.ts'
import { decodeOriginal } from '../../../src/viant/formats/decode-original.ts'

const manifest: Manifest = {
  kind: 'cover',
  metric: 'dot',
  fingerprint: 'exact dot archived',
  dim: 768,
  positions: 70_000,
  count: 69_999,
  logPosition: { epoch: 2 ** 46 + 5, seq: 123_456_789_012, tag: -42n },
  notFinite: 3,
  mixed: true,
  metadata: '70000 rows: ½ of them',
  sections: [
    { name: 'codes', bytes: 65_537, checksums: [1n, 2n ** 64n - 1n] },
    { name: 'sixteen-letters!', bytes: 0, checksums: [] },
  ],
}

test('a manifest reads back as it was written', () => {
  assert.deepEqual(decodeManifest(encodeManifest(manifest)), manifest)
})

test('the byte table in docs/formats.md is that of the code', () => {
  const bytes = encodeManifest(manifest)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const read: Record<string, (at: number) => number | bigint> = {
    u32: at => view.getUint32(at, true),
    u64: at => view.getBigUint64(at, true),
    i64: at => view.getBigInt64(at, true),
  }
  const expected: Record<string, number | bigint> = {
    magic: 0x31545653,
    version: 2,
    kind: 1,
    metric: 2,
    dimension: 768,
    positions: 70_000,
    count: 69_999,
    rejected: 2 ** 31 + 3,
    epoch: BigInt(2 ** 46 + 5),
    seq: 123_456_789_012n,
    tag: -42n,
    'block size': 65_536,
    'fingerprint length': manifest.fingerprint.length,
  }
  const rows = readFileSync('docs/formats.md', 'utf8').matchAll(
    /^\| (\d+) \| (u32|u64|i64) \| ([a-z ]+) \|/gm,
  )
  const seen = new Set<string>()
  for (const [, offset, type, field] of rows) {
    if (field === 'guard') continue
    assert.equal(read[type](Number(offset)), expected[field], `${field} at ${offset}`)
    seen.add(field)
  }
  assert.deepEqual(seen, new Set(Object.keys(expected)))
})

test('the original refuses our manifest before it takes memory for it', () => {
  const bytes = encodeManifest(manifest)
  const words = new Uint32Array(bytes.slice(0, 12).buffer)
  assert.deepEqual([...words], [0x31545653, 1, 0xffffffff])
  assert.throws(() => decodeOriginal(bytes), { code: 'VEC_STORAGE' })
})

test('a manifest with one flipped bit is refused, whichever it is', () => {
  const bytes = encodeManifest(manifest)
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice()
    damaged[bit >> 3] ^= 1 << (bit & 7)
    assert.throws(() => decodeManifest(damaged), { code: 'VEC_STORAGE' }, `bit ${bit}`)
  }
})

test('a manifest that was cut anywhere is refused', () => {
  const bytes = encodeManifest(manifest)
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeManifest(bytes.slice(0, length)), { code: 'VEC_STORAGE' })
  }
})

test('a manifest of version 1, which has no metadata, is read', () => {
  const { metadata, ...rest } = manifest
  assert.ok(metadata)
  const bytes = encodeManifest({ ...rest, metadata: '' })
  // Without the length of the metadata, four bytes behind the fingerprint, it is what version 1 wrote.
  const at = 72 + manifest.fingerprint.length
  const first = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 4)])
  first.writeUInt32LE(1, 12)
  first.writeBigUInt64LE(checksum(first.subarray(0, -8)), first.length - 8)
  assert.deepEqual(decodeManifest(first), { ...rest, metadata: '' })
  first.writeUInt32LE(3, 12)
  first.writeBigUInt64LE(checksum(first.subarray(0, -8)), first.length - 8)
  assert.throws(() => decodeManifest(first), { code: 'VEC_STORAGE' })
})
