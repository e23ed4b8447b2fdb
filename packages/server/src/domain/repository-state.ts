import type { KeptTexts, PackageFacts } from './stored-package.ts'

/** A package as the plan sees it: one that has a row already, or one that is about to get it. */
export interface PlannedPackage extends PackageFacts {
  /** Undefined until it has a row. */
  id?: number
  /** Undefined when the store has them. */
  texts?: KeptTexts
}

/** The package of each name in one arch-repo. */
export type ArchRepoState = Map<string, PlannedPackage>

/**
 * The state of one repository, its arch-repos by architecture. One that was emptied still exists until it is removed.
 * Of an arch-repo only the names that the changes are about need be there, unless a change is about all of them.
 */
export interface RepositoryState {
  exists: boolean
  archRepos: Map<string, ArchRepoState>
}
