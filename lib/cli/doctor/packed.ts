/** swarm-evidence packs its answer: Systems Manager keeps 24,000 characters. */
import { z } from 'zod';
import { unpacked } from '../document-answer';
import { swarmEvidence } from './evidence';

export const packedSwarmEvidence = z
  .object({ packed: z.string() })
  .transform(({ packed }): unknown => JSON.parse(unpacked(packed)))
  .pipe(swarmEvidence);
