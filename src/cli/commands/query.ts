import { doubleQuoted } from '../../core/quote.ts'
import { didYouMean } from '../../core/suggest.ts'
import { RowFilter } from '../../entries/interchange.ts'
import { encodeEmbedding, type BindValue, type Connection } from '../../entries/main.ts'
import type { TableDescription } from '../../entries/vec.ts'
import { parseVectorText } from '../../entries/vector.ts'
import { embedTexts } from '../../entries/vecutil.ts'
import { inputError, usageError } from '../cli-error.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, isWritable, withDatabase } from '../database.ts'
import { EMBED_OPTIONS, embedCommand } from '../embed-command.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { FILTER_OPTION, filterOf } from '../filter-flag.ts'
import { hitLines, type Hit } from '../hit-lines.ts'
import { chosenDataset, chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

const DEFAULT_K = 10

export const query: CommandBody = {
  details: [
    "The vector is JSON ('[0.1, 0.2]'), comma-separated numbers, or base64 of float32; - reads it from stdin.",
    'With --embed-command, it is a text, which the command embeds.',
    'The results are exact. A pipe gets score, dataset, id and content, separated by tabs.',
    'The exit code is 1 if nothing is found.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file' },
    { name: 'vector', description: 'the vector or the text; - is stdin' },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: datasetOption(
      'the dataset to search, may be repeated; optional if there is only one',
      true,
    ),
    k: {
      type: 'string',
      short: 'k',
      value: 'n',
      description: `the number of results (${DEFAULT_K})`,
    },
    'min-score': {
      type: 'string',
      value: 'x',
      description: 'only documents with at least this score',
    },
    ...FILTER_OPTION,
    ...EMBED_OPTIONS,
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: "query docs.sqlite '[0.2, 1]' -k 3", says: 'the three nearest' },
    {
      line: `query docs.sqlite '[0.2, 1]' --filter '{"lang": "en", "year": {"$gte": 2020}}'`,
      says: 'the nearest among those that match a condition',
    },
    {
      line: "query docs.sqlite 'where books are kept' --embed-command ./embed.py --json",
      says: 'a text, with the results as JSON',
    },
  ],
  run: async context => {
    const vector = await queryVector(context)
    const path = context.arg('file')
    // Written only to save the index that the first search builds.
    return withDatabase(context, path, { readonly: !isWritable(path) }, async db => {
      const table = chosenTable(context, db, path)
      const given = context.flags.texts('dataset')
      const datasets = given.length > 0 ? given : [chosenDataset(undefined, table)]
      const notes: string[] = []
      const hits = search(context, db, table, datasets, vector, note => notes.push(note))
      const many = datasets.length > 1
      if (context.json) await context.printJson(hits.map(hitJson))
      else {
        for (const line of hitLines(hits, context.stdout, many)) await context.stdout.line(line)
        for (const note of notes) await context.note(`note: ${note}`)
        if (hits.length === 0) await context.note(nothingFound(table, datasets))
      }
      return (hits.length === 0 ? EXIT.found : EXIT.ok) satisfies ExitCode
    })
  },
}

/** A dataset that is not there is the likeliest reason. */
function nothingFound(table: TableDescription, datasets: readonly string[]): string {
  const known = table.datasets.map(({ name }) => name)
  const unknown = datasets.find(dataset => !known.includes(dataset))
  if (unknown === undefined) return 'nothing found'
  return `nothing found: there is no dataset '${unknown}'${didYouMean(unknown, known)}`
}

async function queryVector(context: Context): Promise<Uint8Array> {
  const given = context.arg('vector')
  const text = given === '-' ? await context.readStdin() : given
  const command = context.flags.text('embed-command')
  if (command !== undefined) {
    if (text.trim() === '') throw inputError('the text is empty')
    const { signal } = context
    const [embedding] = await embedTexts(embedCommand(command), [text], { signal })
    return embedding
  }
  try {
    return encodeEmbedding(parseVectorText(text))
  } catch (error) {
    const looksLikeText = /[a-z]{2}/i.test(text) && !text.trim().startsWith('[')
    throw inputError(
      `cannot parse the vector: ${(error as Error).message}`,
      looksLikeText
        ? 'to search for a text, name the command that embeds it: --embed-command'
        : "'[0.1, 0.2]', '0.1, 0.2', or base64 of float32",
    )
  }
}

function search(
  context: Context,
  db: Connection,
  table: TableDescription,
  datasets: readonly string[],
  vector: Uint8Array,
  told: (note: string) => void,
): Hit[] {
  const { flags } = context
  const column = doubleQuoted(table.column)
  const minScore = flags.number('min-score')
  const condition = filterOf(flags)
  const marks = datasets.map(() => '?').join(', ')
  const parameters: BindValue[] = [...datasets, vector, flags.integer('k', 1) ?? DEFAULT_K]
  const where = [`dataset_id IN (${marks})`, `${column} MATCH ?`, 'k = ?']
  if (minScore !== undefined) {
    where.push('match_score >= ?')
    parameters.push(minScore)
  }
  const found = (conditions: readonly string[], more: readonly BindValue[] = []): Hit[] => {
    using statement = db.prepare(
      `SELECT dataset_id AS dataset, ${column} AS id, match_score AS score, distance, content, meta
       FROM main.${doubleQuoted(table.name)} WHERE ${conditions.join(' AND ')} ORDER BY match_score DESC`,
    )
    return statement.all([...parameters, ...more]) as Hit[]
  }
  if (condition === undefined) return found(where)
  if (typeof condition === 'object') {
    return found([...where, 'filter = ?'], [JSON.stringify(condition)])
  }
  if (datasets.length > 1) {
    throw usageError(
      '--filter with SQL works on one dataset at a time',
      'query each dataset separately, or write the filter as JSON',
    )
  }
  const ids = `SELECT id FROM main.${doubleQuoted(table.shadow)} WHERE dataset_id = ?`
  const filter = new RowFilter(db, table, condition)
  return filter.run(
    sql =>
      found([...where, `${column} IN (${ids} AND ${sql})`], [datasets[0], ...filter.parameters]),
    told,
  )
}

/** Metadata that is JSON is part of the answer as such. */
function hitJson(hit: Hit): object {
  return { ...hit, meta: parsed(hit.meta) }
}

function parsed(meta: string | null): unknown {
  if (meta === null) return null
  try {
    const value = JSON.parse(meta) as unknown
    // What is nested too deeply to be written again is shown as text.
    JSON.stringify(value)
    return value
  } catch {
    return meta
  }
}
