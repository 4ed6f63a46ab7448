/** Static embedding models, which embed texts in this process: no server, no native addon. */
export { loadStaticEmbedder } from '../embedder/load-static-embedder.ts'
export { StaticEmbedder, type StaticModel } from '../embedder/static-embedder.ts'
