import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { SqlValue } from '../../src/entries/main.ts'

/** A value as the golden files write it: its type, then its text or number. */
export type GoldenValue = readonly [type: string, value?: string | number | null]

export interface Step {
  readonly note?: string
  readonly sql: string
  readonly params?: readonly GoldenValue[] | null
  readonly columns?: readonly string[]
  readonly rows: readonly (readonly GoldenValue[])[] | null
  readonly error: string | null
}

export interface GoldenFile {
  /** The answers file without its ending. */
  readonly name: string
  /** Name of the database it starts from; the file need not exist: then it starts from nothing. */
  readonly db: string
  readonly vector_storage:
    | readonly { dataset_id: string; format: string; shadow_table_name: string }[]
    | null
  readonly steps: readonly Step[]
}

/** The folder with the recorded answers: GOLDEN_DIR, else the one of this repository. */
export const goldenDir: string = resolve(process.env['GOLDEN_DIR'] ?? 'test/golden')

export function goldenFiles(): GoldenFile[] {
  const folder = join(goldenDir, 'db')
  return readdirSync(folder)
    .filter(name => name.endsWith('.answers.json'))
    .toSorted()
    .map(name => {
      const file = JSON.parse(readFileSync(join(folder, name), 'utf8')) as GoldenFile
      return Object.assign(file, { name: basename(name, '.answers.json') })
    })
}

/** A folder of its own with a copy of a golden database in it. */
export function workingCopy(db: string): { readonly path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'))
  const from = join(goldenDir, 'db', db)
  const path = join(folder, db)
  if (existsSync(from)) copyFileSync(from, path)
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** For SQL: what the recorded value is in JavaScript. */
export function fromGolden([type, value]: GoldenValue): SqlValue {
  switch (type) {
    case 'null':
      return null
    case 'int':
      return Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value as string)
    case 'real':
      return realOf(value as string | number)
    case 'text':
      return value as string
    case 'blob':
      return new Uint8Array(Buffer.from((value as string | undefined) ?? '', 'hex'))
    default:
      throw new Error(`golden value of unknown type ${type}`)
  }
}

function realOf(value: string | number): number {
  if (typeof value === 'number') return value
  const special: Record<string, number> = {
    NaN: NaN,
    '+Inf': Infinity,
    Inf: Infinity,
    '-Inf': -Infinity,
  }
  return special[value] ?? Number(value)
}

/** The text of an error without what the original's driver puts round it, once or more. */
export function bareError(text: string): string {
  let bare = text
  for (;;) {
    const inner =
      /^SQL logic error: (.*) \(1\)$/s.exec(bare)?.[1] ?? /^(.*) \(8\)$/s.exec(bare)?.[1]
    if (inner === undefined) return bare
    bare = inner
  }
}
