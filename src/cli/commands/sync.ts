import type { CommandGroup } from '../command.ts'
import { syncDdl } from './sync-ddl.ts'
import { syncInit } from './sync-init.ts'
import { syncLag } from './sync-lag.ts'
import { syncOnce } from './sync-once.ts'
import { syncPrune } from './sync-prune.ts'
import { syncRepair } from './sync-repair.ts'
import { syncRun } from './sync-run.ts'
import { syncStatus } from './sync-status.ts'
import { syncVerify } from './sync-verify.ts'

export const sync: CommandGroup = {
  details: [
    'Settings come from flags, then from the environment (SVEC_SYNC_UPSTREAM, SVEC_SYNC_REPLICA, ...), then from',
    'the JSON file of --config. A password is never given in a command line: SVEC_SYNC_PASSWORD, --password-file,',
    '--password-env, or the configuration file. docs/sync.md has the details.',
  ],
  commands: [
    syncInit,
    syncDdl,
    syncOnce,
    syncRun,
    syncStatus,
    syncLag,
    syncVerify,
    syncRepair,
    syncPrune,
  ],
}
