import type { Connection, Metric } from '../../src/entries/main.ts'

/** A vec table as its CREATE statement tells it, read here without the product's own parser. */
export interface DeclaredTable {
  readonly name: string
  readonly column: string
  readonly index: string
  readonly metric: Metric
}

const CREATE =
  /^\s*CREATE VIRTUAL TABLE (?:IF NOT EXISTS )?(?:\w+\.)?("[^"]+"|[^\s(]+) USING vec\b\s*(?:\((.*)\))?\s*$/is

export interface CreateVec {
  readonly name: string
  /** The table's name as written. */
  readonly written: string
  readonly args: readonly string[]
}

export function parseCreate(sql: string): CreateVec | undefined {
  const found = CREATE.exec(sql)
  if (!found) return undefined
  const args = (found[2] ?? '').split(',').map(arg => arg.trim())
  return {
    name: found[1].replaceAll('"', ''),
    written: found[1],
    args: args.filter(arg => arg !== ''),
  }
}

function declared(create: CreateVec): DeclaredTable {
  const options = new Map<string, string>()
  for (const arg of create.args) {
    const [key, value = ''] = arg.split('=').map(part => part.trim().toLowerCase())
    options.set(key, value.replaceAll(/['"]/g, ''))
  }
  const distance = options.get('cover_distance') ?? options.get('metric') ?? 'cosine'
  const [first = 'doc_id'] = create.args
  return {
    name: create.name,
    column: first.includes('=') ? 'doc_id' : first.replaceAll('"', '').split(' ')[0],
    index: options.get('index') ?? 'auto',
    metric: distance === 'euclidean' || distance === 'l2' ? 'euclidean' : 'cosine',
  }
}

/** The vec tables of a database. */
export function vecTables(db: Connection): DeclaredTable[] {
  const sql = db.prepare("SELECT sql FROM sqlite_master WHERE sql LIKE '%USING vec%'").pluck().all()
  return (sql as string[]).flatMap(text => {
    const create = parseCreate(text)
    return create ? [declared(create)] : []
  })
}

/** Options as the original understood them: what it ignored without a word is left out. */
export function asOriginalRead({ written, args }: CreateVec): string {
  const known: Record<string, RegExp> = {
    dbpath: /^(?!$).*/,
    index: /^(auto|brute|cover)$/i,
    cover_base: /^(1\.\d*[1-9]\d*|[2-9]\d*(\.\d+)?)$/,
    cover_bound: /^(per_?node|level|bound\w+)$/i,
    cover_distance: /^(cosine|euclidean|l2)$/i,
    cover_parallel: /^(auto|off|\d+)$/i,
  }
  const [first = 'doc_id', ...rest] = args
  const column = first.includes('=') ? [] : [first]
  const options = (first.includes('=') ? args : rest).filter(arg => {
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/s.exec(arg) ?? []
    return key !== undefined && known[key.toLowerCase()]?.test(value) && !/^dbpath\s+=/i.test(arg)
  })
  return `CREATE VIRTUAL TABLE ${written} USING vec(${[...column, ...options].join(', ')})`
}
