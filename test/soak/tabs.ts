// Closes the tab that has a database open in the middle of 200 searches and 200 writes of two others, in Chromium, again and
// again: `npm run soak:tabs [rounds]`. Prints a line for each round, and fails where an answered write is lost or an answer
// is wrong.

import { noChromium } from '../runtimes/chromium.ts'
import { closeLeader } from '../runtimes/close-leader.ts'
import { TabSite } from '../runtimes/tab-site.ts'

if (noChromium !== false) throw new Error(noChromium)
const rounds = Number(process.argv[2] ?? 50)
const site = await TabSite.start()
let [lost, wrong, uncertain] = [0, 0, 0]
try {
  for (let round = 1; round <= rounds; round++) {
    const report = await closeLeader(await site.profile(), round)
    lost += report.lost
    wrong += report.wrong
    uncertain += report.uncertain
    console.log(`round ${round}: ${lost} lost, ${wrong} wrong, ${uncertain} uncertain so far`)
  }
} finally {
  await site.close()
}
if (lost + wrong > 0) process.exitCode = 1
