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
