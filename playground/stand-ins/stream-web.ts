// In place of node:stream/web: what a page has by itself.

export const { TransformStream, CountQueuingStrategy } = globalThis
