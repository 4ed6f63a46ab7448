/** The statement that the search cases run, and that of sqlite-vec. */
export const NEAREST = `SELECT doc_id, match_score FROM v
  WHERE dataset_id = 'd' AND doc_id MATCH ? ORDER BY match_score DESC LIMIT 10`
export const PEER_NEAREST = 'SELECT rowid, distance FROM v WHERE embedding MATCH ? AND k = 10'
