import { beginBootstrap, bootstrapStep } from './bootstrap.ts'
import { checkHead } from './checks.ts'
import type { DatasetStatus, Events } from './events.ts'
import { messageOf } from './failure.ts'
import { haltCode, type HaltCode } from './halt.ts'
import { lookAgain, type Head, type Heads } from './source.ts'
import type { StepContext } from './step-context.ts'
import { newState, type SyncState } from './sync-state.ts'
import { tailStep } from './tail.ts'

export interface StepResult {
  readonly state: SyncState
  readonly applied: number
  readonly more: boolean
}

/** The age of the oldest change that the replica lacks, as of the last step. */
export interface Lag {
  readonly oldestUs: bigint | undefined
}

/** The state machine of one dataset: NEW, BOOTSTRAP, CATCHUP, LIVE, DROPPED. A halt is stored beside the state. */
export class DatasetSteps {
  readonly lags: Map<string, Lag> = new Map()
  readonly #context: () => StepContext
  readonly #events: Events
  readonly #autoRebootstrap: ReadonlySet<HaltCode>
  /**
   * The connection on which a dataset's checkpoint was last compared with the upstream's log. A new connection may
   * lead to another server, or to a server with another history.
   */
  readonly #verified = new Map<string, number>()

  readonly #audits = new Map<string, number>()

  constructor(context: () => StepContext, events: Events, autoRebootstrap: ReadonlySet<HaltCode>) {
    this.#context = context
    this.#events = events
    this.#autoRebootstrap = autoRebootstrap
  }

  async step(
    state: SyncState,
    heads: Heads,
    pin: (datasetId: string, scn: bigint) => Promise<void>,
  ): Promise<StepResult> {
    if (state.haltCode !== null) return idle(state)
    const { datasetId } = state
    const { source, replica } = this.#context()
    try {
      return await this.#stepOn(state, headOf(heads, datasetId), pin).catch((error: unknown) => {
        if (haltCode(error) === undefined) throw error
        return lookAgain(source, error, again =>
          this.#stepOn(replica.state(datasetId), headOf(again, datasetId), pin),
        )
      })
    } catch (error) {
      const code = haltCode(error)
      if (code === undefined) throw error
      // The step may have written some batches before it failed.
      const reached = replica.state(datasetId)
      if (this.#autoRebootstrap.has(code)) {
        this.#events.emit('warning', {
          datasetId,
          message: `${code}: ${messageOf(error)}; copying the dataset again`,
        })
        return { state: this.restart(reached), applied: 0, more: true }
      }
      return { state: this.halt(reached, error), applied: 0, more: false }
    }
  }

  async #stepOn(
    before: SyncState,
    head: Head,
    pin: (datasetId: string, scn: bigint) => Promise<void>,
  ): Promise<StepResult> {
    let state = before
    const context = this.#context()
    if (state.phase === 'dropped') {
      if (head.epoch === undefined || head.deleted || head.epoch === state.epoch) return idle(state)
      state = this.restart(state)
    }
    if (state.phase === 'new') {
      if (head.epoch === undefined || head.deleted) return idle(state)
      await pin(state.datasetId, head.lastScn)
      state = this.#moved(state, await beginBootstrap(context, state))
      if (state.phase !== 'bootstrap') return idle(state)
    }
    if (state.phase === 'bootstrap') {
      const step = await bootstrapStep(context, state)
      this.#progress(state, step.state, step.rows, head)
      return {
        state: this.#moved(state, step.state),
        applied: step.rows,
        more: step.state.phase !== 'live',
      }
    }
    checkHead(state, head)
    await this.#auditDue(context, state)
    if (
      this.#verified.get(state.datasetId) === context.source.generation &&
      head.lastScn === state.lastScn &&
      state.phase === 'live'
    ) {
      this.lags.delete(state.datasetId)
      return idle(state)
    }
    const { state: next, batch } = await tailStep(context, state)
    this.#verified.set(state.datasetId, context.source.generation)
    const more = next.lastScn < batch.head.lastScn && next.phase !== 'dropped'
    this.lags.set(state.datasetId, { oldestUs: more ? batch.oldestUs : undefined })
    if (batch.entries > 0) this.#progress(state, next, batch.entries, batch.head, batch.oldestUs)
    return { state: this.#moved(state, next), applied: batch.entries, more }
  }

  /** Audits once a minute, and on each new connection. */
  async #auditDue(context: StepContext, state: SyncState): Promise<void> {
    const { sparse } = context.source
    if (sparse === undefined) return
    const now = performance.now()
    const due = this.#audits.get(state.datasetId) ?? 0
    if (now < due && this.#verified.get(state.datasetId) === context.source.generation) return
    this.#audits.set(state.datasetId, now + 60_000)
    await context.source.snapshot(snapshot => sparse.audit(snapshot, state))
  }

  /** Stores the halt, so that it survives a restart. */
  halt(state: SyncState, error: unknown): SyncState {
    const code = haltCode(error) ?? 'POISON_ENTRY'
    if (state.haltCode !== null || state.phase === 'dropped') return state
    const { replica, lease } = this.#context()
    const next = replica.advance(state, lease, () => ({
      ...state,
      haltCode: code,
      haltMessage: messageOf(error),
    }))
    return this.#moved(state, next)
  }

  resume(state: SyncState): SyncState {
    if (state.haltCode === null) return state
    const { replica, lease } = this.#context()
    this.#verified.delete(state.datasetId)
    const next = replica.advance(state, lease, () => ({
      ...state,
      haltCode: null,
      haltMessage: null,
    }))
    return this.#moved(state, next)
  }

  /** Returns to NEW. The rows stay until the bootstrap has replaced them. */
  restart(state: SyncState): SyncState {
    const { replica, lease } = this.#context()
    this.#verified.delete(state.datasetId)
    const next = replica.advance(state, lease, () => newState(state.datasetId, state.shadowTable))
    return this.#moved(state, next)
  }

  #moved(from: SyncState, to: SyncState): SyncState {
    const was = statusOf(from)
    const is = statusOf(to)
    if (was !== is) {
      this.#events.emit('state', {
        datasetId: to.datasetId,
        from: was,
        to: is,
        code: to.haltCode ?? undefined,
        message: to.haltMessage ?? undefined,
      })
    }
    return to
  }

  #progress(from: SyncState, to: SyncState, applied: number, head: Head, oldestUs?: bigint): void {
    const lagEntries = head.lastScn > to.lastScn ? head.lastScn - to.lastScn : 0n
    this.#events.emit('progress', {
      datasetId: from.datasetId,
      phase: to.phase,
      applied,
      lastScn: to.lastScn,
      headScn: head.lastScn,
      lagEntries,
      lagSeconds: oldestUs === undefined ? 0 : secondsBetween(oldestUs, head.nowUs),
    })
  }
}

export function statusOf(state: SyncState): DatasetStatus {
  return state.haltCode === null ? state.phase : 'halted'
}

/** The difference in seconds, at least zero: the upstream's clock may have been set back. */
export function secondsBetween(fromUs: bigint, toUs: bigint): number {
  return Math.max(0, Number(toUs - fromUs) / 1e6)
}

const headOf = (heads: Heads, datasetId: string): Head =>
  heads.datasets.get(datasetId) ?? absent(heads)

const idle = (state: SyncState): StepResult => ({ state, applied: 0, more: false })

function absent(heads: Heads): Head {
  const { upstreamId, protocol, nowUs } = heads
  return {
    upstreamId,
    protocol,
    nowUs,
    epoch: undefined,
    deleted: false,
    lastScn: 0n,
    prunedScn: 0n,
  }
}
