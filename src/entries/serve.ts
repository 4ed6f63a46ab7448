/** What a worker of your own calls, so that `connect()` can use it. */
export { serve, type ServeOptions } from '../worker/serve.ts'
