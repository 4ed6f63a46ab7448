import type { IndexOption, Kind, SavedKind } from './kind.ts'
import { autoKind } from './kinds/auto/kind.ts'
import { coverKind } from './kinds/cover-tree/kind.ts'
import { exactKind } from './kinds/exact/kind.ts'
import type { IndexKind } from './vector-index.ts'

/** The registry of kinds, by the values of the option `index`. */
export const KINDS: Readonly<Record<IndexOption, Kind>> = {
  auto: autoKind,
  brute: exactKind,
  cover: coverKind,
}

export const INDEX_OPTIONS: readonly IndexOption[] = Object.keys(KINDS) as IndexOption[]

/** The kinds that saved indexes can have, by name. */
export const SAVED_KINDS: Readonly<Record<IndexKind, SavedKind>> = {
  exact: exactKind,
  cover: coverKind,
}

/** The kind of a number in a file; undefined for an unknown number. */
export function kindOfCode(code: number): IndexKind | undefined {
  return Object.values(SAVED_KINDS).find(kind => kind.code === code)?.name
}
