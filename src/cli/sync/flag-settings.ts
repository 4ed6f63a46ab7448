import { usageError } from '../cli-error.ts'
import type { CommandOption, CommandOptions } from '../command.ts'
import type { Flags } from '../flags.ts'
import type { SettingLevel } from './config-file.ts'
import { settingValue } from './setting-value.ts'
import {
  SETTINGS,
  type Setting,
  type SettingGroup,
  type SettingKey,
  type SettingValue,
} from './settings.ts'
import { carriesSecret } from './upstream-address.ts'

/** The options of a command that uses these settings. */
export function settingOptions(...groups: readonly SettingGroup[]): CommandOptions {
  const options: Record<string, CommandOption> = {
    config: {
      type: 'string',
      short: 'c',
      value: 'file',
      description: 'a JSON file with these settings, in camelCase (SVEC_SYNC_CONFIG)',
    },
  }
  for (const setting of SETTINGS) {
    const { flag, short, value, description, kind } = setting
    if (flag === undefined || !groups.includes(setting.group)) continue
    options[flag] = {
      type: kind === 'switch' ? 'boolean' : 'string',
      description,
      ...(short === undefined ? {} : { short }),
      ...(value === undefined ? {} : { value }),
      ...(kind === 'list' ? { multiple: true } : {}),
    }
  }
  return options
}

/** Settings from the command line. A password in one is refused: every user of the machine can read it. */
export function flagSettings(flags: Flags): SettingLevel {
  const values = new Map<SettingKey, SettingValue>()
  for (const setting of SETTINGS) {
    const given = givenFlag(flags, setting)
    if (given === undefined) continue
    if (setting.key === 'upstream' && typeof given === 'string' && carriesSecret(given)) {
      throw usageError(
        '--upstream contains a password, and every user of this machine can read the command line',
        'remove it from the URL and pass it in SVEC_SYNC_PASSWORD or with --password-file, or put the whole URL in SVEC_SYNC_UPSTREAM or a --config file',
      )
    }
    values.set(setting.key, settingValue(setting, given, `--${setting.flag}`))
  }
  return {
    values,
    origin: key => `--${SETTINGS.find(setting => setting.key === key)?.flag ?? key}`,
  }
}

function givenFlag(flags: Flags, setting: Setting): unknown {
  const { flag, kind } = setting
  if (flag === undefined || !flags.has(flag)) return undefined
  if (kind === 'switch') return flags.on(flag)
  return kind === 'list' ? flags.texts(flag) : flags.text(flag)
}
