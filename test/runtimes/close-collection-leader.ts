import { drawing, type Tab } from './tab-site.ts'

/** What went wrong while one of two tabs that wrote documents was closed. */
export interface CollectionReport {
  /** Documents whose write was answered, and that are not stored as they were written. */
  readonly lost: number
  /** Answers that are not those of a search of every document, in double precision. */
  readonly wrong: number
  /** Writes of the tab that stayed that were rejected as uncertain, and made again. */
  readonly rejected: number
  /** Writes of the tab that was closed, which the other one knows to have been answered. */
  readonly answered: number
}

const DIM = 8
/** The documents that the tab that stays writes. */
const WRITES = 60

/** A tab's collection. The content of a document is the numbers of its vector, which `embed` reads. */
const declare = (seed: number): string => `
  ${drawing(seed)}
  state.content = () => Array.from({ length: ${DIM} }, drawn).join(' ')
  state.vector = content => Float32Array.from(content.split(' '), Number)
  state.db = await connect('app.sqlite')
  state.notes = new AsyncCollection(state.db, {
    table: 'notes',
    dataset: 'me',
    declaration: 'doc_id, text=content, metric=euclidean',
    embed: async texts => texts.map(state.vector),
    model: 'numbers',
  })
  state.told = new BroadcastChannel('answered')`

/** Writes until the tab is closed, and tells each document whose write was answered. */
const LEAD = `
  void (async () => {
    for (let i = 0; ; i++) {
      const made = { id: 'a' + i, content: state.content(), meta: { tab: 'a' } }
      await state.notes.upsert([made])
      state.told.postMessage(made)
    }
  })()`

/** Writes, searches its own documents, and in the end all. */
const STAY = `
  const others = new Map()
  state.told.onmessage = ({ data }) => others.set(data.id, data.content)
  const own = new Map()
  let wrong = 0, rejected = 0
  const nearest = (documents, query, k) => [...documents]
    .map(([id, content]) => [Math.hypot(...state.vector(content).map((y, i) => y - query[i])), id])
    .sort(([a], [b]) => a - b).slice(0, k).map(([, id]) => id)
  const check = async (documents, filter) => {
    const query = state.vector(state.content())
    const { hits } = await state.notes.query({ text: [...query].join(' '), k: 5, filter })
    if (hits.map(({ id }) => id).join() !== nearest(documents, query, 5).join()) wrong++
  }
  globalThis.done = 0
  for (let i = 0; i < ${WRITES}; i++) {
    const made = { id: 'b' + i, content: state.content(), meta: { tab: 'b' } }
    for (;;)
      try {
        await state.notes.upsert([made])
        break
      } catch (error) {
        if (error.code !== 'VEC_LEADER') throw error
        rejected++
      }
    own.set(made.id, made.content)
    await check(own, { tab: 'b' })
    globalThis.done = i
  }
  const kept = new Map()
  let cursor
  do {
    const page = await state.notes.list({ cursor, limit: 100 })
    for (const { id, content } of page.documents) kept.set(id, content)
    cursor = page.cursor
  } while (cursor !== undefined)
  for (let i = 0; i < 20; i++) await check(kept)
  const lost = [...own, ...others].filter(([id, content]) => kept.get(id) !== content).length
  const strange = [...kept.keys()].filter(id => !id.startsWith('a') && !own.has(id)).length
  return { wrong: wrong + strange, lost, rejected, answered: others.size }`

/** Closes the tab that has the database open while both it and another one write and search documents. */
export async function closeCollectionLeader(
  open: () => Promise<Tab>,
  seed: number,
): Promise<CollectionReport> {
  const [leader, other] = [await open(), await open()]
  await leader.run(declare(seed))
  await other.run(declare(seed + 1))
  const staying = other.run<CollectionReport>(STAY)
  await leader.run(LEAD)
  await other.page.waitForFunction(`globalThis.done >= ${WRITES / 3}`)
  await leader.page.close()
  const found = await staying
  await other.page.close()
  return found
}
