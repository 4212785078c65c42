import { feedSettingsSchema } from './feed-settings';
import { answerSchemas } from './openapi-schemas';

export interface OpenApiOptions {
  readonly version: string;
  readonly requestSchema: object;
  readonly maxArrayEvents: number;
  readonly maxBodyBytes: number;
}

const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const problemRef = (name: string): object => ({ $ref: `#/components/responses/${name}` });
const REQUEST_ID = {
  'x-request-id': { description: 'Names the request in answers and logs.', schema: { type: 'string' } },
};
const RETRY_AFTER = { 'retry-after': { description: 'Seconds to wait.', schema: { type: 'string' } } };

const json = (description: string, schema: object, headers: object = {}): object => ({
  description,
  headers: { ...REQUEST_ID, ...headers },
  content: { 'application/json': { schema } },
});
const problem = (description: string, headers: object = {}): object => ({
  description,
  headers: { ...REQUEST_ID, ...headers },
  content: { 'application/problem+json': { schema: ref('Problem') } },
});

/** What a client got wrong; every operation that takes a body answers with these. */
const BODY_PROBLEMS = {
  400: problemRef('BadRequest'),
  401: problemRef('Unauthorised'),
  408: problemRef('TooSlow'),
  413: problemRef('TooLarge'),
  415: problemRef('MediaType'),
};
const ANY_PROBLEMS = { 431: problemRef('Headers'), 500: problemRef('Internal') };
const KEY = [{ apiKey: [] }];

/** The OpenAPI 3.1 document of the producer. The rules of the fields come from the schema that checks them. */
export function openApiDocument(options: OpenApiOptions): object {
  const { version, requestSchema, maxArrayEvents, maxBodyBytes } = options;
  const batch = { type: 'array', minItems: 1, maxItems: maxArrayEvents, items: ref('EventRequest') };
  return {
    openapi: '3.1.0',
    info: { title: 'Metals producer', version, description: 'Takes prices of metals and sends them to Kafka.' },
    paths: {
      '/produce': { post: produceOperation(batch, maxBodyBytes) },
      '/feed': { get: FEED_GET, put: FEED_PUT },
      '/health': { get: HEALTH_GET },
      '/metrics': { get: METRICS_GET },
      '/openapi.json': { get: OPENAPI_GET },
    },
    components: {
      securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
      schemas: { EventRequest: requestSchema, FeedSettings: feedSettingsSchema, ...answerSchemas },
      responses: {
        BadRequest: problem('The body cannot be read, or fields are wrong: `errors` names each.'),
        Unauthorised: problem('The key is missing or wrong.'),
        TooSlow: problem('The request did not arrive in time.'),
        TooLarge: problem('Too many bytes or events.'),
        MediaType: problem('Not application/json, or compressed.'),
        Headers: problem('Too many headers, or too long ones.'),
        Internal: problem('An unforeseen error; the log of the service has the reason.'),
      },
    },
  };
}

function produceOperation(batch: object, maxBodyBytes: number): object {
  return {
    operationId: 'produce',
    summary: 'Send one price or an array of prices',
    description: `Answers once Kafka has the events. Sending an event again with the same event_id is safe. At most ${maxBodyBytes} bytes.`,
    security: KEY,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: { oneOf: [ref('EventRequest'), batch] } } },
    },
    responses: {
      202: json('Accepted: Kafka has every event.', { oneOf: [ref('Accepted'), ref('ArrayAnswer')] }),
      207: json('Of an array, some events were accepted: each has its own status.', ref('ArrayAnswer'), RETRY_AFTER),
      ...BODY_PROBLEMS,
      503: problem('Nothing was sent: the queue is full, Kafka is away, or the replica stops.', RETRY_AFTER),
      504: problem('It is unknown whether the events are stored; send them again with these ids.', RETRY_AFTER),
      ...ANY_PROBLEMS,
    },
  };
}

const FEED_GET = {
  operationId: 'getFeed',
  summary: 'The feed of the replica that answers',
  security: KEY,
  responses: {
    200: json('The feed.', ref('FeedState')),
    401: problemRef('Unauthorised'),
    ...ANY_PROBLEMS,
  },
};

const FEED_PUT = {
  operationId: 'setFeed',
  summary: 'Set rate and burst of the simulated feed of the replica that answers, until it restarts',
  security: KEY,
  requestBody: { required: true, content: { 'application/json': { schema: ref('FeedSettings') } } },
  responses: {
    200: json('The feed as it is now.', ref('FeedState')),
    ...BODY_PROBLEMS,
    409: problem('The feed of this replica is no simulator.'),
    503: problem('Too many bodies at one time, or the replica stops.', RETRY_AFTER),
    ...ANY_PROBLEMS,
  },
};

const HEALTH_GET = {
  operationId: 'getHealth',
  summary: 'Health of the replica that answers',
  responses: {
    200: json('Healthy, degraded (see `reasons`) or stopping: leave it running.', ref('Health')),
    503: json('Not connected since its start, or stuck: a restart may help.', ref('Health')),
    ...ANY_PROBLEMS,
  },
};

const METRICS_GET = {
  operationId: 'getMetrics',
  summary: 'Metrics of the replica that answers',
  responses: {
    200: {
      description: 'Prometheus text format.',
      headers: REQUEST_ID,
      content: { 'text/plain': { schema: { type: 'string' } } },
    },
    ...ANY_PROBLEMS,
  },
};

const OPENAPI_GET = {
  operationId: 'getOpenApi',
  summary: 'This document',
  responses: { 200: json('An OpenAPI 3.1 document.', { type: 'object' }), ...ANY_PROBLEMS },
};
