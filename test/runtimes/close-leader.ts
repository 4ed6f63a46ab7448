import { drawing, type Tab } from './tab-site.ts'

/** What went wrong while the tab that had the database open was closed. */
export interface LeaderReport {
  /** Writes that were answered, and are not in the file exactly once. */
  readonly lost: number
  /** Searches whose answer is not that of the rows at that time. */
  readonly wrong: number
  /** Writes that were rejected because it is unknown whether they were committed. */
  readonly uncertain: number
}

const DIM = 16

/** What a tab does. Each has a dataset of its own, so that it knows what a search must find. */
const work = (dataset: string, seed: number): string => `
  ${drawing(seed)}
  const rows = new Map(), maybe = new Set()
  let wrong = 0
  const vector = () => Float32Array.from({ length: ${DIM} }, drawn)
  const far = (a, b) => Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0))
  globalThis.done = 0
  for (let i = 0; i < 100; i++) {
    const id = 'n' + i, made = vector()
    try {
      await state.db.run('INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)', ['${dataset}', id, made])
      rows.set(id, made)
    } catch (error) {
      if (error.code !== 'VEC_LEADER') throw error
      maybe.add(id)
    }
    const query = vector()
    const { hits } = await state.db.search('docs', { dataset: '${dataset}', vector: query, k: 5 })
    const nearest = [...rows].map(([key, row]) => [far(row, query), key]).sort(([a], [b]) => a - b).map(([, key]) => key)
    const found = hits.map(hit => hit.id).filter(key => !maybe.has(key))
    const expected = nearest.slice(0, maybe.size === 0 ? 5 : found.length)
    if (found.join() !== expected.join() || hits.length !== Math.min(5, hits.length - found.length + rows.size)) wrong++
    globalThis.done = i
  }
  return { ids: [...rows.keys()], maybe: [...maybe], wrong }`

/**
 * Closes the leading tab in the middle of 200 searches and 200 writes of two other tabs. `round`, from 1, chooses the vectors
 * and the moment.
 */
export async function closeLeader(open: () => Promise<Tab>, round: number): Promise<LeaderReport> {
  const [leader, first, second] = [await open(), await open(), await open()]
  for (const tab of [leader, first, second]) await tab.run(`state.db = await connect('app.sqlite')`)
  await leader.run(
    `await state.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=euclidean)')`,
  )
  const tabs = { a: first, b: second }
  const working = Object.entries(tabs).map(async ([dataset, tab]) => {
    const done = await tab.run<{ ids: string[]; maybe: string[]; wrong: number }>(
      work(dataset, round * 2 + (dataset === 'a' ? 0 : 1)),
    )
    return { dataset, done }
  })
  await first.page.waitForFunction(`globalThis.done >= ${5 + ((round * 37) % 80)}`)
  await leader.page.close()
  let [lost, wrong, uncertain] = [0, 0, 0]
  for (const { dataset, done } of await Promise.all(working)) {
    const stored = await second.run<string[]>(
      `return await state.db.all('SELECT id FROM _vec_docs WHERE dataset_id = ?', ['${dataset}'], { rows: 'values' })`,
    )
    const left = new Set(stored)
    lost += done.ids.filter(id => !left.has(id)).length
    // A row that no tab wrote, or wrote twice.
    const known = new Set([...done.ids, ...done.maybe])
    wrong += done.wrong + stored.filter(id => !known.has(id)).length + stored.length - left.size
    uncertain += done.maybe.length
  }
  for (const tab of [first, second]) await tab.page.close()
  return { lost, wrong, uncertain }
}
