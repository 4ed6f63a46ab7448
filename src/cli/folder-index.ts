import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, resolve, sep } from 'node:path'
import { doubleQuoted } from '../core/quote.ts'
import type { SourceRecord } from '../entries/interchange.ts'
import type { Connection } from '../entries/main.ts'
import type { TableDescription } from '../entries/vec.ts'
import { chunkText } from '../entries/vecutil.ts'
import { inputError } from './cli-error.ts'

const FORMATS: Readonly<Record<string, 'markdown' | 'text'>> = {
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.txt': 'text',
}

/** The settings that affect the parts of a file, besides its text. */
export interface PartOptions {
  readonly size: number
  readonly overlap: number
  readonly model: string | undefined
}

/** The stored state of one file. */
interface StoredFile {
  readonly ids: string[]
  /** The hash of the text, if all parts of it are stored; undefined if an earlier run stopped in between. */
  readonly hash: string | undefined
}

/** Compares the files of a folder with the parts in a dataset: which to embed, and which to delete. */
export class FolderIndex {
  /** The name of the folder in the table. */
  readonly name: string
  readonly changed: readonly string[]
  readonly unchanged: number
  /** Files that are stored, but no longer in the folder. */
  readonly removed: readonly string[]
  /** Files that are not UTF-8. */
  readonly unreadable: string[] = []
  readonly #folder: string
  readonly #options: PartOptions
  readonly #stored: ReadonlyMap<string, StoredFile>
  readonly #written = new Set<string>()

  constructor(
    db: Connection,
    table: TableDescription,
    dataset: string,
    folder: string,
    options: PartOptions,
  ) {
    if (!statSync(folder).isDirectory()) {
      throw inputError(`${folder} is a file: expected a folder`, 'to read a file, use svec import')
    }
    this.name = basename(resolve(folder))
    this.#folder = folder
    this.#options = options
    this.#stored = storedFiles(db, table, dataset, this.name)
    const files = filesIn(folder)
    this.changed = files.filter(file => this.#isChanged(file))
    this.unchanged = files.length - this.changed.length
    const present = new Set(files)
    this.removed = [...this.#stored.keys()].filter(file => !present.has(file))
  }

  /** The parts of new and changed files. */
  *records(): Generator<SourceRecord> {
    for (const file of this.changed) {
      const bytes = this.#read(file)
      const text = decoded(bytes)
      if (text === undefined) {
        this.unreadable.push(file)
        continue
      }
      const { size, overlap } = this.#options
      const format = FORMATS[extname(file).toLowerCase()]
      const parts = chunkText(text, { format, maxSize: size, overlap })
      const common = { folder: this.name, file, hash: this.#hashOf(bytes), parts: parts.length }
      for (const [n, { text: content, start, headings }] of parts.entries()) {
        const id = `${file}#${n}`
        this.#written.add(id)
        const meta = headings.length === 0 ? { start } : { start, headings }
        yield { id, content, meta: { ...common, ...meta } }
      }
    }
  }

  /** Stored parts that are out of date. Call it after `records`. */
  stale(): string[] {
    const files = [...this.changed, ...this.removed]
    const stored = files.flatMap(file => this.#stored.get(file)?.ids ?? [])
    return stored.filter(id => !this.#written.has(id))
  }

  #read(file: string): Buffer {
    return readFileSync(join(this.#folder, file))
  }

  #isChanged(file: string): boolean {
    const bytes = this.#read(file)
    const stored = this.#stored.get(file)
    // Nothing is stored for a file without text.
    if (stored === undefined) return bytes.some(byte => byte > 32)
    return stored.hash !== this.#hashOf(bytes)
  }

  #hashOf(bytes: Uint8Array): string {
    const { size, overlap, model = '' } = this.#options
    const hash = createHash('sha256').update(JSON.stringify([size, overlap, model]))
    return hash.update(bytes).digest('hex').slice(0, 32)
  }
}

/** Text and Markdown files below a folder, with forward slashes. Hidden files and node_modules are skipped. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && extname(entry.name).toLowerCase() in FORMATS)
    .map(entry => join(entry.parentPath, entry.name).slice(join(folder, sep).length))
    .map(path => path.split(sep))
    .filter(names => !names.some(name => name.startsWith('.') || name === 'node_modules'))
    .map(names => names.join('/'))
    .toSorted()
}

function storedFiles(
  db: Connection,
  { shadow }: TableDescription,
  dataset: string,
  folder: string,
): Map<string, StoredFile> {
  using statement = db.prepare(
    `SELECT id, meta ->> 'file', meta ->> 'hash', meta ->> 'parts' FROM main.${doubleQuoted(shadow)}
     WHERE dataset_id = ? AND CASE WHEN json_valid(meta) THEN meta ->> 'folder' END = ?
       AND embedding IS NOT NULL`,
  )
  const files = new Map<string, { ids: string[]; hashes: Set<string>; parts: number }>()
  for (const row of statement.raw().iterate(dataset, folder)) {
    const [id, file, hash, parts] = row as [string, string, string, number]
    const known = files.get(file) ?? { ids: [], hashes: new Set(), parts }
    known.ids.push(id)
    known.hashes.add(hash)
    files.set(file, known)
  }
  return new Map(
    Array.from(files, ([file, { ids, hashes, parts }]) => {
      const whole = hashes.size === 1 && ids.length === parts
      return [file, { ids, hash: whole ? [...hashes][0] : undefined }]
    }),
  )
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
