declare module 'kafkajs/src/network/requestQueue' {
  const RequestQueue: { readonly prototype: object };
  export default RequestQueue;
}

declare module 'kafkajs/src/consumer/offsetManager' {
  const OffsetManager: { readonly prototype: object };
  export default OffsetManager;
}

declare module 'kafkajs/src/consumer/consumerGroup' {
  const ConsumerGroup: { readonly prototype: object };
  export default ConsumerGroup;
}

declare module 'kafkajs/src/consumer/batch' {
  import type { Batch as KafkaBatch } from 'kafkajs';
  const Batch: new (topic: string, fetchedOffset: string, data: object) => KafkaBatch;
  export default Batch;
}

declare module 'kafkajs/src/protocol/decoder' {
  export default class Decoder {
    constructor(buffer: Buffer);
    readInt8(): number;
    readInt16(): number;
    readInt32(): number;
    readInt64(): bigint;
    readString(): string | null;
    /** Null where the length is -1. */
    readBytes(): Buffer | null;
    readArray<T>(reader: (decoder: Decoder) => T): T[];
  }
}

declare module 'kafkajs/src/protocol/requests/fetch' {
  export interface FetchArguments {
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }
  export type FetchCall = (request: FetchArguments) => {
    readonly request: object;
    readonly requestTimeout: number;
    readonly response: {
      readonly decode: (answer: Buffer) => Promise<unknown>;
      readonly parse: (decoded: never) => Promise<unknown>;
    };
  };
  const Fetch: { protocol: (of: { readonly version: number }) => FetchCall };
  export default Fetch;
}
