import { VecError } from '../../core/errors.ts'

/** The error of a worker whose file does not serve collections. */
export function withoutCollections(): VecError {
  return new VecError('VEC_WORKER', 'this worker does not answer calls of an AsyncCollection', {
    hint: "in the file of the worker: import { collections, serve } from 'sqlite-vec-ts/serve', and serve({ collections })",
  })
}
