import { isUuidV7, UuidV7Generator, uuidV7Of, uuidV7TimeMs } from '../../../services/common/uuid';

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

  test('follows a clock that is set back, instead of carrying a wrong time until it has caught up', () => {
    const times = [7_200_000, 3_600_000, 3_600_000, 3_600_001];
    const generator = new UuidV7Generator(() => times.shift() ?? 0);
    const ids = Array.from({ length: 4 }, () => generator.next());
    expect(ids.map(uuidV7TimeMs)).toEqual([7_200_000, 3_600_000, 3_600_000, 3_600_001]);
    expect(ids.slice(1).sort()).toEqual(ids.slice(1));
  });

  test.each([
    '',
    'x',
    '01a204de-fcc6-4000-8479-47f6e574fbfe',
    '01A204DE-FCC6-7000-8479-47F6E574FBFE',
    '01a204defcc67000847947f6e574fbfe',
  ])('refuses %j', (text) => expect(isUuidV7(text)).toBe(false));
});

describe('uuidV7Of', () => {
  const timeMs = 1_769_860_800_123;

  test('the same time and content give the same id, in every process', () => {
    // Of `printf gold | sha256sum`: 16 digits from the start with the variant's bits, and three of the next four.
    expect(uuidV7Of(timeMs, 'gold')).toBe('019c13ec-9e7b-7969-a4d7-f03d8dc3c366');
  });

  test('is a version 7 UUID that carries the time, and differs with time and content', () => {
    const ids = [uuidV7Of(timeMs, 'a'), uuidV7Of(timeMs, 'b'), uuidV7Of(timeMs + 1, 'a')];
    expect(ids.every(isUuidV7)).toBe(true);
    expect(ids.map(uuidV7TimeMs)).toEqual([timeMs, timeMs, timeMs + 1]);
    expect(new Set(ids.map((id) => id.slice(14))).size).toBe(2);
  });
});

test('random bits do not repeat when their pool is filled again', () => {
  const generator = new UuidV7Generator();
  const tails = Array.from({ length: 5_000 }, () => generator.next().slice(19));
  expect(new Set(tails).size).toBe(tails.length);
});
