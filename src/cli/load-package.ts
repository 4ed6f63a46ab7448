import { CliError } from './cli-error.ts'

/**
 * Loads an optional package, or our part that needs it. Throws CLI_FILE with the remedy if it cannot be loaded.
 * `kind`: what it is to the user, such as 'driver'.
 */
export async function loadPackage<T>(
  kind: string,
  name: string,
  load: () => Promise<T>,
): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const absent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    throw new CliError(
      'CLI_FILE',
      absent
        ? `the ${kind} ${name} is not installed`
        : `the ${kind} ${name} cannot be loaded: ${message}`,
      {
        hint: `npm install ${name}, beside sqlite-vec-ts (with -g if svec was installed with -g)`,
        cause,
      },
    )
  }
}
