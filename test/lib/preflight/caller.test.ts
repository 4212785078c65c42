import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { STSClient } from '@aws-sdk/client-sts';
import { clockSkew, explainRegion, readCaller } from '../../../lib/preflight/read/caller';

const ANSWER = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
  <Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>`;

let server: Server;
let sts: STSClient;
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/xml', date: new Date(Date.now() - 120_000).toUTCString() });
    response.end(ANSWER);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sts = new STSClient({
    region: 'eu-west-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'unit-test' },
  });
});
afterAll(async () => {
  sts.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test("the clock is measured against the header Date of AWS's own answer", async () => {
  const settings = {
    region: 'eu-west-1',
    profile: undefined,
    endpoint: undefined,
    env: {},
    signal: new AbortController().signal,
  };
  const caller = await readCaller(sts, settings, 'failed');
  expect(caller).toMatchObject({ account: '123456789012', arn: 'arn:aws:iam::123456789012:user/me' });
  const { clockSkewSeconds: skew } = caller;
  if (skew.kind !== 'known') throw new Error(JSON.stringify(skew));
  expect(skew.value).toBeGreaterThan(115);
  expect(skew.value).toBeLessThan(130);
});

test('an answer without the header leaves it unknown', () => {
  expect(clockSkew(undefined, 0)).toMatchObject({ kind: 'unknown' });
  expect(clockSkew('Thu, 26 Nov 2026 12:00:00 GMT', Date.UTC(2026, 10, 26, 11, 59, 30))).toEqual({
    kind: 'known',
    value: -30,
  });
});

test('a region that is there and switched on is not the reason', () => {
  expect(
    explainRegion('eu-west-1', [{ RegionName: 'eu-west-1', OptInStatus: 'opt-in-not-required' }], 'x'),
  ).toBeUndefined();
});
