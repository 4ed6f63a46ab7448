import { createInterface } from 'node:readline/promises'
import { counted } from '../../core/counted.ts'
import { doubleQuoted } from '../../core/quote.ts'
import type { Connection } from '../../entries/main.ts'
import type { TableDescription } from '../../entries/vec.ts'
import { Collection } from '../../entries/vecutil.ts'
import { usageError } from '../cli-error.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { embedderOf, EMBEDDER_OPTIONS } from '../embedder-flags.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { chosenDataset, chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

const DEFAULT_BATCH = 100
/** Characters of English text per token, in most tokenizers. */
const CHARACTERS_PER_TOKEN = 4

export const reembed: CommandBody = {
  details: [
    'Embeds the documents of a dataset by another model, while the old vectors serve. One transaction',
    'then exchanges both. Programs may write meanwhile. After Ctrl-C or a kill the same command goes on.',
    'The old vectors stay in the file for --rollback until --discard.',
    'Before it starts it says how much text there is, and with --price what that costs, and asks.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: {
    ...TABLE_OPTION,
    dataset: datasetOption('the dataset; optional if there is only one'),
    model: { type: 'string', value: 'name', description: 'the name of the new model' },
    ...EMBEDDER_OPTIONS,
    batch: {
      type: 'string',
      value: 'n',
      description: `documents in one request (${DEFAULT_BATCH})`,
    },
    price: {
      type: 'string',
      value: 'x',
      description: 'what a million tokens cost, for the estimate',
    },
    yes: { type: 'boolean', short: 'y', description: 'start without asking' },
    status: { type: 'boolean', description: 'only say how far it is' },
    rollback: { type: 'boolean', description: 'put the old vectors back' },
    discard: { type: 'boolean', description: 'forget the vectors that do not serve' },
    ...DATABASE_OPTIONS,
  },
  examples: [
    {
      line: 'reembed docs.sqlite --model large --embed-command ./embed.py --yes',
      says: 'go over to another model, by a command',
    },
    {
      line: 'reembed docs.sqlite --model small --embed-url http://localhost:11434/v1 --rate 500 --price 0.02',
      says: 'use an endpoint; the price of a million tokens is for the estimate',
    },
    { line: 'reembed docs.sqlite --rollback', says: 'the old model serves again' },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, {}, async db => {
      const table = chosenTable(context, db, path)
      const dataset = chosenDataset(context.flags.text('dataset'), table)
      const docs = new Collection(db, { table: table.name, dataset })
      const chosen = ['status', 'rollback', 'discard'].filter(name => context.flags.on(name))
      if (chosen.length > 1) throw usageError(`--${chosen.join(' and --')} contradict each other`)
      switch (chosen[0]) {
        case 'status':
          return status(context, docs)
        case 'discard':
          return discard(context, docs)
        case 'rollback':
          return rollback(context, docs)
        default:
          return migrate(context, db, docs, table, dataset)
      }
    })
  },
}

async function status(context: Context, docs: Collection): Promise<ExitCode> {
  const found = docs.migration()
  await context.print(found ?? null, [
    found === undefined
      ? 'there are no vectors beside those that serve'
      : `${String(found.model)}: ${found.done} of ${counted(found.total, 'document')}, ${found.state === 'running' ? 'under way' : 'kept for --rollback'}`,
  ])
  return EXIT.ok
}

async function discard(context: Context, docs: Collection): Promise<ExitCode> {
  const discarded = docs.discard()
  await context.print({ discarded }, [
    discarded ? 'the vectors that do not serve are gone' : 'there was nothing to discard',
  ])
  return EXIT.ok
}

async function rollback(context: Context, docs: Collection): Promise<ExitCode> {
  const model = docs.migration()?.model ?? undefined
  const embed = (await embedderOf(context, model))?.embed
  const report = await docs.rollback({ ...(embed ? { embed } : {}), ...running(context) })
  await context.print(report, [
    `model ${String(report.model)} serves again: ${counted(report.switched, 'document')}`,
  ])
  return EXIT.ok
}

async function migrate(
  context: Context,
  db: Connection,
  docs: Collection,
  table: TableDescription,
  dataset: string,
): Promise<ExitCode> {
  const given = await embedderOf(context)
  const model = context.flags.text('model') ?? given?.model
  if (model === undefined) throw usageError('the new model has to be named: --model large')
  if (!given) {
    throw usageError(
      'svec reembed needs something that embeds',
      'give --embed static, --embed-command ./embed.py, or --embed-url http://localhost:11434/v1',
    )
  }
  const { embed } = given
  if (!(await isAgreed(context, estimate(context, db, docs, table, dataset)))) return EXIT.found
  const progress = context.progress('embedding')
  const report = await docs
    .migrate({
      embed,
      model,
      ...running(context),
      onProgress: ({ done, total }) => progress.update(done, counted(done, 'document'), total),
    })
    .finally(() => progress.end())
  await context.print(report, [
    report.switched === 0
      ? `model ${model} serves already`
      : `model ${model} serves: ${counted(report.switched, 'document')}, ${report.embedded} embedded now`,
  ])
  return EXIT.ok
}

function running(context: Context): { batch: number; signal: AbortSignal } {
  const batch = context.flags.integer('batch', 1, 100_000) ?? DEFAULT_BATCH
  return { batch, signal: context.signal }
}

/** The remaining work, and its cost. */
interface Estimate {
  readonly documents: number
  readonly tokens: number
  readonly cost: number | undefined
}

function estimate(
  context: Context,
  db: Connection,
  docs: Collection,
  table: TableDescription,
  dataset: string,
): Estimate {
  using statement = db.prepare(
    `SELECT count(*), coalesce(sum(length(content)), 0) FROM main.${doubleQuoted(table.shadow)}
     WHERE dataset_id = ? AND length(embedding) > 0`,
  )
  const [total, characters] = statement.raw().get(dataset) as [number, number]
  const found = docs.migration()
  const left = found?.state === 'running' ? total - found.done : total
  const share = total === 0 ? 0 : left / total
  const tokens = Math.ceil((characters * share) / CHARACTERS_PER_TOKEN)
  const price = context.flags.number('price')
  return {
    documents: left,
    tokens,
    cost: price === undefined ? undefined : (tokens / 1_000_000) * price,
  }
}

/** Asks on a terminal. Elsewhere, only --yes agrees. */
async function isAgreed(context: Context, { documents, tokens, cost }: Estimate): Promise<boolean> {
  const priced = cost === undefined ? '' : `, ${cost.toFixed(2)} at the given price`
  const text = `${counted(documents, 'document')}, about ${counted(tokens, 'token')}${priced}`
  await context.note(`to embed: ${text}`)
  if (context.flags.on('yes')) return true
  if (!process.stdin.isTTY || context.json) {
    throw usageError(`to embed: ${text}: nothing was started`, 'agree with --yes')
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question('start? [y/N] ', { signal: context.signal })
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
