import { basename, dirname, resolve } from 'node:path'
import { didYouMean } from '../../core/suggest.ts'
import { usageError } from '../cli-error.ts'
import { parseJson } from './json-text.ts'
import { readText } from './read-text.ts'
import { settingValue } from './setting-value.ts'
import { SETTINGS, type SettingKey, type SettingValue } from './settings.ts'
import { withAbsoluteFiles } from './tls-parameters.ts'

/** Settings from one place: a file, the environment, the command line. */
export interface SettingLevel {
  readonly values: ReadonlyMap<SettingKey, SettingValue>
  /** For messages: where a setting was given. */
  origin(key: SettingKey): string
}

/** Levels of equal precedence: a setting in two of them is an error. */
export type SettingRank = readonly SettingLevel[]

/** A JSON object whose keys are checked. Relative paths start at its folder. */
export function configFile(path: string): SettingLevel {
  const name = basename(path)
  const content = readObject(path, name)
  const values = new Map<SettingKey, SettingValue>()
  const origin = (key: SettingKey): string => `${key} in ${name}`
  for (const [key, given] of Object.entries(content)) {
    const setting = SETTINGS.find(known => known.key === key)
    if (setting === undefined) {
      const keys = SETTINGS.map(known => known.key)
      throw usageError(
        `${name} has an unknown key ${JSON.stringify(key)}${didYouMean(key, keys)}`,
        `expected one of ${keys.join(', ')}`,
      )
    }
    const value = settingValue(setting, given, origin(setting.key))
    values.set(setting.key, absolute(setting.key, setting.kind === 'path', value, dirname(path)))
  }
  return { values, origin }
}

function readObject(path: string, name: string): object {
  const hint = 'check --config or SVEC_SYNC_CONFIG'
  const text = readText(path, `the configuration ${path}`, hint)
  let content: unknown
  try {
    content = parseJson(text)
  } catch (error) {
    throw usageError(`${name}: ${(error as Error).message}`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw usageError(
      `${name} must contain a JSON object, like {"upstream": "mysql://app@db/docs", "replica": "docs.sqlite"}`,
    )
  }
  return content
}

function absolute(
  key: SettingKey,
  isPath: boolean,
  value: SettingValue,
  folder: string,
): SettingValue {
  if (typeof value !== 'string') return value
  if (isPath) return resolve(folder, value)
  if (key !== 'upstream') return value
  const [, scheme, path] = value.match(/^(sqlite:(?:\/\/)?)?([^]*)$/i) ?? []
  const isFile = scheme !== undefined || !/^[a-z][a-z0-9+.-]+:/i.test(value)
  if (!isFile) return withAbsoluteFiles(value, file => resolve(folder, file))
  return path !== '' && path !== ':memory:' ? `sqlite:${resolve(folder, path)}` : value
}
