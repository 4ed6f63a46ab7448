/** What a worker of your own calls, so that `connect()` can use it. */
export { serve, type ServeOptions } from '../worker/serve.ts'
export type { CollectionAnswers, ServeCollections } from '../worker/database-server.ts'
export { collections } from '../worker/collections/collection-server.ts'
