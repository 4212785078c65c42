import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { hostCertificates, splitCertificates } from '../../../lib/lab/certificates';

const pem = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----`;

test('a bundle becomes one file per certificate, named by content and free of comments', () => {
  const files = splitCertificates(`# Example\n${pem('AAAA')}\n\n${pem('BBBB')}\n`);
  expect(Object.values(files)).toEqual([`${pem('AAAA')}\n`, `${pem('BBBB')}\n`]);
  expect(Object.keys(files)[0]).toMatch(/^host-[0-9a-f]{12}\.crt$/);
});

test('text without certificates gives none', () => {
  expect(splitCertificates('nothing here')).toEqual({});
});

test('what NODE_EXTRA_CA_CERTS names is included, unless it is a bundle of the system', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'certificates-'));
  try {
    const file = path.join(directory, 'company.pem');
    writeFileSync(file, pem('COMPANY'));
    expect(Object.values(hostCertificates({ NODE_EXTRA_CA_CERTS: file }))).toContain(`${pem('COMPANY')}\n`);
    const own = hostCertificates({});
    expect(hostCertificates({ NODE_EXTRA_CA_CERTS: '/etc/ssl/certs/ca-certificates.crt' })).toEqual(own);
    expect(hostCertificates({ NODE_EXTRA_CA_CERTS: path.join(directory, 'gone.pem') })).toEqual(own);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
