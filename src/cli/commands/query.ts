import { isTooDeep } from '../../core/json-depth.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { TableDescription } from '../../entries/vec.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, isWritable, withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { FILTER_OPTION, filterOf } from '../filter-flag.ts'
import { hitLines, type Hit } from '../hit-lines.ts'
import { findHits, type Query } from '../query-hits.ts'
import { queryTerms, TERM_OPTIONS } from '../query-terms.ts'
import { chosenDataset, chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

const DEFAULT_K = 10

export const query: CommandBody = {
  details: [
    "The vector is JSON ('[0.1, 0.2]'), comma-separated numbers, or base64 of float32; - reads it from stdin.",
    'With --embed or --embed-command, it is a text, which is embedded. --text searches for words instead,',
    'and --hybrid for both, in a table with a text index (svec init --text content).',
    'The results are exact. A pipe gets score, dataset, id and content, separated by tabs.',
    'The exit code is 1 if nothing is found.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file' },
    { name: 'vector', description: 'the vector or the text; - is stdin', optional: true },
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
    'group-by': {
      type: 'string',
      value: 'field',
      description: 'only the best document of each value: meta.author, or a declared column',
    },
    ...TERM_OPTIONS,
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
    { line: "query docs.sqlite --text 'error E1042'", says: 'words, in a table with a text index' },
    {
      line: "query docs.sqlite '[0.2, 1]' --text 'error E1042' --hybrid --group-by meta.file",
      says: 'a vector and words, with the best document of each file',
    },
  ],
  run: async context => {
    const terms = await queryTerms(context)
    const path = context.arg('file')
    // Writable only to save the index that the first search builds.
    return withDatabase(context, path, { readonly: !isWritable(path) }, async db => {
      const table = chosenTable(context, db, path)
      const given = context.flags.texts('dataset')
      const datasets = given.length > 0 ? given : [chosenDataset(undefined, table)]
      const notes: string[] = []
      const wanted = { datasets, terms, ...limits(context) }
      const hits = findHits(db, path, table, wanted, note => notes.push(note))
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

function limits({ flags }: Context): Omit<Query, 'datasets' | 'terms'> {
  return {
    k: flags.integer('k', 1) ?? DEFAULT_K,
    minScore: flags.number('min-score'),
    condition: filterOf(flags),
    groupBy: flags.text('group-by'),
  }
}

/** Suggests the likeliest reason: the dataset does not exist. */
function nothingFound(table: TableDescription, datasets: readonly string[]): string {
  const known = table.datasets.map(({ name }) => name)
  const unknown = datasets.find(dataset => !known.includes(dataset))
  if (unknown === undefined) return 'nothing found'
  return `nothing found: there is no dataset '${unknown}'${didYouMean(unknown, known)}`
}

/** The JSON of a hit. Metadata that is JSON becomes part of it. */
function hitJson(hit: Hit): object {
  return { ...hit, meta: parsed(hit.meta) }
}

function parsed(meta: string | null): unknown {
  // What SQLite does not read is shown as text. JSON.stringify() of some runtimes could not write it either.
  if (meta === null || isTooDeep(meta)) return meta
  try {
    return JSON.parse(meta) as unknown
  } catch {
    return meta
  }
}
