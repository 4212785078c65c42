import { eventSchema } from '../common/event';
import { statesOf } from '../common/health-states';

const { event_id, timestamp } = eventSchema.properties;
const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const object = (required: readonly string[], properties: Record<string, object>): object => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
});

const Accepted = object(['event_id', 'status', 'timestamp'], {
  event_id,
  status: { const: 'accepted' },
  timestamp,
});

const ArrayAnswer = object(['results'], { results: { type: 'array', minItems: 1, items: ref('EventResult') } });

const EventResult = object(['index', 'status'], {
  index: { type: 'integer', minimum: 0, description: 'Place in the request, from 0.' },
  status: { enum: [202, 400, 409, 503, 504], description: 'What the event alone would have been answered with.' },
  event_id,
  timestamp,
  problem: ref('Problem'),
});

const FieldProblem = object(['field', 'allowed'], {
  field: { type: 'string' },
  value: { description: 'What was sent, shortened; left out when nothing was.' },
  allowed: { type: 'string' },
});

const Problem = {
  ...object(['type', 'title', 'status', 'detail'], {
    type: { type: 'string', pattern: '^urn:metals:problem:[a-z0-9-]+$' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string' },
    request_id: { type: 'string', description: 'As in the header x-request-id and in the log.' },
    errors: { type: 'array', items: ref('FieldProblem') },
    event_id,
    timestamp,
    results: { type: 'array', items: ref('EventResult') },
  }),
  description: 'RFC 9457 problem details.',
};

const replica = object(['hostname', 'task_slot'], {
  hostname: { type: 'string' },
  task_slot: { type: 'integer', minimum: 0, description: 'Number of the task in its service; 0 outside a Swarm.' },
});

const FeedState = object(['kind', 'replica', 'holds'], {
  kind: { enum: ['simulator', 'http'] },
  rate_per_second: { type: 'number', minimum: 0 },
  burst_events: { type: 'integer', minimum: 1 },
  url: { type: 'string', description: 'Without user, password and query.' },
  interval_seconds: { type: 'number', exclusiveMinimum: 0 },
  problem: { type: 'string' },
  replica,
  holds: { type: 'string', description: 'Where and how long this is so.' },
});

const HEALTH_FIELDS = ['status', 'kafka_connected', 'processed_count', 'timestamp', 'service', 'version', 'reasons'];
const Health = object([...HEALTH_FIELDS, 'states', 'processed_per_second', 'instance'], {
  status: { enum: ['healthy', 'degraded', 'starting', 'stuck', 'stopping'] },
  kafka_connected: { type: 'boolean' },
  processed_count: { type: 'integer', minimum: 0 },
  processed_per_second: { type: 'number', minimum: 0, description: 'In the last minute.' },
  instance: { type: 'string', description: 'Name of the container.' },
  timestamp: { type: 'string', format: 'date-time' },
  service: { const: 'producer' },
  version: { type: 'string' },
  reasons: { type: 'array', items: { type: 'string' }, description: 'Each with the next step.' },
  states: { type: 'array', items: { enum: statesOf('producer') }, description: 'docs/delivery.md explains them.' },
});

/** The answers, as components of the OpenAPI document. */
export const answerSchemas = { Accepted, ArrayAnswer, EventResult, FieldProblem, Problem, FeedState, Health };
