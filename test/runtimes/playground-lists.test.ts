import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { cosine } from '../../src/entries/vector.ts'
import { temporaryFolder } from '../cli/svec.ts'
import { unnamed } from './accessible-names.ts'
import { noChromium, WebSite } from './chromium.ts'
import { documents, ids, search, vectorOf, writeFile, type UiPage } from './playground-page.ts'

/** The score of the row nearest to row i, by brute force. */
function nearestTo(i: number): number {
  const scores = documents.map(({ embedding }) =>
    cosine(Float32Array.from(embedding), Float32Array.from(documents[i].embedding)),
  )
  scores[i] = -1
  return Math.max(...scores)
}

describe('the lists of the page in Chromium', { skip: noChromium }, () => {
  const folder = temporaryFolder()
  let site: WebSite
  const complaints: string[] = []

  before(async () => {
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    writeFileSync(join(folder, 'docs.jsonl'), lines)
    await writeFile(join(folder, 'docs.sqlite'))
    site = await WebSite.start('dist/playground')
  })
  after(async () => {
    await site.close()
    assert.deepEqual(complaints, [])
  })

  /** A page whose complaints fail the tests. */
  async function newPage(): Promise<UiPage> {
    const page = (await (await site.profile())()) as UiPage
    page.on('pageerror', error => complaints.push(error.message))
    return page
  }

  async function load(page: UiPage, file: string): Promise<void> {
    await page.waitForSelector('#file-input')
    await page.setInputFiles('#file-input', join(folder, file))
    await page.waitForSelector('#caption:has-text("variance")')
  }

  test('searches are compared, and neighbours listed', async () => {
    const page = await newPage()
    await load(page, 'docs.jsonl')
    await search(page, vectorOf(3))
    await page.click('#tab-compare')
    await page.click('#compare')
    await page.waitForSelector('#comparison li')
    assert.match(await page.textContent('#comparison'), /exact.*recall 0\.98.*10 of 10 as exact/)
    await page.click('#tab-neighbors')
    const best = Math.max(...documents.map((_, i) => nearestTo(i)))
    for (const [amount, how] of [
      ['500', 'exact'],
      ['all', '100 % of 90 rows'],
      ['exact', 'exact'],
    ]) {
      await page.selectOption('#amount', amount)
      await page.click('#look')
      await page.waitForSelector(`#looked:has-text("90 rows; ${how}")`)
      // The first pair is the nearest of all, and its other row is named beside the score.
      const pair = await page.textContent('#panel-neighbors li .document')
      assert.ok(pair.includes(`${best.toFixed(4)} to d`), pair)
      await page.evaluate(() => {
        const scope = globalThis as unknown as {
          document: { querySelector(s: string): { remove(): void } }
        }
        scope.document.querySelector('#looked').remove()
      })
    }
    await page.close()
  })

  test('a table without a text index says at once what is missing, and what to do', async () => {
    const page = await newPage()
    await load(page, 'docs.sqlite')
    for (const mode of ['hybrid', 'text']) {
      await page.selectOption('#mode', mode)
      await page.waitForSelector('#mode-note:has-text("does not have a text index")')
      assert.match(
        await page.textContent('#mode-note'),
        /DROP TABLE keeps the documents.*text=content/,
      )
    }
    // A text is looked for in the contents, and a vector ranks alone: both say so.
    assert.deepEqual(await search(page, 'text 44'), ['d44'])
    assert.match(await page.textContent('#summary'), /documents that contain the text/)
    await page.selectOption('#mode', 'hybrid')
    assert.equal((await search(page, vectorOf(6)))[0], 'd6')
    assert.match(await page.textContent('#summary'), /ranked by the vector alone/)
    await page.selectOption('#mode', 'exact')
    assert.equal(await page.textContent('#mode-note'), '')
    await page.close()
  })

  test('an answer does not stay beside the error of the next search', async () => {
    const page = await newPage()
    await load(page, 'docs.sqlite')
    await search(page, vectorOf(6))
    await page.fill('#query', '[1, 2')
    await page.press('#query', 'Enter')
    await page.waitForSelector('#trouble strong:has-text("the vector cannot be read")')
    assert.deepEqual([await ids(page), await page.textContent('#summary')], [[], ''])
    await page.close()
  })

  test('every control of each screen and tab has a name for screen readers', async () => {
    const page = await newPage()
    await page.waitForSelector('#file-input')
    const trees = [await page.locator('body').ariaSnapshot()]
    await load(page, 'docs.jsonl')
    await page.waitForSelector('#legend button')
    await search(page, vectorOf(3))
    await page.click('#select-view')
    await page.waitForSelector('#save-selection')
    await page.selectOption('#colour', 'year')
    await page.waitForSelector('#legend input')
    for (const tab of ['results', 'document', 'compare', 'selection', 'neighbors']) {
      await page.click(`#tab-${tab}`)
      if (tab === 'compare') await page.click('#compare')
      if (tab === 'compare') await page.waitForSelector('#comparison li')
      if (tab === 'neighbors') await page.click('#look')
      if (tab === 'neighbors') await page.waitForSelector('#looked')
      trees.push(await page.locator('body').ariaSnapshot())
    }
    for (const tree of trees) assert.deepEqual(unnamed(tree), [], tree)
    assert.match(trees[0], /button "Use the sample/)
    assert.match(trees[1], /searchbox "Search"[\s\S]*tab "Results" \[selected\]/)
    assert.match(trees[5], /tabpanel "Duplicates"/)
    await page.close()
  })
})
