import { loadStaticEmbedder, type StaticEmbedder } from '../entries/embedder.ts'
import { inputError } from './cli-error.ts'
import { loadPackage } from './load-package.ts'

const PACKAGE = 'sqlite-vec-ts-embedder'

/** The static model of our package, by its name 'static', or that of a folder. */
export async function staticModel(given: string): Promise<StaticEmbedder> {
  const folder =
    given === 'static'
      ? await loadPackage('package', PACKAGE, async () => {
          const { folder: ours } = (await import(PACKAGE)) as { readonly folder: URL }
          return ours
        })
      : given
  try {
    return await loadStaticEmbedder(folder)
  } catch (cause) {
    const { message, hint } = cause as Error & { hint?: string }
    throw inputError(`--embed ${given}: ${message}`, hint)
  }
}
