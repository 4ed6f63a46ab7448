/** The names of the columns of a shadow table, by role. SQL and objects of its rows use them. */
export const COLUMN = {
  dataset: 'dataset_id',
  id: 'id',
  content: 'content',
  meta: 'meta',
  embedding: 'embedding',
  model: 'embedding_model',
  scn: 'scn',
  archived: 'archived',
} as const
