import { testMutations } from './fuzz/test-mutations.ts'

testMutations(1_000)
