/** Certificate authorities that this machine trusts beyond the public ones: a company's proxy, mostly. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { contentHash } from './content-hash';

const LOCAL_AUTHORITIES = '/usr/local/share/ca-certificates';

/** PEM blocks by a file name made of their content: the order in which they were found does not matter. */
export function splitCertificates(pem: string): Record<string, string> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return Object.fromEntries(blocks.map((block) => [`host-${contentHash([block])}.crt`, `${block}\n`]));
}

export function hostCertificates(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const extra = environment.NODE_EXTRA_CA_CERTS;
  // A bundle of the system holds the public authorities too; what is special in it lies in the local directory.
  const files = extra && !extra.startsWith('/etc/ssl/') && existsSync(extra) ? [extra] : [];
  if (existsSync(LOCAL_AUTHORITIES)) {
    const local = readdirSync(LOCAL_AUTHORITIES, { recursive: true }) as string[];
    files.push(...local.filter((name) => name.endsWith('.crt')).map((name) => path.join(LOCAL_AUTHORITIES, name)));
  }
  const certificates = files.map((file) => splitCertificates(readFileSync(file, 'utf8')));
  return Object.fromEntries(Object.entries(Object.assign({}, ...certificates)).sort()) as Record<string, string>;
}
