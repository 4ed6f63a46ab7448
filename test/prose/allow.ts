// `npm run prose`: lowers the allowances to what the prose has today. It never raises the number of a rule.

import { writeFileSync } from 'node:fs'
import { ALLOWANCES, counted, findingsNow, readAllowances, type Allowances } from './findings.ts'

function totals(allowances: Allowances): Map<string, number> {
  const sums = new Map<string, number>()
  for (const rules of Object.values(allowances)) {
    for (const [rule, count] of Object.entries(rules)) sums.set(rule, (sums.get(rule) ?? 0) + count)
  }
  return sums
}

const print = (line: string): boolean => process.stderr.write(`${line}\n`)

const findings = findingsNow()
const now = counted(findings)
const allowed = totals(readAllowances())
// A file may have moved or been split, so that sums are compared and not files.
const risen = [...totals(now)].filter(([rule, count]) => count > (allowed.get(rule) ?? 0))
if (risen.length > 0) {
  for (const [rule, count] of risen) {
    print(`'${rule}': ${count} in all, ${allowed.get(rule) ?? 0} are allowed`)
    for (const { file, line, message } of findings.filter(finding => finding.rule === rule))
      print(`  ${file}:${line}: ${message}`)
  }
  process.exit(1)
}
writeFileSync(ALLOWANCES, `${JSON.stringify(now, null, 2)}\n`)
