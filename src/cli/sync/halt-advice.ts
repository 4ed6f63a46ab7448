import { shellWord } from '../../core/shell-word.ts'
import type { HaltCode } from '../../entries/vecsync.ts'

/** The command that resolves a halt. docs/sync.md explains each code. */
export function haltAdvice(code: HaltCode, datasetId: string): string {
  const dataset = shellWord(datasetId)
  switch (code) {
    case 'LOG_PRUNED':
    case 'EPOCH_CHANGED':
    case 'UPSTREAM_REWOUND':
    case 'HISTORY_DIVERGED':
    case 'LOG_GAP':
      return `copy it again: svec sync repair --rebootstrap --dataset ${dataset}`
    case 'UPSTREAM_CHANGED':
      return `connect to the right server; to follow this one instead: svec sync repair --rebootstrap --dataset ${dataset}`
    case 'DATASET_GONE':
    case 'SCHEMA_DRIFT':
    case 'POISON_ENTRY':
      return `fix it upstream, then: svec sync repair --resume --dataset ${dataset}`
  }
}
