import { VecError } from '../core/errors.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { DatasetSteps } from './dataset-steps.ts'
import { pause } from './deadline.ts'
import { Events, type ReplicatorEvent, type ReplicatorEvents } from './events.ts'
import { isSyncError, messageOf } from './failure.ts'
import { followLoop } from './follow.ts'
import { haltCode } from './halt.ts'
import { Lease } from './lease.ts'
import { Mutex } from './mutex.ts'
import { datasetFilter, exactNames } from './patterns.ts'
import { repairDatasets, type RepairReport } from './repair.ts'
import { fileOf, prepareReplica, resolved } from './replica-tables.ts'
import { Replica } from './replica.ts'
import {
  rebootstrapCodes,
  type PassResult,
  type ReplicationOptions,
  type ReplicatorStatus,
} from './replicator-options.ts'
import { lookAgain, Source, type Heads } from './source.ts'
import { reportStatus } from './status.ts'
import type { StepContext } from './step-context.ts'
import { checkTableName, SHADOW_TABLE, syncNames } from './sync-names.ts'
import type { SyncState } from './sync-state.ts'
import { verifyDatasets, type VerifyOptions, type VerifyReport } from './verify.ts'

/** Keeps datasets of a SQLite replica equal to an upstream. All steps may be repeated, interrupted and resumed. */
export class Replicator {
  readonly #options: ReplicationOptions
  readonly #openLog: ((source: Source) => Promise<Source>) | undefined
  readonly #events = new Events()
  readonly #mutex = new Mutex()
  readonly #wanted: (datasetId: string) => boolean
  readonly #missing = new Set<string>()
  readonly #replica: Replica
  readonly #steps: DatasetSteps
  #source: Source
  #lease: Lease | undefined
  #acknowledgement: Acknowledgement | undefined
  #replicaId = ''
  #prepared = false
  #sourceChecked = false
  #heads: Heads | undefined
  #lastError: string | undefined

  /** `openLog` replaces the source over our log by one over another log. */
  constructor(options: ReplicationOptions, openLog?: (source: Source) => Promise<Source>) {
    const { shadowTable = SHADOW_TABLE, prefix } = options
    const names = syncNames(prefix)
    if (!(Number.isInteger(options.batchSize ?? 1) && (options.batchSize ?? 1) > 0)) {
      throw new RangeError(`batchSize must be a positive integer, got ${options.batchSize}`)
    }
    if (!((options.byteBudget ?? 1) > 0)) {
      throw new RangeError(`byteBudget must be a positive number, got ${options.byteBudget}`)
    }
    this.#options = options
    const table = checkTableName(options.replicaTable ?? shadowTable)
    this.#openLog = openLog
    this.#source = new Source(options.source, shadowTable, { prefix })
    this.#wanted = datasetFilter(options.datasets ?? ['*'])
    this.#replica = new Replica(options.replica, table, shadowTable, names)
    this.#steps = new DatasetSteps(
      () => this.context(),
      this.#events,
      rebootstrapCodes(options.policy?.autoRebootstrap ?? []),
    )
  }

  on<E extends ReplicatorEvent>(
    event: E,
    listener: (event: ReplicatorEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener)
  }

  /** Runs one step for each dataset that needs one. It can be called again after any failure. */
  pass(signal?: AbortSignal): Promise<PassResult> {
    return this.#mutex.run(() => this.#pass(signal))
  }

  async #pass(signal?: AbortSignal): Promise<PassResult> {
    try {
      const result = await this.#passOnce(signal)
      this.#lastError = undefined
      return result
    } catch (error) {
      this.#lastError = messageOf(error)
      throw error
    }
  }

  async #passOnce(signal?: AbortSignal): Promise<PassResult> {
    this.#prepare()
    if (!this.#lease!.acquire()) return { applied: 0, more: false, standby: true }
    await this.#checkSource()
    const known = new Map(
      this.#replica
        .states()
        .filter(state => this.#wanted(state.datasetId))
        .map(state => [state.datasetId, state]),
    )
    const heads = await this.#readHeads([...known.values()])
    for (const datasetId of heads.datasets.keys()) {
      if (this.#wanted(datasetId) && !known.has(datasetId)) {
        known.set(datasetId, this.#replica.state(datasetId))
      }
    }
    this.#warnOfMissing(heads)
    let applied = 0
    let more = false
    let failure: unknown
    for (const state of known.values()) {
      if (signal?.aborted === true) break
      // Renewed when due, since a pass over many datasets may outlast the lease.
      if (!this.#lease!.acquire()) return { applied, more: false, standby: true }
      try {
        const step = await this.#steps.step(state, heads, (id, scn) =>
          this.#acknowledgement!.pin(id, scn),
        )
        known.set(state.datasetId, step.state)
        applied += step.applied
        more ||= step.more
      } catch (error) {
        // A failure of one dataset must not hold up the datasets after it.
        if (concernsAll(error)) throw error
        failure ??= error
      }
    }
    if (failure !== undefined) throw failure
    await this.#acknowledgement!.sendDue(known.values())
    return { applied, more: more && signal?.aborted !== true, standby: false }
  }

  /**
   * Runs passes until the signal aborts. It then finishes the current step and closes. Rejects when no dataset is
   * left to follow.
   */
  async follow(signal?: AbortSignal): Promise<void> {
    try {
      await followLoop(this, {
        interval: this.#options.interval ?? 200,
        standby: (this.#options.leaseDuration ?? 15_000) / 3,
        fixed:
          exactNames(this.#options.datasets ?? ['*']).length ===
          (this.#options.datasets ?? ['*']).length,
        warn: message => this.#events.emit('warning', { datasetId: undefined, message }),
        ...(signal === undefined ? {} : { signal }),
      })
    } finally {
      await this.close()
    }
  }

  status(): ReplicatorStatus {
    this.#prepare()
    return reportStatus({
      replicaId: this.#replicaId,
      source: this.#source,
      states: this.#replica.states().filter(state => this.#wanted(state.datasetId)),
      heads: this.#heads,
      lags: this.#steps.lags,
      lease: this.#lease!.holder(),
      lastError: this.#lastError,
    })
  }

  /** Compares both sides at one SCN, and finds the rows that differ. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#mutex.run(async () => {
      await this.#ready()
      const { datasets } = options
      const report = await verifyDatasets(this.context(), this.#filter(datasets), options)
      refuseUnknown(datasets, report)
      return report
    })
  }

  /**
   * Verifies, then rewrites the rows that differ, and only those. Rows of a dataset that the upstream does not have
   * are deleted if the dataset is named, in `datasets` here or in the replicator's options.
   */
  repair(options: VerifyOptions = {}): Promise<RepairReport> {
    return this.#mutex.run(async () => {
      await this.#ready()
      const { datasets } = options
      const named = exactNames(datasets ?? this.#options.datasets ?? [])
      const report = await repairDatasets(this.context(), this.#filter(datasets), named, options)
      refuseUnknown(datasets, report.before)
      return report
    })
  }

  /** Copies datasets again from the next pass on. Their rows stay searchable meanwhile. Also ends a halt. */
  rebootstrap(datasets?: readonly string[]): Promise<void> {
    return this.#mutex.run(() => {
      this.#takeLease()
      for (const state of this.#chosen(datasets)) this.#steps.restart(state)
      return Promise.resolve()
    })
  }

  /** Lets halted datasets continue where they stopped, after the cause was fixed. */
  resume(datasets?: readonly string[]): Promise<void> {
    return this.#mutex.run(() => {
      this.#takeLease()
      for (const state of this.#chosen(datasets)) this.#steps.resume(state)
      return Promise.resolve()
    })
  }

  /** Reads your own writes: resolves when a dataset's rows are consistent and contain this change. */
  async waitFor(
    position: bigint | { readonly datasetId: string; readonly scn: bigint },
    timeout = 10_000,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#prepare()
    const scn = typeof position === 'bigint' ? position : position.scn
    const end = performance.now() + timeout
    for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
      const datasetId = typeof position === 'bigint' ? this.#onlyDataset() : position.datasetId
      const state = this.#replica.state(datasetId ?? '')
      if (state.haltCode !== null) {
        throw new VecError(state.haltCode, state.haltMessage ?? `dataset ${datasetId} is halted`)
      }
      if (state.phase === 'live' && state.lastScn >= scn) return
      signal?.throwIfAborted()
      if (performance.now() >= end) {
        throw new VecError(
          'SYNC_TIMEOUT',
          `dataset ${JSON.stringify(datasetId ?? '*')} is ${state.phase} at ${state.lastScn}, not at ${scn}, after ${timeout} ms`,
        )
      }
      await pause(wait, signal)
    }
  }

  /** Releases the lease and the connection. The replica's own connection stays open. */
  async close(): Promise<void> {
    this.#source.forget()
    await this.#mutex.run(async () => {
      try {
        this.#lease?.release()
      } catch {}
      await this.#source.close()
    })
  }

  context(): StepContext {
    return {
      source: this.#source,
      replica: this.#replica,
      lease: this.#lease,
      limits: {
        entries: this.#options.batchSize ?? 2000,
        bytes: this.#options.byteBudget ?? 16 * 1024 * 1024,
      },
      rejected: this.#options.policy?.rejected ?? this.#options.policy?.poison ?? 'stop',
      model: this.#options.policy?.model ?? 'warn',
      warn: (message, datasetId) => this.#events.emit('warning', { datasetId, message }),
    }
  }

  #prepare(): void {
    if (this.#prepared) return
    const names = this.#source.names
    const table = this.#options.replicaTable ?? this.#source.shadowTable
    const { replicaId } = prepareReplica(this.#options.replica, table, names)
    this.#replicaId = this.#options.replicaId ?? replicaId
    this.#lease ??= new Lease(
      this.#options.replica,
      names,
      table,
      this.#options.leaseDuration ?? 15_000,
    )
    this.#acknowledgement ??= new Acknowledgement(
      this.#source,
      this.#replicaId,
      this.#options.ackInterval ?? 5000,
      message => this.#events.emit('warning', { datasetId: undefined, message }),
    )
    this.#prepared = true
  }

  async #checkSource(): Promise<void> {
    if (this.#sourceChecked) return
    const { source } = this.#options
    if (source.file !== undefined) {
      const upstreamFile = await this.#source.use(session => source.file!(session))
      if (upstreamFile !== undefined && resolved(upstreamFile) === fileOf(this.#options.replica)) {
        throw new VecError('SYNC_REPLICA', 'the upstream and the replica are the same file', {
          hint: 'use another file as the replica',
        })
      }
    }
    if (this.#openLog !== undefined) {
      await this.#source.close()
      this.#source = await this.#openLog(this.#source)
    }
    this.#sourceChecked = true
  }

  async #ready(): Promise<void> {
    this.#prepare()
    await this.#checkSource()
  }

  /** A schema that cannot be read concerns every dataset. */
  async #readHeads(states: readonly SyncState[]): Promise<Heads> {
    try {
      this.#heads = await this.#source.heads().catch((error: unknown) => {
        if (haltCode(error) === undefined) throw error
        return lookAgain(this.#source, error, again => Promise.resolve(again))
      })
      return this.#heads
    } catch (error) {
      if (haltCode(error) !== undefined) for (const state of states) this.#steps.halt(state, error)
      throw error
    }
  }

  #warnOfMissing(heads: Heads): void {
    for (const datasetId of exactNames(this.#options.datasets ?? [])) {
      const missing = !heads.datasets.has(datasetId)
      if (missing && !this.#missing.has(datasetId)) {
        this.#missing.add(datasetId)
        this.#events.emit('warning', {
          datasetId,
          message: `dataset ${JSON.stringify(datasetId)} is not in the upstream`,
        })
      }
      if (!missing) this.#missing.delete(datasetId)
    }
  }

  #takeLease(): void {
    this.#prepare()
    if (!this.#lease!.acquire()) {
      throw new VecError('SYNC_LEASE', 'another replicator is writing to this replica', {
        hint: 'stop it, or call that replicator instead',
      })
    }
  }

  #filter(datasets: readonly string[] | undefined): (datasetId: string) => boolean {
    return datasets === undefined ? this.#wanted : datasetFilter(datasets)
  }

  #chosen(datasets?: readonly string[]): SyncState[] {
    const filter = this.#filter(datasets)
    const chosen = this.#replica.states().filter(state => filter(state.datasetId))
    for (const name of exactNames(datasets ?? [])) {
      if (!chosen.some(({ datasetId }) => datasetId === name)) throw unknownDataset(name)
    }
    return chosen
  }

  /** Undefined while no dataset is known yet. */
  #onlyDataset(): string | undefined {
    const states = this.#replica.states().filter(state => this.#wanted(state.datasetId))
    if (states.length > 1) {
      throw new TypeError(`${states.length} datasets: name one with { datasetId, scn }`)
    }
    return states[0]?.datasetId
  }
}

function refuseUnknown(datasets: readonly string[] | undefined, report: VerifyReport): void {
  for (const name of exactNames(datasets ?? [])) {
    if (!report.datasets.some(({ datasetId }) => datasetId === name)) throw unknownDataset(name)
  }
}

const unknownDataset = (name: string): VecError =>
  new VecError('SYNC_REPLICA', `the replica does not have a dataset ${JSON.stringify(name)}`)

/**
 * Whether an error concerns all datasets: an error of the connection, of the lease, or of a statement that is itself
 * wrong.
 */
function concernsAll(error: unknown): boolean {
  return (
    !isSyncError(error) || !['SYNC_TIMEOUT', 'SYNC_CONFLICT', 'SYNC_UPSTREAM'].includes(error.code)
  )
}
