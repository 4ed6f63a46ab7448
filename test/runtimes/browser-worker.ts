/**
 * The worker of the browser tests, as text: it runs what a test sends it, with the package and the open database at hand, and
 * answers with the result or the error.
 */
export const WORKER = `
import * as vec from 'sqlite-vec-ts'
import * as stored from 'sqlite-vec-ts/browser'
import * as engine from 'sqlite-vec-ts/engine'
const state = { vec, stored, engine, db: undefined }
onmessage = async ({ data: { id, code } }) => {
  try {
    const run = new Function('state', 'return (async ({ vec, stored, engine }) => {' + code + '})(state)')
    postMessage({ id, value: await run(state) })
  } catch (error) {
    postMessage({ id, error: { name: error.name, code: error.code, message: error.message, hint: error.hint } })
  }
}`

/** The page: \`ask(code)\` runs code in the worker of this page, \`here(code)\` on its main thread. */
export const PAGE = `
import * as vec from 'sqlite-vec-ts'
import * as stored from 'sqlite-vec-ts/browser'
globalThis.start = () => {
  const worker = new Worker('./worker.js', { type: 'module' })
  let ids = 0
  const ask = code => new Promise((done, failed) => {
    const id = ++ids
    const answer = ({ data }) => {
      if (data.id !== id) return
      worker.removeEventListener('message', answer)
      if (data.error) failed(Object.assign(new Error(data.error.message), data.error))
      else done(data.value)
    }
    worker.addEventListener('message', answer)
    worker.postMessage({ id, code })
  })
  return { ask, worker }
}
const first = start()
globalThis.ask = first.ask
globalThis.here = code => new Function('vec', 'stored', 'return (async () => {' + code + '})()')(vec, stored)
globalThis.outcome = work => work.then(value => ({ value }), ({ name, code, message, hint }) => ({ error: { name, code, message, hint } }))
globalThis.ready = true`
