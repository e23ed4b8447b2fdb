// `node scripts/compare-with-repo-add.ts FOLDER`: has real repo-add and a server of Vieter, with all fields on, describe
// every package in a folder, and prints how the entries compare; docs/reference/likeness.md tells what came out.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compareWithRepoAdd } from '../e2e/lab/likeness.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('Which folder? node scripts/compare-with-repo-add.ts FOLDER')

const paths = readdirSync(folder)
  .filter((name) => /\.pkg\.tar[^/]*$/.test(name) && !name.endsWith('.sig'))
  .sort()
  .map((name) => join(folder, name))
const compared = await compareWithRepoAdd(paths, {
  VIETER_DATABASE_MD5SUM: 'true',
  VIETER_DATABASE_PGPSIG: 'true',
})
for (const { filename, refusal, fields, files, differences, isIdentical } of compared) {
  const outcome = refusal ?? `${fields} fields, ${files} files, ${isIdentical ? 'identical' : 'different'}`
  console.log(`${filename}: ${outcome}`)
  for (const difference of differences) console.log(`  ${JSON.stringify(difference)}`)
}
console.log(`${compared.filter(({ isIdentical }) => isIdentical).length} of ${compared.length} identical`)
