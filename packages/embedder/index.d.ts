/**
 * The folder of the model.
 *
 *     import { loadStaticEmbedder } from 'sqlite-vec-ts/embedder'
 *     import { folder } from 'sqlite-vec-ts-embedder'
 *     const embedder = await loadStaticEmbedder(folder)
 */
export declare const folder: URL
