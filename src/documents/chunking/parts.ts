/** A range of a text. */
export interface Part {
  readonly start: number
  readonly end: number
}

/** Kinds of parts, coarse to fine, by their names in Intl.Segmenter; 'line' is our own. */
export const PARTS = ['line', 'sentence', 'word', 'grapheme'] as const
export type PartKind = (typeof PARTS)[number]

const segmenters = new Map<PartKind, Intl.Segmenter>()

/** The parts of one kind in a range of a text, without gaps. */
export function partsOf(source: string, { start, end }: Part, kind: PartKind): Part[] {
  if (kind === 'line') return lines(source, start, end)
  let segmenter = segmenters.get(kind)
  if (!segmenter) {
    segmenter = new Intl.Segmenter(undefined, { granularity: kind })
    segmenters.set(kind, segmenter)
  }
  return Array.from(segmenter.segment(source.slice(start, end)), ({ index, segment }) => ({
    start: start + index,
    end: start + index + segment.length,
  }))
}

function lines(source: string, start: number, end: number): Part[] {
  const parts: Part[] = []
  for (let from = start; from < end;) {
    const at = source.indexOf('\n', from)
    const to = at < 0 || at >= end ? end : at + 1
    parts.push({ start: from, end: to })
    from = to
  }
  return parts
}
