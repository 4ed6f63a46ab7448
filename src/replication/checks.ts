import { halted } from './halt.ts'
import { fingerprint, type EntryHead } from './log-entry.ts'
import type { Head } from './source.ts'
import { PROTOCOL } from './sync-names.ts'
import type { SyncState } from './sync-state.ts'

/**
 * Runs checks 1 to 6, which need only the head. The order matters, because each check assumes that those before it
 * passed.
 */
export function checkHead(state: SyncState, head: Head): void {
  const { datasetId } = state
  checkIdentity(state, head)
  if (head.epoch === undefined) {
    throw halted(
      'DATASET_GONE',
      `dataset ${name(datasetId)} is no longer in the upstream`,
      'drop it with dropDataset, or re-create it and re-bootstrap',
    )
  }
  if (state.epoch !== null && head.epoch !== state.epoch) {
    throw halted(
      'EPOCH_CHANGED',
      `dataset ${name(datasetId)} was re-created: its epoch is ${head.epoch}, but the replica has ${state.epoch}`,
      'its history starts over: re-bootstrap',
    )
  }
  if (head.lastScn < state.lastScn) {
    throw halted(
      'UPSTREAM_REWOUND',
      `dataset ${name(datasetId)}: the upstream is at ${head.lastScn}, but the replica is already at ${state.lastScn}`,
      'the upstream lost commits (a restored backup, a failover): re-bootstrap',
    )
  }
  if (head.prunedScn > state.lastScn) {
    throw halted(
      'LOG_PRUNED',
      `dataset ${name(datasetId)}: the log is pruned up to ${head.prunedScn}, but the replica is at ${state.lastScn}`,
      'the replica was offline for too long: re-bootstrap',
    )
  }
}

export function checkIdentity(state: SyncState, head: Head): void {
  if (state.upstreamId !== null && head.upstreamId !== state.upstreamId) {
    throw halted(
      'UPSTREAM_CHANGED',
      `the upstream is ${head.upstreamId}, but this replica follows ${state.upstreamId}`,
      'connect to the right server, or re-bootstrap to follow this one',
    )
  }
  if (head.protocol !== PROTOCOL) {
    throw halted(
      'SCHEMA_DRIFT',
      `the upstream uses protocol ${head.protocol}, this version uses ${PROTOCOL}`,
      'use compatible versions on both sides',
    )
  }
}

/**
 * Runs checks 7 and 8 on entries read from the checkpoint on (its own entry included): the history is the applied
 * one, and no number is missing. Returns the entries after the checkpoint.
 */
export function checkEntries(
  state: SyncState,
  head: Head,
  entries: readonly EntryHead[],
  complete: boolean,
): readonly EntryHead[] {
  const { datasetId, lastScn } = state
  const news = afterCheckpoint(state, head, entries)
  let expected = lastScn + 1n
  for (const entry of news) {
    if (entry.scn !== expected) throw gap(datasetId, `expected ${expected}, found ${entry.scn}`)
    expected++
  }
  if (complete && expected <= head.lastScn) {
    throw gap(
      datasetId,
      `the counter is at ${head.lastScn}, but there is nothing after ${expected - 1n}`,
    )
  }
  return news
}

/** Runs check 7 alone, for a log in which the numbers of rolled back transactions are missing. */
export function checkSparseEntries(
  state: SyncState,
  head: Head,
  entries: readonly EntryHead[],
): readonly EntryHead[] {
  return afterCheckpoint(state, head, entries)
}

function afterCheckpoint(
  state: SyncState,
  head: Head,
  entries: readonly EntryHead[],
): readonly EntryHead[] {
  const { datasetId, lastScn } = state
  const hasCheckpoint = entries.length > 0 && entries[0].scn === lastScn
  if (state.fingerprint !== null) {
    if (hasCheckpoint && fingerprint(entries[0]) !== state.fingerprint) {
      throw halted(
        'HISTORY_DIVERGED',
        `dataset ${name(datasetId)}: entry ${lastScn} is not the one that was applied`,
        'the upstream was restored, and its history diverged: re-bootstrap',
      )
    }
    if (!hasCheckpoint && head.prunedScn < lastScn) {
      throw halted(
        'HISTORY_DIVERGED',
        `dataset ${name(datasetId)}: entry ${lastScn}, the checkpoint, is missing from the log`,
        'the upstream was restored, or its log was edited: re-bootstrap',
      )
    }
  }
  return hasCheckpoint ? entries.slice(1) : entries
}

function gap(datasetId: string, what: string): Error {
  return halted(
    'LOG_GAP',
    `dataset ${name(datasetId)}: a gap in the log: ${what}`,
    'entries were deleted by hand, or rows were written without the triggers: verify, then re-bootstrap',
  )
}

export const name = (datasetId: string): string => JSON.stringify(datasetId)
