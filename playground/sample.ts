import { WorkerSource } from './worker-source.ts'

/** As `scripts/build-sample.mjs` writes it. */
interface Sample {
  readonly dim: number
  readonly words: readonly (readonly [
    word: string,
    category: string,
    definition: string,
    scale: number,
  ])[]
}

/** A database of English words: word vectors, definitions, and the category of each word. */
export async function openSample(): Promise<WorkerSource> {
  // Comes while the worker starts.
  const files = Promise.all([
    fetched('./sample.json').then(async response => (await response.json()) as Sample),
    fetched('./sample.bin').then(async response => new Int8Array(await response.arrayBuffer())),
  ])
  // Said by the await below, which a failure of the worker would never reach.
  files.catch(() => undefined)
  return WorkerSource.create('words.sqlite', async db => {
    await db.exec("CREATE VIRTUAL TABLE words USING vec(doc_id, text='content')")
    const [{ dim, words }, codes] = await files
    const rows = words.map(([word, category, definition, scale], i) => {
      const embedding = Float32Array.from(
        codes.subarray(i * dim, (i + 1) * dim),
        code => code * scale,
      )
      const meta = JSON.stringify({ category, letters: word.length })
      return ['English', word, definition, meta, embedding, 'glove.6B.100d']
    })
    const columns = ['dataset_id', 'id', 'content', 'meta', 'embedding', 'embedding_model']
    await db.insertMany('_vec_words', columns, rows)
  })
}

async function fetched(path: string): Promise<Response> {
  const response = await fetch(path)
  if (response.ok) return response
  throw new Error(`the sample could not be loaded: ${path} gives ${response.status}`)
}
