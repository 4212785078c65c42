/** A version of the stack that was deployed before: its bundle and its images, which are still where they were. Pure. */

export const NO_RELEASE = 'none';

const KEY = '[A-Za-z0-9._/-]+';
const SHA256 = '[0-9a-f]{64}';
const IMAGE = '[a-z]+=[a-z0-9][a-z0-9._:/@-]+';

/** How the setting `release` is written: parts that stack-deploy was sent with, as it takes them. */
export const RELEASE = { pattern: new RegExp(`^(${NO_RELEASE}|${KEY};${SHA256};${IMAGE}(,${IMAGE})*)$`) } as const;

export interface Release {
  readonly bundleKey: string;
  readonly bundleSha256: string;
  /** `edge=uri,producer=uri`. */
  readonly images: string;
}

export const formatRelease = ({ bundleKey, bundleSha256, images }: Release): string =>
  [bundleKey, bundleSha256, images].join(';');

/** Undefined for none; anything else has passed RELEASE. */
export function parseRelease(text: string): Release | undefined {
  if (text === NO_RELEASE) return undefined;
  const [bundleKey = '', bundleSha256 = '', images = ''] = text.split(';');
  return { bundleKey, bundleSha256, images };
}
