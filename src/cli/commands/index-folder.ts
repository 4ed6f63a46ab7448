import { basename, resolve } from 'node:path'
import { counted } from '../../core/counted.ts'
import { importDocuments } from '../../entries/interchange.ts'
import type { Connection } from '../../entries/main.ts'
import { deleteShadowDocuments } from '../../entries/vecutil.ts'
import { usageError } from '../cli-error.ts'
import type { CommandBody } from '../command.ts'
import type { Context } from '../context.ts'
import { DATABASE_OPTIONS, withDatabase } from '../database.ts'
import { embedderOf, EMBED_OPTIONS } from '../embedder-flags.ts'
import { EXIT, type ExitCode } from '../exit-code.ts'
import { FolderIndex } from '../folder-index.ts'
import { chosenTable, datasetOption, TABLE_OPTION } from '../vec-tables.ts'

const DEFAULT_SIZE = 1000

export const indexFolder: CommandBody = {
  details: [
    'Reads the .md, .markdown and .txt files below the folder, splits them into chunks (Markdown at its',
    'headings), and embeds and stores those of new and changed files. Old chunks of changed and deleted',
    'files are deleted. Files are compared by content, so a second run embeds only what changed. Hidden',
    'files and node_modules are skipped. The meta of a chunk has folder, file, start and headings.',
  ],
  arguments: [
    { name: 'file', description: 'the SQLite file, made with svec init' },
    { name: 'folder', description: 'the folder to read' },
  ],
  options: {
    ...TABLE_OPTION,
    dataset: datasetOption('the dataset of the chunks (the name of the folder)'),
    size: {
      type: 'string',
      value: 'n',
      description: `maximum characters in a chunk (${DEFAULT_SIZE})`,
    },
    overlap: {
      type: 'string',
      value: 'n',
      description: 'characters shared by adjacent chunks (0)',
    },
    model: { type: 'string', value: 'name', description: 'write this as embedding_model' },
    ...EMBED_OPTIONS,
    ...DATABASE_OPTIONS,
  },
  examples: [
    {
      line: 'index docs.sqlite ./notes --embed-command ./embed.py',
      says: 'index a folder of Markdown; run it again after changes',
    },
  ],
  run: context => {
    const path = context.arg('file')
    return withDatabase(context, path, {}, db => indexInto(context, db, path))
  },
}

async function indexInto(context: Context, db: Connection, path: string): Promise<ExitCode> {
  const { flags, signal } = context
  const embedder = await embedderOf(context)
  if (embedder === undefined) {
    throw usageError(
      'svec index needs something that embeds texts',
      'give --embed static, or a command: --embed-command ./embed.py',
    )
  }
  const size = flags.integer('size') ?? DEFAULT_SIZE
  const overlap = flags.integer('overlap', 0) ?? 0
  if (overlap >= size) throw usageError(`--overlap ${overlap} must be less than --size ${size}`)
  const folder = context.arg('folder')
  const dataset = flags.text('dataset') ?? basename(resolve(folder))
  const { embed, model } = embedder
  const table = chosenTable(context, db, path)
  const index = new FolderIndex(db, table, dataset, folder, { size, overlap, model })
  const progress = context.progress('embedding')
  const { written } = await importDocuments(db, {
    table: table.name,
    dataset,
    model,
    source: { name: folder, records: index.records() },
    fields: { id: 'id', content: 'content', meta: 'meta' },
    onConflict: 'replace',
    embed,
    signal,
    onProgress: ({ written: parts }) => {
      progress.update(parts, counted(parts, 'part'))
    },
  }).finally(() => progress.end())
  const stale = index.stale()
  if (stale.length > 0) deleteShadowDocuments(db, table.shadow, dataset, stale)
  const { changed, removed, unchanged, unreadable } = index
  const indexed = changed.length - unreadable.length
  await context.print(
    {
      table: table.name,
      dataset,
      indexed,
      unchanged,
      removed: removed.length,
      unreadable,
      parts: written,
      deleted: stale.length,
    },
    [
      `dataset ${dataset}: ${counted(indexed, 'file')} indexed (${counted(written, 'chunk')}), ${unchanged} unchanged, ${removed.length} removed`,
      ...unreadable.map(file => `note: skipped ${file}: it is not UTF-8 text`),
    ],
  )
  return EXIT.ok
}
