declare module 'kafkajs/src/network/requestQueue' {
  const RequestQueue: { readonly prototype: object };
  export default RequestQueue;
}

declare module 'kafkajs/src/consumer/offsetManager' {
  const OffsetManager: { readonly prototype: object };
  export default OffsetManager;
}
