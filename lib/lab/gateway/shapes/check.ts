/** One request and its answer, as they passed the gateway, checked against botocore's model of their service. */
import { decodeForm } from './query';
import { Findings } from './findings';
import { decodeJson, parseJson } from './json';
import type { Operation, Protocol, ServiceModel } from './model';
import { errorProblem } from './errors';
import type { Exchange, Problem } from './exchange';
import { decodeRestAnswer, decodeRestRequest, findRestOperation } from './rest';
import { checkValue, type ValueForm } from './values';
import { decodeXml } from './xml';
import { parseXml } from './xml-tree';

export interface Checked {
  readonly operation: string;
  readonly problems: readonly Problem[];
  /** Sides whose bodies were not looked into, because they were not kept whole. */
  readonly skipped: readonly Problem['side'][];
}

const IGNORED_XML: Readonly<Partial<Record<Protocol, ReadonlySet<string>>>> = {
  query: new Set(['ResponseMetadata', 'requestId', 'RequestId']),
  // Most of EC2's actions that change something answer `return`, which the models leave out.
  ec2: new Set(['requestId', 'return']),
};

const FORMS: Readonly<Record<Protocol, ValueForm>> = {
  json: { scalars: 'json', timestampFormat: 'unixTimestamp' },
  'rest-json': { scalars: 'json', timestampFormat: 'unixTimestamp' },
  query: { scalars: 'text', timestampFormat: 'iso8601' },
  ec2: { scalars: 'text', timestampFormat: 'iso8601' },
  'rest-xml': { scalars: 'text', timestampFormat: 'iso8601' },
};

/**
 * What of the exchange does not fit the model; undefined where the request speaks a protocol that is not checked (CBOR).
 * A request that was refused counts as refused: AWS would refuse it as well.
 */
export function checkExchange(model: ServiceModel, exchange: Exchange): Checked | undefined {
  const protocol = protocolOf(model, exchange);
  if (!protocol) return undefined;
  const name = operationName(model, protocol, exchange);
  const operation = name === undefined ? undefined : model.operations[name];
  const accepted = exchange.status < 300;
  if (!operation) {
    const what =
      name === undefined || name === ''
        ? `${exchange.method} names no operation of the model`
        : 'the model has no such operation';
    return {
      operation: name ?? '',
      problems: accepted ? [{ operation: name ?? '', side: 'request', problem: what }] : [],
      skipped: [],
    };
  }
  const skipped: Problem['side'][] = [];
  const problems: Problem[] = [];
  const check = (side: Problem['side'], run: (findings: Findings) => boolean): void => {
    const findings = new Findings(side === 'request');
    try {
      if (!run(findings)) skipped.push(side);
    } catch (error) {
      findings.add('', error instanceof Error ? error.message : String(error));
    }
    for (const problem of findings.problems) problems.push({ operation: operation.name, side, problem });
  };
  if (accepted) check('request', (findings) => checkRequest(findings, model, protocol, operation, exchange));
  check('answer', (findings) => checkAnswer(findings, model, protocol, operation, exchange));
  return { operation: operation.name, problems, skipped };
}

const isForm = ({ requestHeaders }: Exchange): boolean =>
  (requestHeaders['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');

function protocolOf(model: ServiceModel, exchange: Exchange): Protocol | undefined {
  const spoken = model.metadata.protocols ?? [model.metadata.protocol];
  const known = spoken.filter((name): name is Protocol => name in FORMS);
  if (known.length < 2 && spoken.length < 2) return known[0];
  if (exchange.requestHeaders['x-amz-target'] !== undefined) return known.find((name) => name === 'json');
  return isForm(exchange) ? known.find((name) => name === 'query') : undefined;
}

function operationName(model: ServiceModel, protocol: Protocol, exchange: Exchange): string | undefined {
  if (protocol === 'json') return exchange.requestHeaders['x-amz-target']?.split('.').pop();
  if (protocol === 'query' || protocol === 'ec2') return fields(exchange).get('Action') ?? undefined;
  return findRestOperation(model, exchange)?.name;
}

const fields = (exchange: Exchange): URLSearchParams =>
  new URLSearchParams(isForm(exchange) ? (exchange.requestBody ?? '').toString() : exchange.url.split('?')[1]);

/** Adds what is wrong with the request; false where its body was not kept whole. */
function checkRequest(
  findings: Findings,
  model: ServiceModel,
  protocol: Protocol,
  operation: Operation,
  exchange: Exchange,
): boolean {
  const shapeName = operation.input?.shape;
  const form = FORMS[protocol];
  if (protocol === 'rest-json' || protocol === 'rest-xml') {
    const { value, isWhole } = decodeRestRequest(findings, model, protocol, operation, exchange);
    if (shapeName !== undefined) checkValue(findings, model, shapeName, value, form);
    return isWhole;
  }
  if (exchange.requestBody === undefined) return false;
  if (protocol === 'json') {
    const target = exchange.requestHeaders['x-amz-target']!.split('.').slice(0, -1).join('.');
    if (target !== model.metadata.targetPrefix)
      findings.add('', `X-Amz-Target names ${target}, expected ${model.metadata.targetPrefix}`);
    const body = exchange.requestBody.length === 0 ? {} : parseJson(exchange.requestBody);
    if (shapeName !== undefined)
      checkValue(findings, model, shapeName, decodeJson(findings, model, shapeName, body), form);
    return true;
  }
  const given = fields(exchange);
  if (given.get('Version') !== model.metadata.apiVersion)
    findings.add('', `Version is ${given.get('Version')}, expected ${model.metadata.apiVersion}`);
  const value = decodeForm(findings, model, shapeName, given, protocol === 'ec2');
  if (shapeName !== undefined) checkValue(findings, model, shapeName, value, form);
  return true;
}

/** Adds what is wrong with the answer; false where its body was not kept whole. */
function checkAnswer(
  findings: Findings,
  model: ServiceModel,
  protocol: Protocol,
  operation: Operation,
  exchange: Exchange,
): boolean {
  const { output } = operation;
  // HEAD has no body, a 304 neither.
  if (exchange.status >= 300) {
    if (exchange.answerBody === undefined) return false;
    const problem = exchange.method === 'HEAD' || exchange.status < 400 ? undefined : errorProblem(protocol, exchange);
    if (problem) findings.add('', problem);
    return true;
  }
  if (protocol === 'rest-json' || protocol === 'rest-xml') {
    if (!output) return true;
    const { value, isWhole } = decodeRestAnswer(findings, model, protocol, operation, exchange);
    checkValue(findings, model, output.shape, value, FORMS[protocol]);
    return isWhole;
  }
  if (exchange.answerBody === undefined) return false;
  if (protocol === 'json') {
    const body = exchange.answerBody.length === 0 ? {} : parseJson(exchange.answerBody);
    if (output) checkValue(findings, model, output.shape, decodeJson(findings, model, output.shape, body), FORMS.json);
    else if (typeof body === 'object' && body !== null && Object.keys(body).length > 0)
      findings.add('', `has members ${Object.keys(body).join(', ')}, but the operation has no output`);
    return true;
  }
  const root = parseXml(exchange.answerBody.toString());
  const ignored = IGNORED_XML[protocol]!;
  const wrapped =
    output?.resultWrapper === undefined ? root : root.children.find(({ name }) => name === output.resultWrapper);
  if (!wrapped) {
    findings.add('', `the element ${output!.resultWrapper} is missing`);
  } else if (output) {
    const value = decodeXml(findings, model, output.shape, wrapped, '', wrapped === root ? ignored : undefined);
    checkValue(findings, model, output.shape, value, FORMS[protocol]);
  } else {
    // `<DeleteFooResult/>` comes with some answers of operations that have none.
    const others = root.children.filter(({ name, children }) => !ignored.has(name) && children.length > 0);
    for (const { name } of others) findings.add('', `has an element ${name}, but the operation has no output`);
  }
  return true;
}
