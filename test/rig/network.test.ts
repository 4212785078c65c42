import { createServer } from 'node:net';
import { Addresses, freePort } from './network';

test('a port is below those of outgoing connections, and can be listened on', async () => {
  const port = await freePort();
  expect(port).toBeGreaterThanOrEqual(20_000);
  expect(port).toBeLessThan(32_768);
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve));
  await new Promise((resolve) => server.close(resolve));
});

test('addresses are given once, leave out network and gateway, and end before those that Docker gives', () => {
  const addresses = new Addresses(2);
  const all = Array.from({ length: 2_046 }, () => addresses.next());
  expect([all[0], all[254], all.at(-1)]).toEqual(['10.213.32.2', '10.213.33.0', '10.213.39.255']);
  expect(new Set(all).size).toBe(all.length);
  expect(() => addresses.next()).toThrow('no address left after 2046');
});
