import { nearest } from '../../core/suggest.ts'
import { usageError } from '../cli-error.ts'
import type { Setting, SettingValue } from './settings.ts'

/**
 * Reads one setting. `origin` says where it was given: '--batch-size', 'SVEC_SYNC_BATCH_SIZE', 'batchSize in
 * sync.json'. Text from flags and the environment is converted; a file has JSON's own types. An error never repeats the
 * value of a secret.
 */
export function settingValue(setting: Setting, given: unknown, origin: string): SettingValue {
  const refuse = (expected: string, hint?: string): never => {
    const what = setting.kind === 'secret' ? '' : `, not ${JSON.stringify(given) ?? String(given)}`
    throw usageError(`${origin} must be ${expected}${what}`, hint)
  }
  switch (setting.kind) {
    case 'text':
    case 'secret':
    case 'path': {
      if (typeof given !== 'string') return refuse('text')
      if (given === '' || given.includes('\0')) return refuse('non-empty text')
      return given
    }
    case 'integer': {
      const { min = 0, max = Number.MAX_SAFE_INTEGER } = setting
      const number = numberOf(given)
      if (!Number.isSafeInteger(number) || number < min || number > max) {
        return refuse(
          max === Number.MAX_SAFE_INTEGER
            ? `an integer, ${min} or more`
            : `an integer from ${min} to ${max}`,
        )
      }
      return number
    }
    case 'seconds': {
      const { min = 0, max = 10 * 365 * 86_400 } = setting
      const seconds = secondsOf(given)
      if (!(seconds >= min && seconds <= max)) {
        return refuse(`a duration from ${min} to ${max} seconds, like 90, 15m, 12h or 7d`)
      }
      return seconds
    }
    case 'choice': {
      const { choices = [] } = setting
      const found = choices.find(choice => choice === given)
      if (found !== undefined) return found
      return refuse(
        `one of ${choices.join(', ')}`,
        typeof given === 'string' ? suggestion(given, choices) : undefined,
      )
    }
    case 'list': {
      const items: unknown = typeof given === 'string' ? commaSeparated(given) : given
      if (!Array.isArray(items) || items.length === 0) return refuse('a list of strings')
      const { choices } = setting
      for (const item of items as unknown[]) {
        if (typeof item !== 'string' || item === '') return refuse('a list of strings')
        if (choices !== undefined && !choices.includes(item)) {
          return refuse(`of ${choices.join(', ')}`, suggestion(item, choices))
        }
      }
      return items as string[]
    }
    case 'switch': {
      if (given === true || given === 'true' || given === '1') return true
      if (given === false || given === 'false' || given === '0') return false
      return refuse('true or false')
    }
  }
}

function suggestion(given: string, choices: readonly string[]): string | undefined {
  const meant = nearest(given, choices)
  return meant === undefined ? undefined : `did you mean ${meant}?`
}

const numberOf = (given: unknown): number =>
  typeof given === 'string' && /^\d+$/.test(given.trim())
    ? Number(given)
    : typeof given === 'number'
      ? given
      : NaN

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

function secondsOf(given: unknown): number {
  if (typeof given === 'number') return given
  if (typeof given !== 'string') return NaN
  const [, digits, unit] = given.trim().match(/^(\d+(?:\.\d+)?)\s*([smhd]?)$/) ?? []
  return digits === undefined ? NaN : Number(digits) * UNITS[unit]
}

const commaSeparated = (text: string): string[] =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
