import { type Expression, sql } from 'kysely'

/** Whether a text fits a pattern of LIKE. What is to stand for itself in the pattern goes through `escapeLike`. */
export function like(
  text: Expression<string>,
  pattern: string,
): Expression<boolean> & ReturnType<typeof sql<boolean>> {
  return sql<boolean>`${text} like ${pattern} escape '\\'`
}

export function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&')
}

/** Whether a text holds another, exactly as it is: LIKE knows no cases in SQLite, and no other function is in all databases. */
export function contains(text: Expression<string>, part: string): ReturnType<typeof sql<boolean>> {
  return sql<boolean>`replace(${text}, ${part}, '') <> ${text}`
}
