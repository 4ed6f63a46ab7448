import { CliError, usageError } from '../cli-error.ts'
import type { SettingLevel } from './config-file.ts'
import { readText } from './read-text.ts'
import type { SettingKey } from './settings.ts'
import type { UpstreamAddress } from './upstream-address.ts'

const WAYS: readonly SettingKey[] = ['password', 'passwordFile', 'passwordEnv']

/**
 * The password of an upstream, from the first level that tells one: the levels come in their order of precedence. A
 * URL's own password counts as told at the level of the URL.
 */
export function passwordOf(
  levels: readonly SettingLevel[],
  address: UpstreamAddress,
  env: NodeJS.ProcessEnv,
): string | undefined {
  let urlSeen = false
  for (const level of levels) {
    const ways = WAYS.filter(key => level.values.has(key)).map(key => level.origin(key))
    if (!urlSeen && level.values.has('upstream')) {
      urlSeen = true
      if (address.password !== undefined) ways.push(`the URL of ${level.origin('upstream')}`)
    }
    if (ways.length > 1) {
      throw usageError(
        `the password is given ${ways.length} times: ${ways.join(', ')}`,
        'give it once',
      )
    }
    if (ways.length === 1) return passwordAt(level, address, env)
  }
  return undefined
}

function passwordAt(
  level: SettingLevel,
  address: UpstreamAddress,
  env: NodeJS.ProcessEnv,
): string | undefined {
  const password = level.values.get('password')
  if (typeof password === 'string') return password
  const file = level.values.get('passwordFile')
  if (typeof file === 'string') return passwordInFile(file, level.origin('passwordFile'))
  const name = level.values.get('passwordEnv')
  if (typeof name !== 'string') return address.password
  const found = env[name]
  if (found === undefined || found === '') {
    throw usageError(
      `${level.origin('passwordEnv')} names the environment variable ${name}, which is not set`,
    )
  }
  return found
}

function passwordInFile(path: string, origin: string): string {
  const text = readText(path, `${origin}: ${path}`)
  // An editor's newline at the end is not part of it.
  const password = text.replace(/\r?\n$/, '')
  if (password === '') throw new CliError('CLI_FILE', `${origin}: ${path} is empty`)
  return password
}
