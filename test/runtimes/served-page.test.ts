import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { encodeEmbedding, insertMany, open } from '../../src/entries/main.ts'
import { temporaryFolder } from '../cli/svec.ts'
import { RunningUi } from '../ui/running-ui.ts'
import { unnamed } from './accessible-names.ts'
import { noChromium, storedBrowser, type Page } from './chromium.ts'

interface ServedPage extends Page {
  fill(selector: string, value: string): Promise<void>
  press(selector: string, key: string): Promise<void>
  click(selector: string): Promise<void>
  selectOption(selector: string, value: string): Promise<unknown>
  waitForSelector(selector: string): Promise<unknown>
  textContent(selector: string): Promise<string>
  locator(selector: string): { ariaSnapshot(): Promise<string> }
}

const COUNT = 6000
const vectorOf = (i: number): Float32Array =>
  Float32Array.from({ length: 8 }, (_, j) => Math.sin(i * 0.7 + j * 2.3) + (j === i % 5 ? 3 : 0))

describe('the page of svec ui in Chromium', { skip: noChromium }, () => {
  const folder = temporaryFolder()
  const path = join(folder, 'docs.sqlite')

  before(async () => {
    using db = await open(path)
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    const rows = Array.from({ length: COUNT }, (_, i) => [
      'd',
      `d${i}`,
      `text ${i}`,
      encodeEmbedding(vectorOf(i)),
    ])
    insertMany(db, '_vec_docs', ['dataset_id', 'id', 'content', 'embedding'], rows)
  })

  test('shows the map, searches, and lays the map out by neighbours', async () => {
    await using ui = await RunningUi.start(path)
    await using browser = await storedBrowser(join(folder, 'profile'))
    const page = (await browser.open(ui.address.href)) as ServedPage
    const errors: Error[] = []
    page.on('pageerror', error => errors.push(error))
    await page.waitForSelector('#caption:has-text("6,000 vectors of 8 dimensions")')
    await page.fill('#query', JSON.stringify(Array.from(vectorOf(4321))))
    await page.press('#query', 'Enter')
    await page.waitForSelector('#summary b')
    assert.equal(await page.textContent('#results li:first-child b'), 'd4321')
    await page.click('#select-view')
    await page.waitForSelector('#save-selection')
    const tree = await page.locator('body').ariaSnapshot()
    assert.ok(/searchbox "Search"/.test(tree) && /button "Save as JSONL"/.test(tree), tree)
    assert.deepEqual(unnamed(tree), [], tree)
    await page.selectOption('#layout', 'neighbors')
    // More rows than are laid out: the others are placed.
    await page.waitForSelector('#caption:has-text("UMAP of 5,000")')
    await page.selectOption('#layout', 'plane')
    await page.waitForSelector('#caption:has-text("variance")')
    assert.deepEqual(errors, [])
    await page.close()
  })
})
