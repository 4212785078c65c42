/** Checks a decoded request or answer, keyed by the model's member names, against its shape. */
import { type Findings, memberPath } from './findings';
import { shapeOf, type ServiceModel, type Shape } from './model';
import { checkBounds, checkScalar, type ScalarForm } from './scalars';

export interface ValueForm {
  readonly scalars: ScalarForm;
  readonly timestampFormat: NonNullable<Shape['timestampFormat']>;
}

/**
 * A member outside the body, which has a form of its own. The decoders wrap such values, so that one walk checks the whole
 * input.
 */
export class Scalar {
  constructor(
    readonly value: unknown,
    readonly form: ValueForm,
  ) {}
}

/** A body that is not looked into, such as an object of S3. */
export const OPAQUE = Symbol('opaque');

/** Adds everything about `value` that its shape does not allow. */
export function checkValue(
  findings: Findings,
  model: ServiceModel,
  shapeName: string,
  value: unknown,
  form: ValueForm,
  path = '',
): void {
  if (value === OPAQUE) return;
  if (value instanceof Scalar) return checkValue(findings, model, shapeName, value.value, value.form, path);
  const shape = shapeOf(model, shapeName);
  if (shape.document || shape.eventstream) return;
  switch (shape.type) {
    case 'structure':
      return checkStructure(findings, model, shape, value, form, path);
    case 'list':
      if (!Array.isArray(value)) return findings.add(path, 'expected a list');
      checkBounds(findings, path, shape, value.length, ' items');
      for (const item of value) checkValue(findings, model, shape.member!.shape, item, form, `${path}[]`);
      return;
    case 'map':
      if (!isObject(value)) return findings.add(path, 'expected a map');
      checkBounds(findings, path, shape, Object.keys(value).length, ' entries');
      for (const [key, item] of Object.entries(value)) {
        checkValue(findings, model, shape.key!.shape, key, { ...form, scalars: 'text' }, `${path}{key}`);
        checkValue(findings, model, shape.value!.shape, item, form, `${path}{}`);
      }
      return;
    default:
      checkScalar(findings, path, shape, value, form.scalars, form.timestampFormat);
  }
}

function checkStructure(
  findings: Findings,
  model: ServiceModel,
  shape: Shape,
  value: unknown,
  form: ValueForm,
  path: string,
): void {
  if (!isObject(value)) return findings.add(path, 'expected a structure');
  const given = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  const names = new Set(given.map(([name]) => name));
  for (const name of shape.required ?? [])
    if (!names.has(name)) findings.add(path, `the required member ${name} is missing`);
  if (shape.union && given.length !== 1) findings.add(path, `${given.length} members of a union, expected one`);
  for (const [name, item] of given) {
    const member = shape.members?.[name];
    if (member) checkValue(findings, model, member.shape, item, form, memberPath(path, name));
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
