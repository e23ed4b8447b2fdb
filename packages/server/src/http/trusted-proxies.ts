import { BlockList, isIP, isIPv4 } from 'node:net'
import { AppError } from '@vieter/api'

/** Whether an address is that of a trusted proxy. */
export type IsTrustedProxy = (address: string) => boolean

/** Reads the setting `trusted_proxies`. Throws CONFIGURATION_INVALID for what is no address and no network. */
export function parseTrustedProxies(text: string | undefined): IsTrustedProxy {
  const list = new BlockList()
  for (const item of text?.split(',') ?? []) addItem(list, item.trim())
  return (address) => {
    const plain = address.replace(/%.*/, '')
    // Of an IPv4 address that comes as an IPv6 one (::ffff:10.0.0.1) the list knows that they are the same.
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain))
  }
}

function addItem(list: BlockList, item: string): void {
  if (item === 'loopback') {
    list.addSubnet('127.0.0.0', 8)
    list.addAddress('::1', 'ipv6')
    return
  }
  const [address = '', prefix] = item.split('/')
  try {
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(prefix), familyOf(address))
  } catch (cause) {
    throw new AppError('CONFIGURATION_INVALID', {
      message: `Invalid configuration: trusted_proxies: ${item} is neither an address nor a network.`,
      cause,
    })
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6'
}
