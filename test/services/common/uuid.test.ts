import { isUuidV7, UuidV7Generator, uuidV7TimeMs } from '../../../services/common/uuid';

describe('UuidV7Generator', () => {
  test('makes version 7 ids that carry the time', () => {
    const id = new UuidV7Generator(() => 1_769_860_800_123).next();
    expect(isUuidV7(id)).toBe(true);
    expect(uuidV7TimeMs(id)).toBe(1_769_860_800_123);
  });

  test('rises strictly within one millisecond, beyond its counter, and when the clock steps back', () => {
    const times = [...Array<number>(5_000).fill(5_000), 4_000, 4_999];
    const generator = new UuidV7Generator(() => times.shift() ?? 0);
    const ids = Array.from({ length: 5_002 }, () => generator.next());
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  test.each([
    '',
    'x',
    '01a204de-fcc6-4000-8479-47f6e574fbfe',
    '01A204DE-FCC6-7000-8479-47F6E574FBFE',
    '01a204defcc67000847947f6e574fbfe',
  ])('refuses %j', (text) => expect(isUuidV7(text)).toBe(false));
});
