import { uuidV7TimeMs } from '../../../services/common/uuid';
import { uuidV7 } from './ids';

test('an id has the form of RFC 9562 and holds its moment', () => {
  const id = uuidV7(1_700_000_000_123);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidV7TimeMs(id)).toBe(1_700_000_000_123);
  expect(uuidV7(1)).not.toBe(uuidV7(1));
});
