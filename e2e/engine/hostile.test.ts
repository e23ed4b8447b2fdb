import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatPkgbuild } from '../lab/packages.ts'
import { openWorkshop, type Workshop } from './workshop.ts'

let shop: Workshop

beforeAll(async () => {
  shop = await openWorkshop()
})

afterAll(() => shop.stop())

test('a hostile PKGBUILD finds no key, no token, no socket, and no way to change anything', async () => {
  const { port, apiKey } = shop.server
  const token = [shop.agentToken.slice(0, 9), shop.agentToken.slice(9)]
  const innocent = await shop.sources.addRepository('innocent', {
    PKGBUILD: formatPkgbuild({ name: 'innocent', version: '1-1' }),
  })
  expect((await shop.build(await shop.addTarget(innocent))).exitCode).toBe(0)

  const url = await shop.sources.addRepository('hostile', {
    PKGBUILD: formatPkgbuild(
      { name: 'hostile', version: '1-1' },
      {
        build: [
          'trap - ERR; set +e; exec 2>&1',
          'echo "[environment]"; env; tr "\\0" "\\n" < /proc/1/environ; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"',
          `echo "[secrets]"; for key in labo""ratory-key '${token.join("''")}' X-Api-Key X-Lease-Token VIETER_; do grep -rIls -- "$key" /etc /root /home /build /run /tmp /var /srv 2>/dev/null | grep -v ^/build/source || true; done`,
          'echo "[sockets]"; find / -xdev -type s 2>/dev/null || true; ls /var/run/docker.sock /run/docker.sock /run/podman 2>&1 || true',
          'echo "[mounts]"; cut -d" " -f4,5,9- /proc/self/mountinfo',
          'echo "[user]"; id; sudo -n id 2>&1 || true; su -c id 2>&1 </dev/null || true; grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status',
          'proxy=$(grep -o "http://[0-9.:]*" /etc/pacman.conf | tail -1)',
          'ask() { printf "%s %s: " "$1" "$2"; curl -s -o /dev/null -m 5 -w "%{http_code}\\n" -X "$1" "$proxy$2" || true; }',
          'echo "[proxy]"; ask GET /lab/x86_64/lab.db; ask GET /api/v1/targets; ask GET /api/v1/../v1/jobs; ask GET /health; ask GET /other/x86_64/other.db; ask POST /lab/publish; ask DELETE /lab/x86_64/innocent; ask DELETE /lab; ask PUT /lab/x86_64/lab.db; ask CONNECT /lab; ask GET "/lab/x86_64/..%2f..%2fapi%2fv1%2ftargets"',
          'echo "[key on the proxy]"; curl -s -m 5 -o /dev/null -w "%{http_code}\\n" -H "X-Api-Key: guess" "$proxy/api/v1/targets" || true',
          `echo "[server]"; for host in 127.0.0.1 ${shop.engine.gateway}; do curl -s -m 5 http://$host:${port}/health || echo "$host refused"; done`,
          `echo "[engine]"; for port in 2375 2376; do curl -s -m 5 http://${shop.engine.gateway}:$port/version || echo "$port refused"; done`,
          'echo "[planting]"; ln -s /etc/shadow /build/packages/planted-1-1-any.pkg.tar.zst 2>&1 || true',
          'echo "[end]"',
        ],
      },
    ),
  })
  const { log, exitCode } = await shop.build(await shop.addTarget(url))
  const section = (name: string) =>
    (
      log.split(`[${name}]
`)[1] ?? 'missing'
    ).split(/^\[/m)[0] ?? ''

  expect(log).toContain('[end]')
  for (const secret of [apiKey, shop.agentToken]) expect(log).not.toContain(secret)
  expect(section('environment')).not.toMatch(/VIETER_|TOKEN|SECRET|API|DOCKER/i)
  expect(section('secrets')).toBe('')
  expect(section('sockets')).not.toMatch(/^\//m)
  expect(section('mounts')).not.toContain(shop.scratch.path)
  expect(section('mounts')).not.toMatch(/docker\.sock/)
  expect(section('user')).toMatch(/^uid=(?!0)/)
  expect(section('user')).not.toContain('uid=0')
  expect(section('user')).toMatch(/NoNewPrivs:\s+1/)
  expect(section('user')).toMatch(/CapEff:\s+0+\n/)
  expect(section('proxy')).toMatch(/GET \/lab\/x86_64\/lab\.db: 200\n/)
  expect(section('proxy').match(/: 2\d\d/g)).toHaveLength(1)
  expect(section('key on the proxy')).not.toMatch(/^2/)
  expect(section('server')).not.toContain('Healthy')
  expect(section('engine')).toMatch(/2375 refused\n2376 refused/)

  // The link that it planted among its packages is not followed: the whole build is refused.
  expect(exitCode).not.toBe(0)
  const listing = await fetch(`${shop.server.address}/lab/x86_64/hostile-1-1`, { method: 'HEAD' })
  expect(listing.status).toBe(404)
  expect((await fetch(`${shop.server.address}/lab/x86_64/innocent-1-1`, { method: 'HEAD' })).status).toBe(200)
})
