/** Pure: images as people tell them apart: without the registry, and with the first characters of the digest. */
export const shortImages = (text: string): string =>
  text.replace(/[^\s/]\S*\/([^\s/@]+)@sha256:([0-9a-f]{8})[0-9a-f]*/g, '$1@$2');
