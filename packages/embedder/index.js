/** The folder of the model, for `loadStaticEmbedder()` of sqlite-vec-ts/embedder. */
export const folder = new URL('./model/', import.meta.url)
