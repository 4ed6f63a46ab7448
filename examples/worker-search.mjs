// Searches in a worker thread, so that a long one does not hold up the event loop of a server. Each worker opens the
// file by itself: connections are not shared between threads, and several workers search at once.

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { open } from 'sqlite-vec-ts'

/** A worker that searches a file: `search(vector, k)` resolves with the nearest documents. */
export class SearchWorker {
  #worker
  #asked = new Map()
  #next = 0

  constructor(path) {
    this.#worker = new Worker(new URL(import.meta.url), { workerData: path })
    this.#worker.on('message', ({ number, hits, error }) => {
      const { resolve, reject } = this.#asked.get(number)
      this.#asked.delete(number)
      if (error === undefined) resolve(hits)
      else reject(error)
    })
  }

  search(vector, k) {
    const number = this.#next++
    this.#worker.postMessage({ number, vector, k })
    return new Promise((resolve, reject) => this.#asked.set(number, { resolve, reject }))
  }

  close() {
    return this.#worker.terminate()
  }
}

if (!isMainThread) {
  const db = await open(workerData, { readonly: true })
  const nearest = db.prepare(`
    SELECT doc_id, distance FROM docs WHERE dataset_id = 'all' AND doc_id MATCH ? AND k = ?`)
  parentPort.on('message', ({ number, vector, k }) => {
    try {
      parentPort.postMessage({ number, hits: nearest.all(vector, k) })
    } catch (error) {
      parentPort.postMessage({ number, error })
    }
  })
}
