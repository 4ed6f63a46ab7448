import { VERSION } from '../core/version.ts'
import { lockSupport } from '../entries/engine.ts'
import { canRunWasmKernels } from '../entries/indexes.ts'
import { open } from '../entries/main.ts'

/** One check of the doctor, with its result. */
export interface Diagnosis {
  readonly severity: 'ok' | 'info' | 'warning' | 'error'
  readonly topic: string
  readonly message: string
  /** What to do. */
  readonly advice?: string
}

/** The findings that do not depend on a file. */
export async function diagnoseProgram(): Promise<Diagnosis[]> {
  const db = await open(':memory:')
  const sqlite = String(db.prepare('SELECT sqlite_version()').pluck().get())
  db.close()
  const { node } = process.versions
  return [
    { severity: 'ok', topic: 'svec', message: VERSION },
    { severity: 'ok', topic: 'Node', message: `${node}, ${process.platform} ${process.arch}` },
    { severity: 'ok', topic: 'SQLite', message: `${sqlite}, compiled to WebAssembly` },
    await locks(),
    kernels(),
  ]
}

async function locks(): Promise<Diagnosis> {
  const { kind, reason } = await lockSupport()
  if (kind === 'ofd') return { severity: 'ok', topic: 'locks', message: `byte ranges: ${reason}` }
  return {
    severity: 'info',
    topic: 'locks',
    message: `lock directories: ${reason}`,
    advice:
      process.platform === 'linux'
        ? 'npm install koffi, so that sqlite3, Python and other programs can use a file at the same time'
        : 'do not use a file at the same time from programs that use other libraries',
  }
}

function kernels(): Diagnosis {
  if (canRunWasmKernels()) return { severity: 'ok', topic: 'kernels', message: 'WebAssembly SIMD' }
  return {
    severity: 'info',
    topic: 'kernels',
    message:
      'plain JavaScript, because this WebAssembly lacks SIMD: the results are the same, but searches are slower',
    advice: 'use a machine and a Node version with WebAssembly SIMD',
  }
}
