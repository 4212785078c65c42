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
    readUVarInt(): number;
    readString(): string | null;
    readUVarIntString(): string | null;
    /** Null where the length is -1. */
    readBytes(): Buffer | null;
    readArray<T>(reader: (decoder: Decoder) => T): T[];
    readTaggedFields(): unknown;
  }
}

declare module 'kafkajs/src/protocol/encoder' {
  export default class Encoder {
    readonly buffer: Buffer;
    writeInt8(value: number): this;
    writeInt16(value: number): this;
    writeInt32(value: number): this;
    writeInt64(value: string): this;
    writeString(text: string): this;
    writeBytes(bytes: Buffer): this;
    writeArray(values: readonly Encoder[]): this;
    writeUVarInt(value: number): this;
    writeUVarIntString(value: string): this;
    writeUVarIntBytes(value: Buffer): this;
  }
}

declare module 'kafkajs/src/network/connectionPool' {
  import type { ConnectionOptions } from 'node:tls';
  import type { ISocketFactory, Logger, SASLOptions } from 'kafkajs';
  import type Encoder from 'kafkajs/src/protocol/encoder';
  export interface PoolOptions {
    readonly host: string;
    readonly port: number;
    readonly ssl?: ConnectionOptions;
    readonly clientId: string;
    readonly sasl: SASLOptions;
    readonly socketFactory: ISocketFactory;
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly logger: Logger;
  }
  export interface ProtocolCall<Decoded, Parsed> {
    readonly request: {
      readonly apiKey: number;
      readonly apiName: string;
      readonly apiVersion: number;
      readonly encode: () => Promise<Encoder>;
    };
    readonly response: {
      readonly decode: (answer: Buffer) => Promise<Decoded>;
      readonly parse: (decoded: Decoded) => Promise<Parsed>;
    };
  }
  export default class ConnectionPool {
    constructor(options: PoolOptions);
    send<Decoded, Parsed>(call: ProtocolCall<Decoded, Parsed>): Promise<Parsed>;
  }
}

declare module 'kafkajs/src/broker' {
  import type { Logger } from 'kafkajs';
  import type ConnectionPool from 'kafkajs/src/network/connectionPool';
  export default class Broker {
    constructor(options: {
      readonly connectionPool: ConnectionPool;
      readonly logger: Logger;
      readonly authenticationTimeout: number;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
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

declare module 'kafkajs/src/network/connection' {
  import type { ProtocolCall } from 'kafkajs/src/network/connectionPool';
  export default class Connection {
    constructor(options: object);
    connect(): Promise<boolean>;
    isConnected(): boolean;
    send(call: ProtocolCall<Buffer, Buffer> & { readonly requestTimeout?: number }): Promise<Buffer>;
  }
}

declare module 'kafkajs/src/errors' {
  export class KafkaJSConnectionError extends Error {
    constructor(message: string, at: { readonly broker: string });
  }
  export class KafkaJSConnectionClosedError extends Error {
    constructor(message: string, at: { readonly host: string; readonly port: number });
  }
}
