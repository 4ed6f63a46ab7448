import { didYouMean } from '../../core/suggest.ts'
import { usageError } from '../cli-error.ts'
import type { SettingLevel } from './config-file.ts'
import { settingValue } from './setting-value.ts'
import { environmentName, SETTINGS, type SettingKey, type SettingValue } from './settings.ts'

const CONFIG = 'SVEC_SYNC_CONFIG'

/**
 * Settings from variables named SVEC_SYNC_…. An unknown one is refused like an unknown flag. An empty one counts as not
 * set.
 */
export function environmentSettings(env: NodeJS.ProcessEnv): SettingLevel {
  const values = new Map<SettingKey, SettingValue>()
  const known = new Map(SETTINGS.map(setting => [environmentName(setting.key), setting]))
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SVEC_SYNC_') || name === CONFIG || text === undefined || text === '')
      continue
    const setting = known.get(name)
    if (setting === undefined) {
      throw usageError(
        `unknown environment variable ${name}${didYouMean(name, [...known.keys(), CONFIG])}`,
        'svec sync run --help lists the settings; unset a variable that is not meant for svec',
      )
    }
    values.set(setting.key, settingValue(setting, text, name))
  }
  return { values, origin: environmentName }
}

export function configPath(env: NodeJS.ProcessEnv): string | undefined {
  const path = env[CONFIG]
  return path === '' ? undefined : path
}
