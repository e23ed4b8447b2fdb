import type { Random } from './random.ts'

const stock = `
abstract accel access account action adapter address agent alarm album alias align alpha anchor animation applet archive
array asset atlas attribute audio backend backup badge balance banner base basic batch beacon binary bitmap block board
bookmark border bridge browser brush buffer builder bundle button cache calendar callback canvas capture card catalog
cell chain channel chart check chunk cipher circle class client clip clock cloud cluster code codec collection color
column command comment common compare compat compiler component compress config connect console contact container content
context control convert core counter cover crash crypt cursor curve daemon data debug decode default delta demo deploy
depend detail device dialog diff digest direct disk dispatch display document domain download draft driver dump dynamic
edge editor effect element emblem encode engine entry error event example execute export expression extension extra
factory feature field file filter final finder flag flow folder font format forward fragment frame function gallery game
gateway generic geometry global graph grid group guard guide handler hash header health heap help hidden history home hook
host icon identity image import index info input insert install instance integer interface internal invoice item iterator
journal json kernel keyboard keyring label language launcher layer layout leaf library light limit line link list loader
local lock logger login macro mail manager manual map mark mask master match matrix media memory menu merge message meta
method metric migrate mime mirror mixer mobile model module monitor mount mouse music name native network node notify
number object offset online open operator option order origin output overlay owner package page panel parser partition
password patch path pattern payment people phone photo pipe pixel plane player plot plugin point policy pool popup port
preset preview printer private process profile program project prompt property protocol proxy public query queue quick
radio random range reader record region register release remote render report request reset resource response result
retry ring root route router rule runner runtime sample scale scanner schedule schema scope score screen script scroll
search section secure segment select sensor sequence server service session setup shader shadow shape share shell shield
signal simple size slice smart socket sound source space spell split stack stage standard state static status storage
stream string style support surface switch symbol sync syntax system table tag target task template terminal test text
theme thread thumb ticket time timer token tool topic touch trace track trade transfer transform translate trash tray tree
trigger type unit update upload user utility value vector verify version video view virtual visual volume watch weather
web widget window wizard word worker wrapper writer zone zoom`

/** What files, modules and folders are named after. */
export const words: readonly string[] = stock.trim().split(/\s+/)

const onsets = 'b br c ch d dr f fl g gr h j k kl l m n p pl qu r s sh st t tr v w x y z'.split(' ')
const vowels = 'a e i o u ai ea io ou'.split(' ')
const codas = ['', '', '', 'l', 'm', 'n', 'r', 's', 't', 'x', 'nd', 'rk']

/** A name that nobody has heard of before, as most projects have: `quorast`, `brelin`. */
export function coinName(random: Random): string {
  const syllables = Array.from(
    { length: random.integer(2, 3) },
    () => random.pick(onsets) + random.pick(vowels),
  )
  return syllables.join('') + random.pick(codas)
}
