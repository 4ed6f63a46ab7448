import { setImmediate as nextTurn } from 'node:timers/promises'
import { shell } from '../engine/vfs-process.ts'
import { RecallTally } from '../soak/clustered.ts'
import { Peer } from '../soak/peer.ts'
import { startThreads } from '../threads/pool.ts'
import { operate } from './operations.ts'
import { DATASETS, World } from './world.ts'

export interface ModelReport {
  readonly operations: number
  readonly checks: number
  readonly worlds: number
  readonly large: number
  readonly turned: number
  readonly foreign: number
  readonly seconds: number
  /** Of worlds with clusters. */
  readonly recalls?: RecallTally['report']
}

/** Operations on one world before the next. */
const LIFE = 250

interface Peers {
  readonly ours: Peer
  readonly native: Peer
  readonly shell: boolean
}

/**
 * Random statements from `seed`, `count` of them, and after each the answer of every connection against brute force.
 * Throws with the statements that led there, and with the command that does it again.
 */
export async function runModel(
  seed: number,
  count: number,
  options: { shell: boolean; clusters?: boolean; progress?: (done: number) => void },
): Promise<ModelReport> {
  const started = performance.now()
  await using ours = new Peer('ours')
  await using native = new Peer('native')
  const peers: Peers = { ours, native, shell: options.shell }
  const recalls = options.clusters === true ? new RecallTally() : undefined
  if (recalls) await startThreads(1)
  const report = { operations: 0, checks: 0, worlds: 0, large: 0, turned: 0, foreign: 0 }
  for (let n = 0; report.operations < count; n++) {
    const worldSeed = (seed + Math.imul(n, 0x9e3779b1)) >>> 0
    const world = new World(worldSeed, recalls)
    try {
      await world.begin()
      await live(world, peers, Math.min(LIFE, count - report.operations), report)
      world.check(true)
    } catch (error) {
      const replay = `MODEL_SEED=${worldSeed} MODEL_OPS=${LIFE}${recalls ? ' SOAK_WORLD=clusters' : ''} npm run soak:model`
      throw new Error(
        `${(error as Error).message}\n\n${world.log.slice(-25).join('\n').slice(0, 6000)}\n\nagain: ${replay}`,
        { cause: error },
      )
    }
    world.end()
    report.worlds++
    if (world.large) report.large++
    if (world.hasAxes) report.turned++
    options.progress?.(report.operations)
  }
  recalls?.check()
  const seconds = (performance.now() - started) / 1000
  return recalls ? { ...report, seconds, recalls: recalls.report } : { ...report, seconds }
}

async function live(
  world: World,
  peers: Peers,
  count: number,
  report: { operations: number; checks: number; foreign: number },
): Promise<void> {
  const { dice } = world
  for (let n = 0; n < count; n++) {
    report.operations++
    if (dice.chance(0.01)) {
      report.foreign++
      await foreign(world, peers)
    } else if (dice.chance(0.004)) await reconnect(world)
    else operate(world)
    // Clusters are made between the turns of the event loop.
    for (let turns = world.clustered ? 4 : 0; turns > 0; turns--) await nextTurn()
    // A large dataset is dear to check.
    if (world.large && !dice.chance(0.3)) continue
    world.check(dice.chance(0.05))
    report.checks += world.connections.length
  }
}

/** A connection is closed, which saves, and opened again. */
async function reconnect(world: World): Promise<void> {
  const n = world.dice.below(2)
  world.log.push(`${n}: close and open`)
  world.connections[n].close()
  // A transaction that waits for its turn to commit lets nobody in.
  const other = world.connections[1 - n]
  if (other.inTransaction) other.exec('ROLLBACK')
  world.connections[n] = await world.connect()
  if (n === 0) world.attach()
}

/** Another program writes, or one of ours looks. */
async function foreign(world: World, peers: Peers): Promise<void> {
  const { dice } = world
  const blob = Buffer.from(world.stored()).toString('hex')
  const [dataset, id] = [world.dataset(), world.id()]
  const key = `'${dataset}', '${id}'`
  const text = dice.pick([
    `INSERT OR REPLACE INTO _vec_docs(dataset_id, id, embedding) VALUES (${key}, x'${blob}')`,
    `UPDATE _vec_docs SET embedding = x'${blob}' WHERE (dataset_id, id) = (${key})`,
    `DELETE FROM _vec_docs WHERE (dataset_id, id) = (${key})`,
    `BEGIN; UPDATE _vec_docs SET archived = 1 - archived; ROLLBACK`,
    `BEGIN; DELETE FROM _vec_docs WHERE id LIKE '%4'; UPDATE OR REPLACE _vec_docs SET id = 'r5' WHERE id = 'r6'; COMMIT`,
    'VACUUM',
  ])
  const who = dice.below(peers.shell ? 12 : 11)
  const name = who === 11 ? 'shell' : who < 6 ? 'native' : 'ours'
  world.log.push(`${name}: ${text.slice(0, 200)}`)
  try {
    if (who === 11) {
      shell(world.path, text)
      return
    }
    const peer = who < 6 ? peers.native : peers.ours
    await peer.ask('open', world.path)
    await peer.ask('exec', text)
    if (peer === peers.ours) {
      const answer = await peer.ask(
        'check',
        'docs',
        DATASETS.join(','),
        world.metric,
        'main',
        world.dim,
        dice.below(1000),
      )
      if (answer !== 'ok' && !/SQLITE_BUSY|locked|no such table/.test(answer))
        throw new Error(`in another process: ${answer}`)
    }
  } catch (error) {
    if (!/busy|locked|constraint|UNIQUE|no such table/i.test((error as Error).message)) throw error
    world.log.push(`   ${(error as Error).message}`)
  } finally {
    if (who !== 11) await (who < 6 ? peers.native : peers.ours).ask('close')
  }
}
