import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fingerprint, type EntryHead } from '../../../src/replication/log-entry.ts'

const ENTRY: EntryHead = { scn: 12n, op: 'update', documentId: 'a', size: 3, createdUs: 99n }

test('a fingerprint is stored, so that its form never changes', () => {
  assert.equal(fingerprint(ENTRY), '12|update|a|3|99')
})

test('each part of an entry is in its fingerprint', () => {
  const others: Partial<EntryHead>[] = [
    { scn: 13n },
    { op: 'insert' },
    { documentId: 'b' },
    { size: 4 },
    { createdUs: 98n },
  ]
  for (const other of others) {
    assert.notEqual(fingerprint({ ...ENTRY, ...other }), fingerprint(ENTRY))
  }
})
