import fc from 'fast-check'

export type Pair = readonly [string, string]

/** Shapes of pkgver that Arch, the AUR and MSYS2 use, one of each; `#` stands for a number. */
const shapes = [
  ...[
    '#',
    '#.#',
    '#.#.#',
    '#.#.#.#',
    '#_#',
    '#_#_#',
    '#.#_#',
    '#.#.#_#',
    '#.#.#+#',
    '#+#',
    '#~#.#',
    '#.0#',
    '0.#.0',
  ],
  ...[
    '20#0#1#',
    '20#.0#.1#',
    '20#.#.#.1',
    '#.#.20#0#1#',
    '#.#_20#0#0#',
    '20#0#1#.#',
    '#.#.#.20#0#0#',
    '#f',
    '#.#b',
  ],
  ...[
    '#.#a',
    '#.#.#a',
    '#.#.#.a',
    '#.#.z',
    '#.#.#.w',
    '#.#p#',
    '#.#.p#',
    '#.#.#.P#',
    '#.#l',
    '#h',
    '#_a',
    '#_#_R#',
  ],
  ...[
    '#.#.#rc#',
    '#.#.#.rc#',
    '#.#rc#',
    '#.#_rc#',
    '#.#.#~rc#',
    '#.#.#alpha#',
    '#.#.alpha#',
    '#.#beta',
    '#.#.beta.#',
  ],
  ...[
    '#.#.#beta#',
    '#.#.b#',
    '#.#a#',
    '#.#b#',
    '#.#.#pre#',
    '#.#.pre',
    '#.#.pre#.r#.g#b#',
    '#.#.#dev',
    '#.#.#dev+#+g#a#',
  ],
  ...[
    '#.#.#+#+g#b#f',
    '#.#+r#',
    '#.#.r#.g#c#',
    'r#.#b#',
    'r#.g#f',
    '#.#.#.r#.g#d',
    '#.#.git.#',
    '#.#git',
    '#.#.#.git20#',
  ],
  ...[
    '#.git#',
    '#.#.#.arch#',
    '#.#.#.zen#',
    '#.#.u#',
    '#.u#_#.#.#',
    '#.#.#.v#',
    '#.#.#.SP#',
    '#.#CR#',
    '#.#ro+#.#it',
  ],
  ...[
    '#.#.#.Final',
    '#.#.GA',
    '#.#.#.RELEASE',
    'v#.#',
    'V#',
    '#.#.c#fdbb',
    '#.#@#',
    '#.#^#',
    '#.#,#',
    '#.#!',
    '#..#',
    '#.#.',
  ],
  ...[
    'a',
    'abc',
    'alpha',
    'a.b.c',
    'master',
    'latest',
    '.#',
    '_#',
    '#.a.#',
    '#a.#b.#c',
    'a#',
    '#.00#',
    '00#.#',
    '0',
    '00',
  ],
] as const

const numbers = fc.oneof(
  { weight: 6, arbitrary: fc.nat(12).map(String) },
  { weight: 2, arbitrary: fc.nat(99_999).map(String) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('0', '00', '007', '010', '99999999999999999999', '18446744073709551616'),
  },
)

const epochs = fc.constantFrom('', '', '', '0:', '1:', '2:', '10:', '01:', ':')
const releases = fc.constantFrom('', '-1', '-1', '-2', '-10', '-1.1', '-1.2', '-0.1', '-01', '-')

/** Full versions that look like real ones, epoch and pkgrel as often there as not. */
const real: fc.Arbitrary<string> = fc
  .tuple(epochs, fc.constantFrom(...shapes), fc.array(numbers, { minLength: 5, maxLength: 5 }), releases)
  .map(([epoch, shape, some, release]) => {
    let next = 0
    return `${epoch}${shape.replaceAll('#', () => some[next++ % some.length] ?? '0')}${release}`
  })

const part = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[0-9]{1,3}$/) },
  { weight: 3, arbitrary: fc.constantFrom('.', '_', '+', '~', '..', '-', ':') },
  { weight: 2, arbitrary: fc.constantFrom('a', 'rc', 'beta', 'B', 'git') },
  { weight: 1, arbitrary: fc.constantFrom('0', '00', '01', '^', 'é', '%', ' ') },
)

/** Texts made of what versions are made of, in any order. */
const made = fc.array(part, { maxLength: 7 }).map((parts) => parts.join(''))

/** One change at any place: what is there is replaced, taken away, or something comes before it. */
function changed(version: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(version.length), fc.nat(2), fc.oneof(part, fc.constant('')))
    .map(([at, length, word]) => version.slice(0, at) + word + version.slice(at + length))
}

const twins = (versions: fc.Arbitrary<string>): fc.Arbitrary<Pair> =>
  versions.chain((version) => changed(version).map((other) => [version, other] as const))

/** Pairs that are near to each other as a rule: of others the first part tells the order. */
const pairs: fc.Arbitrary<Pair> = fc.oneof(
  { weight: 4, arbitrary: twins(real) },
  { weight: 2, arbitrary: fc.tuple(real, real) },
  { weight: 3, arbitrary: twins(made) },
  { weight: 2, arbitrary: fc.tuple(made, made, made).map(([head, a, b]) => [head + a, head + b] as const) },
)

/** As many pairs, the same for the same seed. */
export function versionPairs(count: number, seed: number): Pair[] {
  return fc.sample(pairs, { numRuns: count, seed })
}
