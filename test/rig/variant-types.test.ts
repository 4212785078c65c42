import { typeErrors } from './variant-types';
import { crashPoints } from './variants';
import { measuringProcessor } from '../bench/support/latency';

const STORE = 'services/processor/store.ts';
const search = 'inserted: insertedCount, repeated: [], refused: []';

test('what does not compile is told, and does not reach the next variant', () => {
  const wrong = {
    name: 'wrong',
    patches: [{ file: STORE, search, replace: search.replace('repeated: []', 'repeated: 0') }],
  };
  const right = { name: 'right', patches: [{ file: STORE, search, replace: search.replace('insertedCount', '0') }] };
  expect(typeErrors([wrong, right])).toEqual(
    new Map([
      ['wrong', ["Type 'number' is not assignable to type 'readonly Repetition[]'."]],
      ['right', []],
    ]),
  );
});

test('the crash points and the measuring processor compile', () => {
  const producer = { ...crashPoints('producer'), name: 'producer' };
  const processor = { ...crashPoints('processor'), name: 'processor' };
  expect(typeErrors([producer, processor, measuringProcessor])).toEqual(
    new Map([
      ['producer', []],
      ['processor', []],
      [measuringProcessor.name, []],
    ]),
  );
});
