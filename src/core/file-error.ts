import { VecError } from './errors.ts'

const told = new WeakSet<VecError>()

/** Adds the file's name to SQLite's errors about a whole file: a command may use several files. */
export function withFileName(error: unknown, path: string): unknown {
  if (!(error instanceof VecError) || told.has(error)) return error
  const ofFile = /^SQLITE_(NOTADB|CORRUPT|IOERR|CANTOPEN|READONLY|FULL)/.test(error.code)
  const [base] = path.split(/[\\/]/).slice(-1)
  if (!ofFile || error.message.includes(base)) return error
  const { code, hint, extendedCode } = error
  const named = new VecError(code, `${path}: ${error.message}`, {
    ...(hint === undefined ? {} : { hint }),
    extendedCode,
    cause: error,
  })
  told.add(named)
  return named
}
