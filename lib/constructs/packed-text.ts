/** Text for a place with a limit of bytes: on a node, `base64 -d | gunzip` unpacks it. Pure. */
import { gzipSync, strToU8 } from 'fflate';

/** By a library that is JavaScript alone: Node's own gives other bytes on another processor, and other bytes are a change. */
export const packed = (text: string): string =>
  Buffer.from(gzipSync(strToU8(text), { level: 9, mtime: 0 }))
    .toString('base64')
    .replace(/.{1,100}/g, '$&\n');
