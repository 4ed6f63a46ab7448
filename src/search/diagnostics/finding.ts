export type Severity = 'ok' | 'info' | 'warning' | 'error'

/** One row of an answer of `vec_admin`. */
export interface Finding {
  /** One sentence. */
  readonly op: string
  /** 'error': answers are wrong, slow or lack rows. 'warning': something to mend, answers are right. */
  readonly severity: Severity
  /** What it is about: a stable word that programs may compare. */
  readonly topic: string
  /** Undefined: the whole table. */
  readonly dataset: string | undefined
  /** The SQL statement that mends it, or that lists the rows to mend. */
  readonly remedy: string | undefined
}

export function finding(
  severity: Severity,
  topic: string,
  op: string,
  where: { readonly dataset?: string | undefined; readonly remedy?: string | undefined } = {},
): Finding {
  return { op, severity, topic, dataset: where.dataset, remedy: where.remedy }
}
