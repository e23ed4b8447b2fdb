export declare function ensureTestRequirements(): void
