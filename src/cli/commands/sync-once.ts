import { VecError } from '../../entries/main.ts'
import type { Replicator } from '../../entries/vecsync.ts'
import type { Command } from '../command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { settingOptions } from '../sync/flag-settings.ts'
import { observed, type Ending } from '../sync/observed.ts'
import { withReplicator } from '../sync/replicator.ts'
import { withConfig } from '../sync/secured.ts'

export const syncOnce: Command = {
  name: 'once',
  summary: 'bring a replica up to date, then exit',
  details: [
    'Creates the replica and its vec table if they do not exist. In a pipe or with --json, events are JSON',
    'lines. The exit code is 1 if a dataset is halted or missing, and 4 while another svec replicates.',
  ],
  arguments: [],
  options: settingOptions('upstream', 'replica', 'apply'),
  examples: [
    {
      line: 'sync once --upstream sqlite:upstream.db --replica replica.sqlite',
      says: 'from another SQLite file',
    },
    { line: "sync once --config sync.json --dataset 'team-*'", says: 'from a timer' },
  ],
  run: context =>
    withConfig(context, config =>
      withReplicator(config, 'create', async replicator => {
        const { signal } = context
        let exit: ExitCode = EXIT.ok
        await observed(context, config, replicator, async tally => {
          const began = performance.now()
          await toTheEnd(replicator, signal)
          const seconds = (performance.now() - began) / 1000
          const ending = ended(replicator, config.settings.datasets ?? [], seconds, tally.total)
          exit = ending.exit
          return ending
        })
        return exit
      }),
    ),
}

/** Runs passes until nothing is left. A signal ends it after the current step. */
export async function toTheEnd(replicator: Replicator, signal: AbortSignal): Promise<void> {
  for (let more = true; more;) {
    const result = await replicator.pass(signal)
    signal.throwIfAborted()
    if (result.standby) {
      throw new VecError('SYNC_LEASE', 'another replicator is writing to this replica', {
        hint: 'that one keeps the replica up to date; to run this one, stop it first',
      })
    }
    ;({ more } = result)
    // Lets signals arrive.
    await new Promise(resolve => {
      setImmediate(resolve)
    })
    signal.throwIfAborted()
  }
}

function ended(
  replicator: Replicator,
  wanted: readonly string[],
  seconds: number,
  applied: number,
): Ending & { readonly exit: ExitCode } {
  const { datasets } = replicator.status()
  const halted = datasets.filter(({ haltCode }) => haltCode !== undefined)
  const missing = wanted.filter(
    name => !name.includes('*') && !datasets.some(({ datasetId }) => datasetId === name),
  )
  const bad = [
    ...halted.map(({ datasetId, haltCode }) => `${datasetId} is halted (${haltCode})`),
    ...missing.map(name => `${name} is not in the upstream`),
  ]
  const count = `${datasets.length} dataset${datasets.length === 1 ? '' : 's'}`
  const text = bad.length === 0 ? `up to date: ${count}` : bad.join('; ')
  return {
    exit: bad.length === 0 ? EXIT.ok : EXIT.found,
    text: `${text}, ${applied} applied in ${seconds.toFixed(1)} s`,
    fields: {
      reason: bad.length === 0 ? 'done' : 'incomplete',
      seconds: Math.round(seconds * 1000) / 1000,
      datasets: datasets.map(({ datasetId, state, lastScn, haltCode }) => ({
        datasetId,
        state,
        lastScn,
        haltCode,
      })),
      missing,
    },
  }
}
