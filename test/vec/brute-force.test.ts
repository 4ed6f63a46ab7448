import assert from 'node:assert/strict'
import { open, type Connection, type Metric } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { Model, type ModelRow } from './model.ts'
import { ask } from './queries.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

const DATASETS = ['a', 'A', 'a ', 'ü😀', "it's"]
const PLAIN = `dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB, archived INTEGER NOT NULL DEFAULT 0`

interface Setting {
  readonly name: string
  readonly metric: Metric
  readonly dim: number
  readonly rows: number
  readonly questions: number
  /** The shadow table, where it is not the vec table's own. */
  readonly shadow?: string
  readonly includeArchived?: boolean
  /** Auto unless given. */
  readonly index?: string
  readonly datasets?: readonly string[]
}

const settings: readonly Setting[] = [
  { name: 'cosine', metric: 'cosine', dim: 3, rows: 200, questions: 400 },
  { name: 'euclidean', metric: 'euclidean', dim: 8, rows: 200, questions: 400 },
  { name: 'dot', metric: 'dot', dim: 5, rows: 200, questions: 400 },
  { name: 'manhattan', metric: 'manhattan', dim: 7, rows: 200, questions: 400 },
  {
    name: 'more floats than stay in memory, manhattan',
    metric: 'manhattan',
    dim: 100,
    rows: 4500,
    questions: 30,
    datasets: ['big', 'small'],
  },
  {
    name: 'cover tree, manhattan',
    metric: 'manhattan',
    dim: 3,
    rows: 900,
    questions: 200,
    index: 'cover',
  },
  { name: 'one dimension', metric: 'euclidean', dim: 1, rows: 60, questions: 200 },
  {
    name: 'archived rows shown',
    metric: 'cosine',
    dim: 4,
    rows: 120,
    questions: 200,
    includeArchived: true,
  },
  {
    name: 'WITHOUT ROWID',
    metric: 'cosine',
    dim: 6,
    rows: 150,
    questions: 250,
    shadow: `(${PLAIN}, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID`,
  },
  {
    name: 'key the other way round',
    metric: 'dot',
    dim: 6,
    rows: 150,
    questions: 250,
    shadow: `(own INTEGER PRIMARY KEY, ${PLAIN}, extra TEXT UNIQUE, UNIQUE (id, dataset_id))`,
  },
  {
    name: 'more floats than stay in memory, cosine',
    metric: 'cosine',
    dim: 128,
    rows: 4200,
    questions: 30,
    datasets: ['big', 'small'],
  },
  {
    name: 'more floats than stay in memory, euclidean',
    metric: 'euclidean',
    dim: 96,
    rows: 5000,
    questions: 30,
    datasets: ['big', 'small'],
  },
  { name: 'a scan asked for', metric: 'cosine', dim: 4, rows: 150, questions: 150, index: 'brute' },
  {
    name: 'cover tree, cosine',
    metric: 'cosine',
    dim: 3,
    rows: 900,
    questions: 300,
    index: 'cover',
  },
  {
    name: 'cover tree, euclidean, of levels',
    metric: 'euclidean',
    dim: 4,
    rows: 900,
    questions: 300,
    index: 'cover, cover_bound=level, cover_base=2',
    datasets: ['big', 'small'],
  },
  {
    name: 'large cover tree, cosine',
    metric: 'cosine',
    dim: 64,
    rows: 5000,
    questions: 30,
    index: 'cover',
    datasets: ['big', 'small'],
  },
  {
    name: 'cover tree over one dimension, WITHOUT ROWID',
    metric: 'euclidean',
    dim: 1,
    rows: 1500,
    questions: 100,
    index: 'cover',
    shadow: `(${PLAIN}, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID`,
  },
  {
    name: 'a tree chosen by auto, euclidean',
    metric: 'euclidean',
    dim: 2,
    rows: 32_000,
    questions: 20,
    datasets: ['big', 'small'],
  },
]

for (const [stream, setting] of settings.entries()) {
  test(`the vec table agrees with brute force: ${setting.name}`, async () => {
    const r = new Random(stream)
    using db = await open(':memory:')
    if (setting.shadow !== undefined) db.exec(`CREATE TABLE _vec_docs ${setting.shadow}`)
    const options = `metric=${setting.metric}, index=${setting.index ?? 'auto'}${setting.includeArchived ? ', include_archived=1' : ''}`
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${options})`)
    const model = new Model(setting.metric, setting.dim, setting.includeArchived ?? false)
    const datasets = setting.datasets ?? DATASETS
    fill(r, db, model, setting, datasets)
    for (let n = 0; n < setting.questions; n++) {
      if (n % 10 === 9) change(r, db, model, datasets, () => ask(r, db, 'docs', model, datasets))
      ask(r, db, 'docs', model, datasets)
      if (n % 20 === 0) checkScan(db, model, datasets)
    }
  })
}

/** The first row of each dataset fixes its dimension, and stays. */
function fill(
  r: Random,
  db: Connection,
  model: Model,
  setting: Setting,
  datasets: readonly string[],
): void {
  db.transaction(() => {
    for (const dataset of datasets) {
      put(db, model, {
        ...someRow(r, model, dataset, '!'),
        id: '!',
        embedding: bytesOf(Float32Array.of(1, ...r.vector(model.dim - 1))),
        archived: 0,
      })
    }
    for (let n = 0; n < setting.rows; n++) {
      // Most rows stand in the first dataset.
      const dataset = r.chance(0.8) && setting.datasets ? datasets[0] : r.pick(datasets)
      put(db, model, someRow(r, model, dataset, String(r.below(setting.rows))))
    }
  })()
}

function someRow(r: Random, model: Model, dataset: string, id: string): ModelRow {
  const kind = r.below(24)
  let embedding: Uint8Array | null = bytesOf(r.vector(model.dim))
  if (kind === 0) embedding = null
  else if (kind === 1) embedding = new Uint8Array(0)
  else if (kind === 2) embedding = new Uint8Array(model.dim * 4)
  else if (kind === 3) embedding = embedding.slice(0, -1)
  else if (kind === 4) embedding = bytesOf(r.vector(model.dim + 1))
  else if (kind === 5) embedding.set([0, 0, 0xc0, 0x7f])
  else if (kind < 12) {
    // A copy of another row's vector: their scores tie.
    const other = r.pick([...model.rows.values()])
    embedding = other?.embedding?.length === model.dim * 4 ? other.embedding : embedding
  }
  return {
    dataset,
    id: r.chance(0.1) ? `ï-${id}` : id,
    embedding,
    archived: r.chance(0.15) ? 1 : 0,
    content: r.chance(0.1) ? null : `content of ${id}`,
    meta: JSON.stringify({ lang: r.pick(['en', 'de', 'fr']), n: r.below(10) }),
  }
}

function put(db: Connection, model: Model, row: ModelRow): void {
  db.prepare(
    `INSERT OR REPLACE INTO _vec_docs(dataset_id, id, content, meta, embedding, archived) VALUES (?, ?, ?, ?, ?, ?)`,
  ).run(row.dataset, row.id, row.content, row.meta, row.embedding, row.archived)
  model.put(row)
}

/** Some writes, alone or in a transaction that is asked in between and may be rolled back. */
function change(
  r: Random,
  db: Connection,
  model: Model,
  datasets: readonly string[],
  question: () => void,
): void {
  const write = (): void => {
    const some = [...model.rows.values()].filter(row => row.id !== '!')
    const victim = r.pick(some)
    const kind = r.below(5)
    if (kind === 0) {
      db.prepare('DELETE FROM _vec_docs WHERE dataset_id = ? AND id = ?').run(
        victim.dataset,
        victim.id,
      )
      model.delete(victim.dataset, victim.id)
    } else if (kind === 1) {
      const archived = 1 - victim.archived
      db.prepare('UPDATE _vec_docs SET archived = ? WHERE dataset_id = ? AND id = ?').run(
        archived,
        victim.dataset,
        victim.id,
      )
      model.put({ ...victim, archived })
    } else if (kind === 2) {
      const id = `moved-${r.below(50)}`
      if (model.get(victim.dataset, id)) return
      db.prepare('UPDATE _vec_docs SET id = ? WHERE dataset_id = ? AND id = ?').run(
        id,
        victim.dataset,
        victim.id,
      )
      model.delete(victim.dataset, victim.id)
      model.put({ ...victim, id })
    } else put(db, model, someRow(r, model, r.pick(datasets), String(r.below(100))))
  }
  if (r.chance(0.4)) {
    write()
    return
  }
  const before = new Map(model.rows)
  db.exec('BEGIN')
  for (let n = r.below(4); n >= 0; n--) {
    write()
    if (r.chance(0.5)) question()
  }
  if (r.chance(0.5)) {
    const inner = new Map(model.rows)
    db.exec('SAVEPOINT inside')
    write()
    question()
    db.exec('ROLLBACK TO inside; RELEASE inside')
    model.rows = inner
    question()
  }
  if (r.chance(0.5)) {
    db.exec('ROLLBACK')
    model.rows = before
  } else db.exec('COMMIT')
}

function checkScan(db: Connection, model: Model, datasets: readonly string[]): void {
  for (const dataset of datasets) {
    const found = db
      .prepare('SELECT doc_id FROM docs WHERE dataset_id = ?')
      .pluck()
      .all(dataset) as string[]
    const expected = model.visible([dataset]).map(row => row.id)
    assert.deepEqual(found.toSorted(), expected.toSorted())
  }
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer.slice(0))
}
