import type { Utf8 } from '../core/utf8.ts'

/** A value from SQLite. Integers beyond 2^53 are bigint, so that none is rounded. */
export type SqlValue = null | number | bigint | string | Uint8Array

/** A value for SQLite. Bytes and embeddings bind as a BLOB of exactly their own bytes, booleans as 0 and 1. */
export type BindValue = SqlValue | boolean | Float32Array | DataView | ArrayBuffer | Utf8
