/**
 * Problems of shape that are the emulator's, not ours: each with the reason why it cannot be mended in the gateway and
 * why nothing of the product depends on it. A problem that stands here and comes no more is to be removed by hand.
 */
export interface ShapeException {
  readonly service: string;
  readonly operation: string;
  readonly side: 'request' | 'answer';
  readonly problem: string;
  readonly reason: string;
}

export const SHAPE_EXCEPTIONS: readonly ShapeException[] = [];
