import { doubleQuoted } from '../../core/quote.ts'
import { vecTableNames } from '../../entries/vec.ts'
import { CliError } from '../cli-error.ts'
import { COLUMN_OPTION, givenColumns } from '../column-flag.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { describe } from '../vec-tables.ts'

const DEFAULT_TABLE = 'docs'

export const init: CommandBody = {
  details: [
    'Creates the file if it does not exist. Documents are in an ordinary table beside the vec table,',
    "named _vec_ plus the table's name, which any SQLite program can read and write.",
    'A new file has pages of 16 KiB.',
  ],
  arguments: [{ name: 'file', description: 'the SQLite file' }],
  options: {
    table: {
      type: 'string',
      short: 't',
      value: 'name',
      description: `the vec table (${DEFAULT_TABLE})`,
    },
    metric: {
      type: 'string',
      short: 'm',
      value: 'name',
      description: 'cosine (default), euclidean, dot or manhattan',
    },
    index: { type: 'string', value: 'kind', description: 'auto (default), brute or cover' },
    type: {
      type: 'string',
      value: 'name',
      description: 'how numbers are stored: f32 (default), f16 or int8, in 4, 2 or 1 byte',
    },
    'int8-range': {
      type: 'string',
      value: 'number',
      description: 'int8: the largest number of an embedding (1)',
    },
    'id-column': {
      type: 'string',
      value: 'name',
      description: 'the name of its id column (doc_id)',
    },
    ...COLUMN_OPTION,
    text: {
      type: 'string',
      value: 'columns',
      description: 'keep a text index of content or declared columns: content, or title,content',
    },
    tokenize: {
      type: 'string',
      value: 'name',
      description: 'how texts become words: unicode61 (default), porter or trigram',
    },
    'include-archived': { type: 'boolean', description: 'also find rows with archived = 1' },
    dbpath: {
      type: 'string',
      value: 'file',
      description: 'the file with the documents, if it is another one',
    },
    'if-not-exists': { type: 'boolean', description: 'succeed if the table already exists' },
    ...DATABASE_OPTIONS,
  },
  examples: [
    { line: 'init docs.sqlite', says: 'the table docs, with the cosine metric' },
    {
      line: 'init docs.sqlite --table images --metric euclidean',
      says: 'a second table in the same file',
    },
    {
      line: 'init docs.sqlite --text content --tokenize porter --column lang=TEXT',
      says: 'a text index for words, and a column for filters',
    },
    { line: 'init docs.sqlite --type f16', says: 'embeddings in half the space' },
  ],
  run: context =>
    withDatabase(
      context,
      context.arg('file'),
      { create: true, dbpath: context.flags.text('dbpath') },
      async db => {
        const name = context.flags.text('table') ?? DEFAULT_TABLE
        const known = vecTableNames(db).some(table => table.toLowerCase() === name.toLowerCase())
        const made = !(known && context.flags.on('if-not-exists'))
        if (known && made) {
          throw new CliError('CLI_FILE', `the vec table ${name} already exists`, {
            hint: 'accept it with --if-not-exists, or choose another name with --table',
          })
        }
        if (made) db.exec(createTable(context, name))
        const { column, shadow } = describe(db, name)
        await context.print({ table: name, shadow, column, created: made }, [
          `${made ? 'created' : 'already exists:'} ${name}(dataset_id, ${column}), documents in ${shadow}`,
        ])
        return EXIT.ok satisfies ExitCode
      },
    ),
}

/** Whether the file is still empty. The page size of another one would change with its next VACUUM. */
function createTable(context: Context, name: string): string {
  const { flags } = context
  const values: readonly (readonly [string, string | undefined])[] = [
    ['metric', flags.text('metric')],
    ['index', flags.text('index')],
    ['type', flags.text('type')],
    ['int8_range', flags.text('int8-range')],
    ['include_archived', flags.on('include-archived') ? '1' : undefined],
    ['text', flags.text('text')],
    ['tokenize', flags.text('tokenize')],
    ['dbpath', flags.text('dbpath')],
  ]
  const given = values.filter(([, value]) => value !== undefined)
  const options = given.map(([key, value]) => `, ${key}='${value?.replaceAll("'", "''")}'`)
  const id = doubleQuoted(flags.text('id-column') ?? 'doc_id')
  const columns = [id, ...givenColumns(flags).map(({ sql }) => sql)].join(', ')
  return `CREATE VIRTUAL TABLE ${doubleQuoted(name)} USING vec(${columns}${options.join('')})`
}
