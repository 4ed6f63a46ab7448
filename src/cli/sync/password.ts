import { CliError, usageError } from '../cli-error.ts'
import type { SettingRank } from './config-file.ts'
import { readText } from './read-text.ts'
import type { SettingKey } from './settings.ts'

const WAYS: readonly SettingKey[] = ['password', 'passwordFile', 'passwordEnv']

/** The password of an upstream, from the first rank that has one. */
export function passwordOf(
  ranks: readonly SettingRank[],
  env: NodeJS.ProcessEnv,
): string | undefined {
  for (const rank of ranks) {
    const told = rank.flatMap(level =>
      WAYS.filter(key => level.values.has(key)).map(key => ({
        key,
        value: String(level.values.get(key)),
        origin: level.origin(key),
      })),
    )
    if (told.length > 1) {
      const places = told.map(({ origin }) => origin).join(', ')
      throw usageError(`the password is set ${told.length} times: ${places}`, 'set it once')
    }
    const [way] = told
    if (way === undefined) continue
    if (way.key === 'passwordFile') return passwordInFile(way.value, way.origin)
    return way.key === 'passwordEnv' ? passwordIn(env, way.value, way.origin) : way.value
  }
  return undefined
}

function passwordIn(env: NodeJS.ProcessEnv, name: string, origin: string): string {
  const found = env[name]
  if (found !== undefined && found !== '') return found
  throw usageError(`${origin} names the environment variable ${name}, which is not set`)
}

function passwordInFile(path: string, origin: string): string {
  const text = readText(path, `${origin}: ${path}`)
  // An editor's newline at the end is not part of it.
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw new CliError('CLI_FILE', `${origin}: ${path} is empty`)
  return password
}
