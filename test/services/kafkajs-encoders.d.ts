declare module 'kafkajs/src/protocol/recordBatch/record/v0' {
  import type Encoder from 'kafkajs/src/protocol/encoder';
  export default function encodeRecord(record: object): Encoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0' {
  import type Encoder from 'kafkajs/src/protocol/encoder';
  export function RecordBatch(batch: object): Promise<Encoder>;
}

declare module 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages' {
  import type Decoder from 'kafkajs/src/protocol/decoder';
  import type { KafkaMessage } from 'kafkajs';
  /** Reads a length and that many bytes. */
  export default function decodeMessages(decoder: Decoder): Promise<KafkaMessage[]>;
}
