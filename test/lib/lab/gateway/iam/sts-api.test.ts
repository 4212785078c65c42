import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { instancePrincipal } from '../../../../../lib/lab/gateway/authorization/principal';
import { createSts } from '../../../../../lib/lab/gateway/iam/sts-api';
import { Sessions, type SessionData } from '../../../../../lib/lab/gateway/iam/sessions';
import { Store } from '../../../../../lib/lab/gateway/store';
import { FakeMinistack } from '../support/fake-ministack';
import { formRequest } from '../support/requests';

const credentials = (id: string, expiration: string) =>
  `<Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>` +
  `<Expiration>${expiration}</Expiration></Credentials>`;

describe('STS', () => {
  let ministack: FakeMinistack;
  let directory: string;
  const open = () => new Sessions(Store.open<SessionData>(directory, 'sessions', { sessions: {} }));
  beforeEach(async () => {
    ministack = await new FakeMinistack().start();
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sts-'));
  });
  afterEach(async () => {
    await ministack.stop();
    fs.rmSync(directory, { recursive: true });
  });
  const assume = (sessions: Sessions) =>
    createSts(ministack.upstream, sessions)(formRequest('sts', { Action: 'AssumeRole' }));

  it('remembers the credentials that it hands out, over a restart', async () => {
    ministack.answer = () => ({ body: credentials('ASIA1', '2999-01-01T00:00:00Z') });
    expect((await assume(open()))!.body).toContain('ASIA1');
    expect(open().lookup('ASIA1', new Date())).toMatchObject({ secretAccessKey: 's', sessionToken: 't' });
    expect(open().lookup('ASIA1', new Date('2999-01-02T00:00:00Z'))).toBeUndefined();
    expect(open().lookup('ASIA2', new Date())).toBeUndefined();
  });

  it('lets nobody escape judgement by assuming another role, and does not judge the deployer’s sessions', () => {
    const sessions = open();
    const assumed = (key: string) =>
      `${credentials(key, '2999-01-01T00:00:00Z')}<Arn>arn:aws:sts::000000000000:assumed-role/other/name</Arn>`;
    sessions.remember(assumed('JUDGED'), new Date(), instancePrincipal('role', 'i-1'));
    sessions.remember(assumed('DEPLOYER'), new Date(), undefined);
    expect(open().lookup('JUDGED', new Date())?.principal).toMatchObject({ roleName: 'other', sessionName: 'name' });
    expect(open().lookup('DEPLOYER', new Date())?.principal).toBeUndefined();
  });

  it('forgets what has expired, and keeps nothing of a refusal', async () => {
    const sessions = open();
    sessions.remember(credentials('OLD', '2026-01-01T00:00:00Z'), new Date('2025-12-31T00:00:00Z'), undefined);
    ministack.answer = () => ({ body: credentials('NEW', '2999-01-01T00:00:00Z') });
    await assume(sessions);
    ministack.answer = () => ({ status: 403, body: credentials('REFUSED', '2999-01-01T00:00:00Z') });
    await assume(sessions);
    const { sessions: kept } = JSON.parse(fs.readFileSync(path.join(directory, 'sessions.json'), 'utf8'));
    expect(Object.keys(kept)).toEqual(['NEW']);
  });
});
