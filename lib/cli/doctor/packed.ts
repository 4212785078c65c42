/** swarm-evidence packs its answer: Systems Manager keeps 24,000 characters. */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { swarmEvidence } from './evidence';

export const packedSwarmEvidence = z
  .object({ packed: z.string() })
  .transform(({ packed }): unknown => JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')))
  .pipe(swarmEvidence);
