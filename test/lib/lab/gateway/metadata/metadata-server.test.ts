import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InstanceCredentials } from '../../../../../lib/lab/gateway/iam/instance-credentials';
import { MetadataServer } from '../../../../../lib/lab/gateway/metadata/metadata-server';
import type { InstanceRecord } from '../../../../../lib/lab/gateway/ec2/records';
import { instance, noLog, nodesData, removeStores, temporaryStore } from '../support/fixtures';

let server: http.Server;
let url: string;
let clock = Date.UTC(2026, 10, 1);
const reported: string[] = [];
const role = {
  roleName: 'role-a',
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'not a real secret',
  sessionToken: 'not a real token',
  expiration: new Date(clock + 3600_000),
};

function serve(overrides: Partial<InstanceRecord> = {}, ...before: InstanceRecord[]) {
  // The test connects from loopback: that is where its instance lives.
  const here = instance({ privateIp: '127.0.0.1', ...overrides });
  const data = nodesData({ instances: Object.fromEntries([...before, here].map((each) => [each.id, each])) });
  data.interfaces[here.interfaceId]!.instanceId = here.id;
  const store = temporaryStore(data);
  const metadata = new MetadataServer({
    store,
    log: noLog,
    credentials: { forInstance: async () => role } as unknown as InstanceCredentials,
    onReport: ({ id }) => void reported.push(id),
    now: () => clock,
  });
  server = http.createServer(metadata.listener);
  return new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      resolve();
    });
  });
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
  removeStores();
});

const newToken = async (seconds = '60', headers: Record<string, string> = {}) =>
  fetch(`${url}/latest/api/token`, {
    method: 'PUT',
    headers: { 'x-aws-ec2-metadata-token-ttl-seconds': seconds, ...headers },
  });
async function read(path: string, token?: string) {
  const headers: Record<string, string> = token ? { 'x-aws-ec2-metadata-token': token } : {};
  const response = await fetch(`${url}/latest/${path}`, { headers });
  return { status: response.status, text: await response.text() };
}

test('speaks to the new instance at an address whose former one still waits for its volume to be free', async () => {
  await serve({ id: 'i-0new' }, instance({ id: 'i-0old', privateIp: '127.0.0.1', state: 'shutting-down' }));
  const token = await (await newToken()).text();
  expect(await read('meta-data/instance-id', token)).toEqual({ status: 200, text: 'i-0new' });
});

test('answers nothing without a token, with a made-up one, or with one that expired', async () => {
  await serve();
  expect(await read('meta-data/instance-id')).toMatchObject({ status: 401 });
  expect(await read('meta-data/instance-id', 'made-up')).toMatchObject({ status: 401 });
  const token = await (await newToken('1')).text();
  expect(await read('meta-data/instance-id', token)).toEqual({ status: 200, text: 'i-0a' });
  clock += 1001;
  expect(await read('meta-data/instance-id', token)).toMatchObject({ status: 401 });
});

test('refuses a token to a proxy, and a lifetime out of range', async () => {
  await serve();
  expect((await newToken('60', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
  expect((await newToken('0')).status).toBe(400);
  expect((await newToken('21601')).status).toBe(400);
  expect((await fetch(`${url}/latest/api/token`)).status).toBe(405);
});

test('does not know who is no instance', async () => {
  await serve({ privateIp: '10.40.3.99' });
  const response = await newToken();
  expect(response.status).toBe(404);
  expect(await response.text()).toContain('no instance of the lab has the address 127.0.0.1');
});

test('version 1 works only where the launch template allows it', async () => {
  await serve({ metadata: { tokensRequired: false, tagsEnabled: false } });
  expect(await read('meta-data/local-ipv4')).toEqual({ status: 200, text: '127.0.0.1' });
});

test('answers leaves, folders, user data and role credentials', async () => {
  await serve();
  const token = await (await newToken()).text();
  expect((await read('user-data', token)).text).toBe('#!/bin/sh\necho hello');
  expect((await read('meta-data/placement/', token)).text).toBe('availability-zone\nregion');
  expect((await read('meta-data/', token)).text.split('\n')).toEqual(
    expect.arrayContaining(['instance-id', 'iam/', 'placement/']),
  );
  expect((await read('meta-data/iam/security-credentials/', token)).text).toBe('role-a');
  expect(JSON.parse((await read('meta-data/iam/security-credentials/role-a', token)).text)).toMatchObject({
    Code: 'Success',
    AccessKeyId: 'ASIAEXAMPLE',
    Expiration: role.expiration.toISOString(),
  });
  expect(await read('meta-data/iam/security-credentials/another', token)).toMatchObject({ status: 404 });
  expect(await read('meta-data/tags/instance', token)).toMatchObject({ status: 404 });
  expect(JSON.parse((await read('dynamic/instance-identity/document', token)).text)).toMatchObject({
    instanceId: 'i-0a',
    region: 'eu-west-1',
  });
});

test('shows tags where the launch template says so', async () => {
  await serve({ metadata: { tokensRequired: false, tagsEnabled: true } });
  expect((await read('meta-data/tags/instance/metals:slot')).text).toBe('worker-1');
});

test('hears the report of the agent, by POST only', async () => {
  await serve();
  expect((await fetch(`${url}/lab/agent`)).status).toBe(404);
  expect(reported).toEqual([]);
  expect((await fetch(`${url}/lab/agent`, { method: 'POST' })).status).toBe(200);
  expect(reported).toEqual(['i-0a']);
});
