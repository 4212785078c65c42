/**
 * How far each partition has been read. A partition may end with what is no record, as an aborted transaction and its
 * mark: kafkajs passes over it, nobody commits it, and the end of the topic stays beyond what is committed.
 */
export class ReadPositions {
  private readonly handed = new Map<number, bigint>();
  private readonly passed = new Map<number, bigint>();

  /** Records up to an offset came, and are committed in time. */
  handedOver(partition: number, lastOffset: string): void {
    this.handed.set(partition, BigInt(lastOffset) + 1n);
  }

  /** What came up to an offset held no record. */
  passedOver(partition: number, lastOffset: string): void {
    this.passed.set(partition, BigInt(lastOffset) + 1n);
  }

  isReadTo(partition: number, committed: bigint, end: bigint): boolean {
    const isDone = committed >= (this.handed.get(partition) ?? 0n);
    return isDone && (this.passed.get(partition) ?? 0n) >= end;
  }

  clear(): void {
    this.handed.clear();
    this.passed.clear();
  }
}
