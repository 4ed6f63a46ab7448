import { open } from '../../src/entries/main.ts'
import type { Page } from './chromium.ts'

/** What the tests of a page need beside `Page`. */
export interface UiPage extends Page {
  click(selector: string): Promise<void>
  fill(selector: string, text: string): Promise<void>
  press(selector: string, key: string): Promise<void>
  selectOption(selector: string, value: string): Promise<unknown>
  waitForSelector(selector: string): Promise<unknown>
  textContent(selector: string): Promise<string>
  setInputFiles(selector: string, path: string): Promise<void>
  screenshot(options: { path: string }): Promise<unknown>
  setViewportSize(size: { width: number; height: number }): Promise<void>
  emulateMedia(options: { colorScheme: 'light' | 'dark' }): Promise<void>
  waitForEvent(event: 'download'): Promise<{ path(): Promise<string> }>
  locator(selector: string): { ariaSnapshot(): Promise<string> }
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void
  on(event: 'pageerror', listener: (error: Error) => void): void
  readonly mouse: {
    move(x: number, y: number): Promise<void>
    down(): Promise<void>
    up(): Promise<void>
  }
}

export const DIM = 6
export const COUNT = 90
interface PageDocument {
  readonly id: string
  readonly content: string
  readonly meta: { readonly lang: string; readonly year: number }
  readonly embedding: readonly number[]
}

export const documents: readonly PageDocument[] = Array.from({ length: COUNT }, (_, i) => ({
  id: `d${i}`,
  content: `text ${i}${i === 7 ? ' <img src=x onerror="document.title=1"> \u001b[2J \u202egnp' : ''}`,
  meta: { lang: ['en', 'de', 'fr'][i % 3], year: 1950 + i },
  embedding: Array.from(
    { length: DIM },
    (__, j) => Math.sin(i * 3.1 + j * 1.7) + (j === i % 3 ? 2 : 0),
  ),
}))

export const ids = async (page: UiPage, list: string = '#results'): Promise<string[]> =>
  page.evaluate(selector => {
    const scope = globalThis as unknown as {
      document: { querySelectorAll(s: string): Iterable<{ textContent: string }> }
    }
    return Array.from(scope.document.querySelectorAll(`${selector} b`), each => each.textContent)
  }, list)

export const vectorOf = (i: number): string => JSON.stringify(documents[i].embedding)

export async function search(page: UiPage, text: string): Promise<string[]> {
  await page.evaluate(() => {
    const scope = globalThis as unknown as {
      document: { querySelector(s: string): { textContent: string } }
    }
    scope.document.querySelector('#summary').textContent = ''
  })
  await page.fill('#query', text)
  await page.press('#query', 'Enter')
  await page.waitForSelector('#summary b')
  return ids(page)
}

/** A database of the documents, without a text index. */
export async function writeFile(path: string): Promise<void> {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const insert = db.prepare(
    'INSERT INTO docs(dataset_id, doc_id, content, meta, embedding) VALUES (?, ?, ?, ?, ?)',
  )
  for (const { id, content, meta, embedding } of documents)
    insert.run('d', id, content, JSON.stringify(meta), JSON.stringify(embedding))
  // A saved index of a table that is gone, which a repair deletes.
  db.exec(
    `INSERT INTO vector_storage(shadow_table_name, dataset_id, "index") VALUES ('main._vec_gone', 'd', x'00')`,
  )
  db.close()
}
