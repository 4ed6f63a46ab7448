import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkEntries, checkHead, checkSparseEntries } from '../../../src/replication/checks.ts'
import { fingerprint, type EntryHead } from '../../../src/replication/log-entry.ts'
import type { Head } from '../../../src/replication/source.ts'
import { PROTOCOL } from '../../../src/replication/sync-names.ts'
import { newState, type SyncState } from '../../../src/replication/sync-state.ts'
import { refused } from '../../refusal.ts'

const entry = (scn: bigint, documentId = `doc ${scn}`): EntryHead => ({
  scn,
  op: 'insert',
  documentId,
  size: 10,
  createdUs: 1000n + scn,
})

/** A replica of dataset 'd' that has applied entry 5. */
const state: SyncState = {
  ...newState('d', 'shadow_vec_docs'),
  phase: 'live',
  lastScn: 5n,
  upstreamId: 'u1',
  epoch: 'e1',
  fingerprint: fingerprint(entry(5n)),
}

const head: Head = {
  upstreamId: 'u1',
  protocol: PROTOCOL,
  nowUs: 0n,
  epoch: 'e1',
  deleted: false,
  lastScn: 8n,
  prunedScn: 2n,
}

test('a head that goes on from the checkpoint passes', () => {
  checkHead(state, head)
  checkHead(state, { ...head, lastScn: 5n, prunedScn: 5n })
  checkHead(newState('d', 'shadow_vec_docs'), {
    ...head,
    upstreamId: 'any',
    epoch: 'any',
    prunedScn: 0n,
  })
})

const HALTS: readonly [
  code:
    | 'UPSTREAM_CHANGED'
    | 'SCHEMA_DRIFT'
    | 'DATASET_GONE'
    | 'EPOCH_CHANGED'
    | 'UPSTREAM_REWOUND'
    | 'LOG_PRUNED',
  change: Partial<Head>,
  names: (string | number)[],
][] = [
  ['UPSTREAM_CHANGED', { upstreamId: 'u2' }, ['u1', 'u2']],
  ['SCHEMA_DRIFT', { protocol: PROTOCOL + 1 }, [PROTOCOL, PROTOCOL + 1]],
  ['DATASET_GONE', { epoch: undefined }, ['"d"']],
  ['EPOCH_CHANGED', { epoch: 'e2' }, ['"d"', 'e1', 'e2']],
  ['UPSTREAM_REWOUND', { lastScn: 4n }, ['"d"', 4, 5]],
  ['LOG_PRUNED', { prunedScn: 6n }, ['"d"', 6, 5]],
]

for (const [code, change, names] of HALTS) {
  test(`${code} is told with both sides' values`, () => {
    refused(() => checkHead(state, { ...head, ...change }), code, ...names)
  })
}

test('of several reasons the first in order is told, as each presumes those before', () => {
  const all = Object.assign({}, head, ...HALTS.map(([, change]) => change)) as Head
  refused(() => checkHead(state, all), 'UPSTREAM_CHANGED')
  refused(() => checkHead(state, { ...all, upstreamId: 'u1' }), 'SCHEMA_DRIFT')
})

test('the entries after the checkpoint are given back, without its own', () => {
  const log = [5n, 6n, 7n, 8n].map(scn => entry(scn))
  assert.deepEqual(checkEntries(state, head, log, true), log.slice(1))
  assert.deepEqual(checkEntries(state, { ...head, lastScn: 5n }, [entry(5n)], true), [])
})

const gap = (scns: bigint[], names: number[]): unknown =>
  refused(
    () =>
      checkEntries(
        state,
        head,
        scns.map(scn => entry(scn)),
        true,
      ),
    'LOG_GAP',
    '"d"',
    ...names,
  )

test('a number that is missing is a gap: in the middle, at the beginning, at the end', () => {
  gap([5n, 6n, 8n], [7, 8])
  gap([5n, 7n, 8n], [6, 7])
  gap([5n, 6n, 7n], [8, 7])
  gap([5n], [8, 5])
})

test('a part of the log need not reach the counter', () => {
  assert.equal(checkEntries(state, head, [entry(5n), entry(6n)], false).length, 1)
})

test('a log with holes by its nature has no gaps', () => {
  const log = [entry(5n), entry(8n)]
  assert.deepEqual(checkSparseEntries(state, head, log), [log[1]])
})

test('another entry at the checkpoint is another history', () => {
  for (const other of [
    { ...entry(5n), documentId: 'x' },
    { ...entry(5n), op: 'delete' },
    { ...entry(5n), size: 11 },
    { ...entry(5n), createdUs: 1n },
  ]) {
    refused(
      () => checkEntries(state, head, [other, entry(6n)], false),
      'HISTORY_DIVERGED',
      '"d"',
      5,
    )
    refused(() => checkSparseEntries(state, head, [other]), 'HISTORY_DIVERGED', 5)
  }
})

test('the entry of the checkpoint may only be missing when the log was pruned there', () => {
  const later = [entry(6n), entry(7n), entry(8n)]
  refused(() => checkEntries(state, head, later, true), 'HISTORY_DIVERGED', 5)
  assert.deepEqual(checkEntries(state, { ...head, prunedScn: 5n }, later, true), later)
})
